/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads messages from proto3 JSON by descriptors.
 * It must not know the CRI (but for KeyValue.value) nor frames. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "json/protojson_inside.h"

static ProtobufCMessage *read_message(const struct json_reading *reading,
                                      const struct json_place *place,
                                      const ProtobufCMessageDescriptor *type, const json_t *json);

static bool is_plain_env(const struct json_reading *reading, const ProtobufCMessageDescriptor *type,
                         const ProtobufCFieldDescriptor *field)
{
    return (reading->flags & PROTOJSON_PLAIN_ENV) != 0 &&
           strcmp(type->short_name, "KeyValue") == 0 && strcmp(field->name, "value") == 0;
}

static bool read_json_value(const struct json_reading *reading, const struct json_place *place,
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
        return scalar_integer(reading, place, json, member, protojson_size_of(field->type), true);
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
        return scalar_integer(reading, place, json, member, protojson_size_of(field->type), false);
    case PROTOBUF_C_TYPE_FLOAT:
        return scalar_float(reading, place, json, member);
    case PROTOBUF_C_TYPE_DOUBLE:
        return scalar_double(reading, place, json, member);
    case PROTOBUF_C_TYPE_BOOL:
        if (!json_is_boolean(json))
            return protojson_expected(reading, place, json, "a boolean");
        memcpy(member, &truth, sizeof(truth));
        return true;
    case PROTOBUF_C_TYPE_ENUM:
        return scalar_enum(reading, place, json, field->descriptor, member);
    case PROTOBUF_C_TYPE_STRING:
        return scalar_string(reading, place, json, member);
    case PROTOBUF_C_TYPE_BYTES:
        return scalar_bytes(reading, place, json, is_plain_env(reading, type, field), member);
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    message = read_message(reading, place, field->descriptor, json);
    memcpy(member, &message, sizeof(void *));
    return message != NULL;
}

static ProtobufCMessage *new_message(const ProtobufCMessageDescriptor *type)
{
    ProtobufCMessage *message = protojson_allocate(1, type->sizeof_message);

    type->message_init(message);
    return message;
}

static void *member_of(ProtobufCMessage *message, size_t offset)
{
    return (char *)message + offset;
}

static bool read_key(const struct json_reading *reading, const struct json_place *place,
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
    done = read_json_value(reading, place, entry->descriptor, field, json,
                           member_of(entry, field->offset));
    json_decref(json);
    return done;
}

static bool read_map(const struct json_reading *reading, const struct json_place *place,
                     const ProtobufCFieldDescriptor *field, const json_t *json, size_t *count,
                     ProtobufCMessage ***entries)
{
    const ProtobufCMessageDescriptor *type = field->descriptor;
    json_t *object = json_incref((json_t *)(uintptr_t)json);
    bool done = true;
    const char *key = NULL;
    json_t *value = NULL;

    if (json_is_object(json))
        *entries = protojson_allocate(json_object_size(json), sizeof(void *));
    json_object_foreach (object, key, value) {
        struct json_place inside = *place;
        ProtobufCMessage *entry = new_message(type);

        inside.key = key;
        (*entries)[(*count)++] = entry;
        done = read_key(reading, &inside, entry) &&
               read_json_value(reading, &inside, type, &type->fields[1], value,
                               member_of(entry, type->fields[1].offset));
        if (!done)
            break;
    }
    json_decref(object);
    return done;
}

static bool read_array(const struct json_reading *reading, const struct json_place *place,
                       const ProtobufCMessageDescriptor *type,
                       const ProtobufCFieldDescriptor *field, const json_t *json, size_t *count,
                       char **elements)
{
    *elements = protojson_allocate(json_array_size(json), protojson_size_of(field->type));
    for (size_t i = 0; i < json_array_size(json); i++) {
        struct json_place inside = *place;

        inside.index = i + 1;
        if (!read_json_value(reading, &inside, type, field, json_array_get(json, i),
                             *elements + i * protojson_size_of(field->type)))
            return false;
        *count = i + 1;
    }
    return true;
}

/* What a message starts with is no sign of having been given: each field is marked when it is. */
static bool claim(const struct json_reading *reading, const struct json_place *place,
                  const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                  bool *given)
{
    const ProtobufCFieldDescriptor *fields = message->descriptor->fields;
    size_t index = (size_t)(field - fields);

    if (given[index])
        return protojson_fail(reading, place, "the field is given twice") != NULL;
    for (size_t i = 0; protojson_is_oneof(field) && i < message->descriptor->n_fields; i++)
        if (given[i] && protojson_is_oneof(&fields[i]) &&
            fields[i].quantifier_offset == field->quantifier_offset)
            return protojson_fail(reading, place, "\"%s\" of the same oneof is given too",
                                  fields[i].name) != NULL;
    given[index] = true;
    return true;
}

static bool read_field(const struct json_reading *reading, const struct json_place *place,
                       ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                       const json_t *json)
{
    void *member = member_of(message, field->offset);
    void *quantifier = member_of(message, field->quantifier_offset);
    const ProtobufCMessageDescriptor *type = message->descriptor;

    if (protojson_is_map(type, field)) {
        if (!json_is_object(json))
            return protojson_expected(reading, place, json, "an object");
        return read_map(reading, place, field, json, quantifier, member);
    }
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        if (!json_is_array(json))
            return protojson_expected(reading, place, json, "an array");
        return read_array(reading, place, type, field, json, quantifier, member);
    }
    if (!read_json_value(reading, place, type, field, json, member))
        return false;
    if (protojson_is_oneof(field))
        memcpy(quantifier, &field->id, sizeof(field->id));
    else if (field->label == PROTOBUF_C_LABEL_OPTIONAL && field->quantifier_offset != 0)
        *(protobuf_c_boolean *)quantifier = 1;
    return true;
}

static bool no_such_field(const struct json_reading *reading, const struct json_place *place,
                          const ProtobufCMessageDescriptor *type)
{
    char hint[NEAREST_HINT];

    protojson_hint_field(type, place->field, hint);
    return protojson_fail(reading, place, "%s has no such field%s", type->name, hint) != NULL;
}

static bool read_fields(const struct json_reading *reading, const struct json_place *up,
                        ProtobufCMessage *message, const json_t *json, bool *given)
{
    json_t *object = (json_t *)(uintptr_t)json;
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach (object, name, value) {
        const ProtobufCFieldDescriptor *field = protojson_field(message->descriptor, name);
        struct json_place place = { .up = up, .field = name, .depth = up->depth + 1 };

        if (field == NULL)
            return no_such_field(reading, &place, message->descriptor);
        place.field = field->name;
        if (json_is_null(value))
            continue;
        if (!claim(reading, &place, message, field, given) ||
            !read_field(reading, &place, message, field, value))
            return false;
    }
    return true;
}

static ProtobufCMessage *read_message(const struct json_reading *reading,
                                      const struct json_place *place,
                                      const ProtobufCMessageDescriptor *type, const json_t *json)
{
    ProtobufCMessage *message = NULL;
    bool *given = NULL;
    bool done = false;

    if (!json_is_object(json))
        return protojson_fail(reading, place, "an object is expected, not %s",
                              protojson_kind(json));
    if (place->depth > PROTOJSON_MAX_DEPTH)
        return protojson_fail(reading, place, "nested deeper than %d", (int)PROTOJSON_MAX_DEPTH);
    message = new_message(type);
    given = protojson_allocate(type->n_fields, sizeof(*given));
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
    struct json_reading reading = { .flags = flags, .error = error };
    struct json_place root = { .field = type->name, .depth = 1 };

    return read_message(&reading, &root, type, json);
}
