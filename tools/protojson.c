/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads and writes proto3 JSON by descriptors.
 * It must not know the CRI (but for KeyValue.value) nor frames. */
#include "protojson.h"

#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ==== both ways ================================================================================
 */

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size);

    if (memory == NULL)
        abort();
    return memory;
}

static const void *at(const void *message, size_t offset)
{
    return (const char *)message + offset;
}

static bool is_oneof(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

static bool same_name(const char *name, const char *given)
{
    if (strcmp(name, given) == 0)
        return true;
    for (; *name != '\0'; name++) {
        bool raise = false;

        for (; *name == '_'; name++)
            raise = true;
        if (*given++ != (raise && *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name))
            return false;
        if (*name == '\0')
            return true;
    }
    return *given == '\0';
}

const ProtobufCFieldDescriptor *protojson_field(const ProtobufCMessageDescriptor *type,
                                                const char *name)
{
    for (unsigned i = 0; i < type->n_fields; i++)
        if (same_name(type->fields[i].name, name))
            return &type->fields[i];
    return NULL;
}

bool protojson_is_map(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    size_t outer = strlen(type->name);
    size_t length = 0;

    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    length = strlen(entry->name);
    return length > outer + strlen(".Entry") && strncmp(entry->name, type->name, outer) == 0 &&
           entry->name[outer] == '.' && strchr(entry->name + outer + 1, '.') == NULL &&
           strcmp(entry->name + length - strlen("Entry"), "Entry") == 0 && entry->n_fields == 2 &&
           entry->fields[0].id == 1 && strcmp(entry->fields[0].name, "key") == 0 &&
           entry->fields[1].id == 2 && strcmp(entry->fields[1].name, "value") == 0;
}

static size_t size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return sizeof(void *);
}

/* ==== writing ==================================================================================
 */

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static json_t *write_bytes(const uint8_t *data, size_t length)
{
    size_t size = (length + 2) / 3 * 4;
    char *text = allocate(size, 1);
    char *to = text;
    json_t *json = NULL;

    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        unsigned bits = (unsigned)data[i] << 16;

        bits |= left > 1 ? (unsigned)data[i + 1] << 8 : 0;
        bits |= left > 2 ? data[i + 2] : 0;
        *to++ = base64_digits[bits >> 18];
        *to++ = base64_digits[bits >> 12 & 63];
        *to++ = '=';
        *to++ = '=';
        if (left > 1)
            to[-2] = base64_digits[bits >> 6 & 63];
        if (left > 2)
            to[-1] = base64_digits[bits & 63];
    }
    json = json_stringn_nocheck(text, size);
    free(text);
    return json;
}

/* jansson itself says what is a character. */
static size_t character(const char *text, size_t left)
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
    clean = allocate(length, 1);
    for (size_t i = 0; i < length;) {
        size_t step = character(text + i, length - i);

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

static json_t *write_message(const ProtobufCMessage *message, protojson_redact *redact, int depth);

static json_t *write_value(const ProtobufCFieldDescriptor *field, const void *member,
                           protojson_redact *redact, int depth)
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
        return write_bytes(bytes->data, bytes->len);
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return write_message(*(const ProtobufCMessage *const *)member, redact, depth + 1);
}

static json_t *write_or_redact(const ProtobufCFieldDescriptor *field, const void *member,
                               bool hidden, protojson_redact *redact, int depth)
{
    static const char mark[] = "<redacted>";

    if (!hidden)
        return write_value(field, member, redact, depth);
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return write_bytes((const uint8_t *)mark, sizeof(mark) - 1);
    return json_string(mark);
}

static char *map_key(const ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[0];
    json_t *json = write_value(field, at(entry, field->offset), NULL, 0);
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
                         protojson_redact *redact, int depth)
{
    json_t *object = json_object();

    for (size_t i = 0; i < count; i++) {
        const ProtobufCFieldDescriptor *field = &entries[i]->descriptor->fields[1];
        const void *member = at(entries[i], field->offset);
        char *key = map_key(entries[i]);
        json_t *value = write_or_redact(field, member, hidden, redact, depth);
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
                           size_t count, bool hidden, protojson_redact *redact, int depth)
{
    json_t *array = json_array();

    for (size_t i = 0; i < count; i++) {
        const void *element = at(elements, i * size_of(field->type));

        if (json_array_append_new(array, write_or_redact(field, element, hidden, redact, depth))) {
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
    return memcmp(member, zero, size_of(field->type)) == 0;
}

static bool is_present(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *quantifier = at(message, field->quantifier_offset);
    const void *member = at(message, field->offset);
    bool pointer = field->type == PROTOBUF_C_TYPE_STRING || field->type == PROTOBUF_C_TYPE_MESSAGE;

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return *(const size_t *)quantifier > 0;
    if (is_oneof(field) && *(const uint32_t *)quantifier != field->id)
        return false;
    if (pointer && *(const void *const *)member == NULL)
        return false;
    if (is_oneof(field) || (pointer && field->label == PROTOBUF_C_LABEL_OPTIONAL))
        return true;
    if (field->label == PROTOBUF_C_LABEL_OPTIONAL)
        return *(const protobuf_c_boolean *)quantifier != 0;
    return !is_default(field, member);
}

static json_t *write_field(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                           protojson_redact *redact, int depth)
{
    const void *member = at(message, field->offset);
    bool hidden = redact != NULL && redact(message->descriptor, field->name);
    size_t count = 0;

    if (field->label != PROTOBUF_C_LABEL_REPEATED)
        return write_or_redact(field, member, hidden, redact, depth);
    count = *(const size_t *)at(message, field->quantifier_offset);
    if (protojson_is_map(message->descriptor, field))
        return write_map(*(const ProtobufCMessage *const *const *)member, count, hidden, redact,
                         depth);
    return write_array(field, *(const void *const *)member, count, hidden, redact, depth);
}

static json_t *write_message(const ProtobufCMessage *message, protojson_redact *redact, int depth)
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
        if (json_object_set_new(object, field->name, write_field(message, field, redact, depth))) {
            json_decref(object);
            return NULL;
        }
    }
    return object;
}

json_t *protojson_write(const ProtobufCMessage *message, protojson_redact *redact)
{
    return write_message(message, redact, 1);
}

/* ==== reading ==================================================================================
 */

/* Where in the document: a field, with an index or a map's key, up to the root. */
struct place {
    const struct place *up;
    const char *field;
    const char *key;
    size_t index; /* from 1; 0: none */
    int depth;
};

struct reading {
    int flags;
    struct protojson_error *error;
};

static size_t put(char *text, size_t room, size_t used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static size_t put(char *text, size_t room, size_t used, const char *format, ...)
{
    va_list arguments;
    int length = 0;

    va_start(arguments, format);
    length = vsnprintf(text + used, room - used, format, arguments);
    va_end(arguments);
    return length < 0 || (size_t)length >= room - used ? room - 1 : used + (size_t)length;
}

static size_t put_place(char *text, size_t room, const struct place *place)
{
    size_t used = 0;

    if (place->up == NULL)
        return put(text, room, 0, "%s", place->field);
    if (place->up->up != NULL) {
        used = put_place(text, room, place->up);
        used = put(text, room, used, ".");
    }
    used = put(text, room, used, "%s", place->field);
    if (place->index > 0)
        used = put(text, room, used, "[%zu]", place->index - 1);
    if (place->key != NULL)
        used = put(text, room, used, "[\"%s\"]", place->key);
    return used;
}

/* Returns NULL, so that a function that reads a message can return it. */
static void *fail(const struct reading *reading, const struct place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void *fail(const struct reading *reading, const struct place *place, const char *format, ...)
{
    char what[256];
    va_list arguments;
    size_t used = put_place(reading->error->text, 240, place);

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    put(reading->error->text, sizeof(reading->error->text), used, ": %s", what);
    return NULL;
}

static const char *kind(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

static bool expected(const struct reading *reading, const struct place *place, const json_t *json,
                     const char *what)
{
    fail(reading, place, "%s is expected, not %s", what, kind(json));
    return false;
}

struct whole {
    bool negative;
    uint64_t magnitude;
};

static bool whole_from_double(double value, struct whole *whole)
{
    const double most = 18446744073709549568.0; /* the largest below 2^64 */

    whole->negative = value < 0;
    value = fabs(value);
    if (isnan(value) || value > most)
        return false;
    whole->magnitude = (uint64_t)value;
    return !((double)whole->magnitude < value);
}

/* Digits, or what a JSON number may look like; strtod's hexadecimal and blanks are not wanted. */
static bool whole_from_text(const char *text, struct whole *whole)
{
    const char *digits = text + (*text == '-');
    char *end = NULL;

    if (*digits < '0' || *digits > '9' || text[strspn(text, "-+.eE0123456789")] != '\0')
        return false;
    if (digits[strspn(digits, "0123456789")] != '\0') {
        double value = strtod(text, &end);

        return *end == '\0' && whole_from_double(value, whole);
    }
    errno = 0;
    whole->negative = *text == '-';
    whole->magnitude = strtoull(digits, &end, 10);
    return errno == 0;
}

static bool read_whole(const json_t *json, struct whole *whole)
{
    json_int_t value = json_integer_value(json);

    if (json_is_real(json))
        return whole_from_double(json_real_value(json), whole);
    if (json_is_string(json))
        return strlen(json_string_value(json)) == json_string_length(json) &&
               whole_from_text(json_string_value(json), whole);
    whole->negative = value < 0;
    whole->magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    return true;
}

static bool read_integer(const struct reading *reading, const struct place *place,
                         const json_t *json, void *member, size_t size, bool is_signed)
{
    uint64_t most = size == 4 ? UINT32_MAX : UINT64_MAX;
    struct whole whole = { 0 };
    uint32_t narrow = 0;
    uint64_t limit = 0;

    if (!json_is_number(json) && !json_is_string(json))
        return expected(reading, place, json, "a whole number");
    if (!read_whole(json, &whole))
        return fail(reading, place, "a whole number is expected") != NULL;
    if (is_signed)
        limit = most / 2 + (whole.negative ? 1 : 0);
    else
        limit = whole.negative ? 0 : most;
    if (whole.magnitude > limit)
        return fail(reading, place, "the number is out of range for %s%zu",
                    is_signed ? "int" : "uint", size * 8) != NULL;
    if (whole.negative)
        whole.magnitude = 0 - whole.magnitude;
    narrow = (uint32_t)whole.magnitude;
    if (size == 4)
        memcpy(member, &narrow, size);
    else
        memcpy(member, &whole.magnitude, size);
    return true;
}

static bool double_from_text(const char *text, double *value)
{
    char *end = NULL;

    if (strcmp(text, "NaN") == 0)
        *value = NAN;
    else if (strcmp(text, "Infinity") == 0)
        *value = INFINITY;
    else if (strcmp(text, "-Infinity") == 0)
        *value = -INFINITY;
    else if (text[0] == '\0' || text[strspn(text, "-+.eE0123456789")] != '\0')
        return false;
    else
        *value = strtod(text, &end);
    return end == NULL || (*end == '\0' && isfinite(*value));
}

static bool read_double(const struct reading *reading, const struct place *place,
                        const json_t *json, double *value)
{
    if (json_is_number(json))
        *value = json_number_value(json);
    else if (!json_is_string(json))
        return expected(reading, place, json, "a number");
    else if (!double_from_text(json_string_value(json), value))
        return fail(reading, place, "a number is expected") != NULL;
    return true;
}

static bool read_float(const struct reading *reading, const struct place *place, const json_t *json,
                       float *value)
{
    double wide = 0;

    if (!read_double(reading, place, json, &wide))
        return false;
    if (isfinite(wide) && fabs(wide) > (double)FLT_MAX)
        return fail(reading, place, "the number is out of range for float") != NULL;
    *value = (float)wide;
    return true;
}

static bool read_enum(const struct reading *reading, const struct place *place, const json_t *json,
                      const ProtobufCEnumDescriptor *type, void *member)
{
    const ProtobufCEnumValue *value = NULL;

    if (json_is_number(json))
        return read_integer(reading, place, json, member, sizeof(int32_t), true);
    if (!json_is_string(json))
        return expected(reading, place, json, "an enum's name or number");
    value = protobuf_c_enum_descriptor_get_value_by_name(type, json_string_value(json));
    if (value == NULL)
        return fail(reading, place, "no value \"%s\" in enum %s", json_string_value(json),
                    type->name) != NULL;
    memcpy(member, &value->value, sizeof(value->value));
    return true;
}

static bool read_string(const struct reading *reading, const struct place *place,
                        const json_t *json, char **member)
{
    if (!json_is_string(json))
        return expected(reading, place, json, "a string");
    if (strlen(json_string_value(json)) != json_string_length(json))
        return fail(reading, place, "a string may not hold a NUL") != NULL;
    *member = allocate(json_string_length(json) + 1, 1);
    memcpy(*member, json_string_value(json), json_string_length(json));
    return true;
}

static int base64_digit(char character)
{
    const char *found = NULL;

    if (character == '-')
        return 62;
    if (character == '_')
        return 63;
    found = character == '\0' ? NULL : strchr(base64_digits, character);
    return found == NULL ? -1 : (int)(found - base64_digits);
}

static bool base64_decode(const char *text, size_t length, ProtobufCBinaryData *bytes)
{
    unsigned bits = 0;
    size_t digits = 0;

    while (length > 0 && text[length - 1] == '=' && digits < 2) {
        length--;
        digits++;
    }
    if (length % 4 == 1 || (digits > 0 && (length + digits) % 4 != 0))
        return false;
    bytes->data = allocate(length / 4 * 3 + 3, 1);
    for (size_t i = 0; i < length; i++) {
        int digit = base64_digit(text[i]);

        if (digit < 0)
            return false;
        bits = bits << 6 | (unsigned)digit;
        if (i % 4 > 0)
            bytes->data[bytes->len++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    return true;
}

static bool read_bytes(const struct reading *reading, const struct place *place, const json_t *json,
                       bool plain, ProtobufCBinaryData *bytes)
{
    size_t length = json_string_length(json);

    if (!json_is_string(json))
        return expected(reading, place, json, plain ? "a string" : "base64 in a string");
    if (plain) {
        bytes->data = allocate(length, 1);
        bytes->len = length;
        memcpy(bytes->data, json_string_value(json), length);
        return true;
    }
    if (base64_decode(json_string_value(json), length, bytes))
        return true;
    free(bytes->data);
    *bytes = (ProtobufCBinaryData){ 0 };
    return fail(reading, place, "this is not base64") != NULL;
}

static ProtobufCMessage *read_message(const struct reading *reading, const struct place *place,
                                      const ProtobufCMessageDescriptor *type, const json_t *json);

static bool is_plain_env(const struct reading *reading, const ProtobufCMessageDescriptor *type,
                         const ProtobufCFieldDescriptor *field)
{
    return (reading->flags & PROTOJSON_PLAIN_ENV) != 0 &&
           strcmp(type->short_name, "KeyValue") == 0 && strcmp(field->name, "value") == 0;
}

static bool read_value(const struct reading *reading, const struct place *place,
                       const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, const json_t *json, void *member)
{
    ProtobufCMessage *message = NULL;
    protobuf_c_boolean truth = json_is_true(json);

    switch (field->type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return read_integer(reading, place, json, member, size_of(field->type), true);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return read_integer(reading, place, json, member, size_of(field->type), false);
    case PROTOBUF_C_TYPE_FLOAT:
        return read_float(reading, place, json, member);
    case PROTOBUF_C_TYPE_DOUBLE:
        return read_double(reading, place, json, member);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(json))
            return expected(reading, place, json, "a boolean");
        memcpy(member, &truth, sizeof(truth));
        return true;
    case PROTOBUF_C_TYPE_ENUM:
        return read_enum(reading, place, json, field->descriptor, member);
    case PROTOBUF_C_TYPE_STRING:
        return read_string(reading, place, json, member);
    case PROTOBUF_C_TYPE_BYTES:
        return read_bytes(reading, place, json, is_plain_env(reading, type, field), member);
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    message = read_message(reading, place, field->descriptor, json);
    memcpy(member, &message, sizeof(void *));
    return message != NULL;
}

static ProtobufCMessage *new_message(const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = allocate(1, type->sizeof_message);

    type->message_init(message);
    return message;
}

static void *member_of(ProtobufCMessage *message, size_t offset)
{
    return (char *)message + offset;
}

static bool read_key(const struct reading *reading, const struct place *place,
                     ProtobufCMessage *entry)
{
    const ProtobufCFieldDescriptor *field = &entry->descriptor->fields[0];
    json_t *json = NULL;
    bool done = false;

    if (field->type == PROTOBUF_C_TYPE_BOOL && strcmp(place->key, "true") == 0)
        json = json_true();
    else if (field->type == PROTOBUF_C_TYPE_BOOL && strcmp(place->key, "false") == 0)
        json = json_false();
    else
        json = json_string(place->key);
    done =
        read_value(reading, place, entry->descriptor, field, json, member_of(entry, field->offset));
    json_decref(json);
    return done;
}

static bool read_map(const struct reading *reading, const struct place *place,
                     const ProtobufCFieldDescriptor *field, const json_t *json, size_t *count,
                     ProtobufCMessage ***entries)
{
    const ProtobufCMessageDescriptor *type = field->descriptor;
    json_t *object = json_incref((json_t *)(uintptr_t)json);
    bool done = true;
    const char *key = NULL;
    json_t *value = NULL;

    if (json_is_object(json))
        *entries = allocate(json_object_size(json), sizeof(void *));
    json_object_foreach(object, key, value)
    {
        struct place inside = *place;
        ProtobufCMessage *entry = new_message(type);

        inside.key = key;
        (*entries)[(*count)++] = entry;
        done = read_key(reading, &inside, entry) &&
               read_value(reading, &inside, type, &type->fields[1], value,
                          member_of(entry, type->fields[1].offset));
        if (!done)
            break;
    }
    json_decref(object);
    return done;
}

static bool read_array(const struct reading *reading, const struct place *place,
                       const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, const json_t *json, size_t *count,
                       char **elements)
{
    *elements = allocate(json_array_size(json), size_of(field->type));
    for (size_t i = 0; i < json_array_size(json); i++) {
        struct place inside = *place;

        inside.index = i + 1;
        if (!read_value(reading, &inside, type, field, json_array_get(json, i),
                        *elements + i * size_of(field->type)))
            return false;
        *count = i + 1;
    }
    return true;
}

/* What a message starts with is no sign of having been given: each field is marked when it is. */
static bool claim(const struct reading *reading, const struct place *place,
                  const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                  bool *given)
{
    const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
    size_t index = (size_t)(field - fields);

    if (given[index])
        return fail(reading, place, "the field is given twice") != NULL;
    for (size_t i = 0; is_oneof(field) && i < message->descriptor->n_fields; i++)
        if (given[i] && is_oneof(&fields[i]) &&
            fields[i].quantifier_offset == field->quantifier_offset)
            return fail(reading, place, "\"%s\" of the same oneof is given too", fields[i].name) !=
                   NULL;
    given[index] = true;
    return true;
}

static bool read_field(const struct reading *reading, const struct place *place,
                       ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       const json_t *json)
{
    void *member = member_of(message, field->offset);
    void *quantifier = member_of(message, field->quantifier_offset);
    const ProtobufCMessageDescriptor *type = message->descriptor;

    if (protojson_is_map(type, field)) {
        if (!json_is_object(json))
            return expected(reading, place, json, "an object");
        return read_map(reading, place, field, json, quantifier, member);
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        if (!json_is_array(json))
            return expected(reading, place, json, "an array");
        return read_array(reading, place, type, field, json, quantifier, member);
    }
    if (!read_value(reading, place, type, field, json, member))
        return false;
    if (is_oneof(field))
        memcpy(quantifier, &field->id, sizeof(field->id));
    else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0)
        *(protobuf_c_boolean *)quantifier = 1;
    return true;
}

static bool read_fields(const struct reading *reading, const struct place *up,
                        ProtobufCMessage *message, const json_t *json, bool *given)
{
    json_t *object = (json_t *)(uintptr_t)json;
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach(object, name, value)
    {
        const ProtobufCFieldDescriptor *field = protojson_field(message->descriptor, name);
        struct place place = { .up = up, .field = name, .depth = up->depth + 1 };

        if (field == NULL)
            return fail(reading, &place, "%s has no such field", message->descriptor->name) != NULL;
        place.field = field->name;
        if (json_is_null(value))
            continue;
        if (!claim(reading, &place, message, field, given) ||
            !read_field(reading, &place, message, field, value))
            return false;
    }
    return true;
}

static ProtobufCMessage *read_message(const struct reading *reading, const struct place *place,
                                      const ProtobufCMessageDescriptor *type, const json_t *json)
{
    ProtobufCMessage *message = NULL;
    bool *given = NULL;
    bool done = false;

    if (!json_is_object(json))
        return fail(reading, place, "an object is expected, not %s", kind(json));
    if (place->depth > PROTOJSON_MAX_DEPTH)
        return fail(reading, place, "nested deeper than %d", (int)PROTOJSON_MAX_DEPTH);
    message = new_message(type);
    given = allocate(type->n_fields, sizeof(*given));
    done = read_fields(reading, place, message, json, given);
    free(given);
    if (done)
        return message;
    protobuf_c_message_free_unpacked(message, NULL);
    return NULL;
}

ProtobufCMessage *protojson_read(const ProtobufCMessageDescriptor *type, const json_t *json,
                                 int flags, struct protojson_error *error)
{
    struct reading reading = { .flags = flags, .error = error };
    struct place root = { .field = type->name, .depth = 1 };

    return read_message(&reading, &root, type, json);
}
