/* SPDX-License-Identifier: Apache-2.0 */
/* This file writes proto3 JSON by descriptors.
 * It must not know the CRI nor frames. */
#include "base/protojson.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"

static const void *at(const void *message, size_t offset)
{
    return (const char *)message + offset;
}

struct json_writing {
    protojson_redact *redact; /* NULL: nothing is */
    bool plain;               /* bytes are text */
};

static json_t *write_base64(const uint8_t *data, size_t length)
{
    char *text = protojson_allocate(BASE64_ROOM(length), 1);
    json_t *json = json_stringn_nocheck(text, base64_encode(data, length, text));

    free(text);
    return json;
}

static json_t *write_bytes(const struct json_writing *how, const uint8_t *data, size_t length)
{
    json_t *base64 = NULL;
    json_t *text = how->plain ? json_stringn((const char *)data, length) : NULL;

    if (text != NULL)
        return text;
    base64 = write_base64(data, length);
    if (!how->plain)
        return base64;
    text = json_sprintf("base64:%s", json_string_value(base64));
    json_decref(base64);
    return text;
}

/* jansson itself says what is a character. */
static size_t length_of_character(const char *text, size_t left)
{
    for (size_t length = 1; length <= 4 && length <= left; length++) {
        json_t *json = json_stringn(text, length);

        json_decref(json);
        if (json != NULL)
            return length;
    }
    return 0;
}

static json_t *write_string(const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    json_t *json = json_stringn(text == NULL ? "" : text, length);
    char *clean = NULL;

    if (json != NULL)
        return json;
    clean = protojson_allocate(length, 1);
    for (size_t i = 0; i < length;) {
        size_t step = length_of_character(text + i, length - i);

        if (step == 0)
            clean[i] = '?';
        else
            memcpy(clean + i, text + i, step);
        i += step == 0 ? 1 : step;
    }
    json = json_stringn(clean, length);
    free(clean);
    return json;
}

static json_t *write_double(double value)
{
    if (isnan(value))
        return json_string("NaN");
    if (isinf(value))
        return json_string(value < 0 ? "-Infinity" : "Infinity");
    return json_real(value);
}

static json_t *write_enum(const ProtobufCEnumDescriptor *type, int number)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(type, number);

    return value == NULL ? json_integer(number) : json_string(value->name);
}

static json_t *write_message(const ProtobufCMessage *message, const struct json_writing *how,
                             int depth);

static json_t *write_value(const ProtobufCFieldDescriptor *field, const void *member,
                           const struct json_writing *how, int depth)
{
    const ProtobufCBinaryData *bytes = member;

    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return json_integer(*(const int32_t *)member);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
        return json_integer(*(const uint32_t *)member);
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return json_sprintf("%lld", (long long)*(const int64_t *)member);
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return json_sprintf("%llu", (unsigned long long)*(const uint64_t *)member);
    case PROTOBUF_C_TYPE_FLOAT:
        return write_double((double)*(const float *)member);
    case PROTOBUF_C_TYPE_DOUBLE:
        return write_double(*(const double *)member);
    case PROTOBUF_C_TYPE_BOOL:
        return json_boolean(*(const protobuf_c_boolean *)member);
    case PROTOBUF_C_TYPE_ENUM:
        return write_enum(field->descriptor, *(const int *)member);
    case PROTOBUF_C_TYPE_STRING:
        return write_string(*(const char *const *)member);
    case PROTOBUF_C_TYPE_BYTES:
        return write_bytes(how, bytes->data, bytes->len);
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return write_message(*(const ProtobufCMessage *const *)member, how, depth + 1);
}

static json_t *write_or_redact(const ProtobufCFieldDescriptor *field, const void *member,
                               bool hidden, const struct json_writing *how, int depth)
{
    static const char mark[] = "<redacted>";

    if (!hidden)
        return write_value(field, member, how, depth);
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return write_bytes(how, (const uint8_t *)mark, sizeof(mark) - 1);
    return json_string(mark);
}

static char *map_key(const ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[0];
    json_t *json = write_value(field, at(entry, field->offset), &(struct json_writing){ 0 }, 0);
    char *text = NULL;

    if (json_is_string(json))
        text = strdup(json_string_value(json));
    else
        text = json_dumps(json, JSON_ENCODE_ANY);
    json_decref(json);
    if (text == NULL)
        abort();
    return text;
}

static json_t *write_map(const ProtobufCMessage *const *entries, size_t count, bool hidden,
                         const struct json_writing *how, int depth)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++) {
        const ProtobufCFieldDescriptor *field = &entries[i]->descriptor->fields[1];
        const void *member = at(entries[i], field->offset);
        char *key = map_key(entries[i]);
        json_t *value = write_or_redact(field, member, hidden, how, depth);
        int failed = json_object_set_new(object, key, value);

        free(key);
        if (failed != 0) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

static json_t *write_array(const ProtobufCFieldDescriptor *field, const void *elements,
                           size_t count, bool hidden, const struct json_writing *how, int depth)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        const void *element = at(elements, i * protojson_size_of(field->type));

        if (json_array_append_new(array, write_or_redact(field, element, hidden, how, depth))) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static bool is_default(const ProtobufCFieldDescriptor *field, const void *member)
{
    static const char zero[sizeof(uint64_t)];

    if (field->type == PROTOBUF_C_TYPE_STRING)
        return *(const char *const *)member == NULL || **(const char *const *)member == '\0';
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return *(const ProtobufCMessage *const *)member == NULL;
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)member)->len == 0;
    if (field->type == PROTOBUF_C_TYPE_DOUBLE)
        return fpclassify(*(const double *)member) == FP_ZERO;
    return memcmp(member, zero, protojson_size_of(field->type)) == 0;
}

static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *quantifier = at(message, field->quantifier_offset);
    const void *member = at(message, field->offset);
    bool pointer = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)quantifier > 0;
    if (protojson_is_oneof(field) && *(const uint32_t *)quantifier != field->id)
        return false;
    if (pointer && *(const void *const *)member == NULL)
        return false;
    if (protojson_is_oneof(field) || (pointer && field->label == PROTOBUF_C_LABEL_OPTIONAL))
        return true;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return *(const protobuf_c_boolean *)quantifier != 0;
    return !is_default(field, member);
}

static json_t *write_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                           const struct json_writing *how, int depth)
{
    const void *member = at(message, field->offset);
    bool hidden = how->redact != NULL && how->redact(message->descriptor, field->name);
    size_t count = 0;

    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return write_or_redact(field, member, hidden, how, depth);
    count = *(const size_t *)at(message, field->quantifier_offset);
    if (protojson_is_map(message->descriptor, field))
        return write_map(*(const ProtobufCMessage *const *const *)member, count, hidden, how,
                         depth);
    return write_array(field, *(const void *const *)member, count, hidden, how, depth);
}

static json_t *write_message(const ProtobufCMessage *message, const struct json_writing *how,
                             int depth)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    json_t *object = NULL;

    if (depth > PROTOJSON_MAX_DEPTH)
        return NULL;
    object = json_object();
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];

        if (!is_present(message, field))
            continue;
        if (json_object_set_new(object, field->name, write_field(message, field, how, depth))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

json_t *protojson_write(const ProtobufCMessage *message, protojson_redact *redact)
{
    return write_message(message, &(struct json_writing){ .redact = redact }, 1);
}

json_t *protojson_write_plain(const ProtobufCMessage *message, protojson_redact *redact)
{
    return write_message(message, &(struct json_writing){ .redact = redact, .plain = true }, 1);
}
