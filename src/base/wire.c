/* SPDX-License-Identifier: Apache-2.0 */
/* This file walks protobuf bytes against a descriptor.
 * It must not know any message of the CRI. */
#include "base/wire.h"

#include <string.h>

#include "base/utf8.h"

/* libprotobuf-c reads tags and lengths of five bytes at the most. */
enum { SHORT_BYTES = 5 };

/* One level of the walk: a message within the field of the level above. */
struct level {
    const struct level *above;
    const char *field; /* of the level above; NULL at the top */
    const ProtobufCMessageDescriptor *descriptor;
    unsigned depth;
};

struct walk {
    struct strv *unknown;
    struct err *err;
};

struct span {
    const uint8_t *next;
    const uint8_t *end;
};

struct value {
    enum wire_type type;
    uint64_t number;
    struct span bytes;
};

/* Of nothing, bytes may be NULL, to which nothing may be added. */
static struct span span_of(const uint8_t *bytes, size_t length)
{
    return (struct span){ .next = bytes, .end = length == 0 ? bytes : bytes + length };
}

int wire_varint(const uint8_t *bytes, size_t length, uint64_t *value)
{
    *value = 0;
    for (size_t i = 0; i < length && i < WIRE_VARINT_BYTES; i++) {
        *value |= (uint64_t)(bytes[i] & 0x7f) << (7 * i);
        if (i == WIRE_VARINT_BYTES - 1 && bytes[i] > 1)
            return -1;
        if ((bytes[i] & 0x80) == 0)
            return (int)i + 1;
    }
    return length < WIRE_VARINT_BYTES ? 0 : -1;
}

size_t wire_put_varint(uint8_t bytes[WIRE_VARINT_BYTES], uint64_t value)
{
    size_t count = 0;

    do {
        bytes[count] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
        value >>= 7;
        count++;
    } while (value > 0);
    return count;
}

uint64_t wire_tag(unsigned number, enum wire_type type)
{
    return (uint64_t)number << 3 | type;
}

static const char *path_of(struct arena *arena, const struct level *level, const char *field)
{
    const char *path = field;

    for (; level != NULL && level->field != NULL; level = level->above)
        path = arena_printf(arena, "%s.%s", level->field, path);
    return path;
}

static bool refuse(const struct walk *walk, const struct level *level, const char *field,
                   const char *why)
{
    const char *path = path_of(walk->unknown->arena, level, field);

    return err_set(walk->err, GRPC_INVALID_ARGUMENT, "request: %s: %s", path, why);
}

static bool read_varint(struct span *span, uint64_t *value)
{
    int taken = wire_varint(span->next, (size_t)(span->end - span->next), value);

    if (taken <= 0)
        return false;
    span->next += taken;
    return true;
}

static bool skip(struct span *span, uint64_t size)
{
    if (size > (uint64_t)(span->end - span->next))
        return false;
    span->next += size;
    return true;
}

static bool is_known(enum wire_type type)
{
    return type == WIRE_VARINT || type == WIRE_64 || type == WIRE_BYTES || type == WIRE_32;
}

static bool read_value(struct span *span, struct value *value)
{
    switch (value->type) {
    case WIRE_VARINT:
        return read_varint(span, &value->number);
    case WIRE_64:
        return skip(span, 8);
    case WIRE_32:
        return skip(span, 4);
    case WIRE_BYTES:
        value->bytes.next = span->next;
        if (!read_varint(span, &value->number) || span->next - value->bytes.next > SHORT_BYTES)
            return false;
        value->bytes.next = span->next;
        if (!skip(span, value->number))
            return false;
        value->bytes.end = span->next;
        return true;
    }
    return false;
}

/* The wire type that a field's own type has, unless it is repeated and packed. */
static enum wire_type type_of(const ProtobufCFieldDescriptor *field)
{
    switch (field->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE:
        return WIRE_BYTES;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64:
        return WIRE_64;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32:
        return WIRE_32;
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_BOOL:
    case PROTOBUF_C_TYPE_ENUM:
    default:
        return WIRE_VARINT;
    }
}

static bool packed_is_well(const ProtobufCFieldDescriptor *field, struct span bytes)
{
    struct value value = { .type = type_of(field) };

    while (bytes.next < bytes.end)
        if (!read_value(&bytes, &value))
            return false;
    return true;
}

static bool check_string(const struct walk *walk, const struct level *level, const char *field,
                         struct span bytes)
{
    size_t length = (size_t)(bytes.end - bytes.next);

    if (length > 0 && memchr(bytes.next, '\0', length) != NULL)
        return refuse(walk, level, field, "has a NUL byte");
    if (!utf8_valid((const char *)bytes.next, length))
        return refuse(walk, level, field, "is not valid UTF-8");
    return true;
}

static bool check_message(const struct walk *walk, const struct level *level, struct span bytes);

static bool check_value(const struct walk *walk, const struct level *level,
                        const ProtobufCFieldDescriptor *field, const struct value *value)
{
    if (value->type != type_of(field)) {
        if (field->label == PROTOBUF_C_LABEL_REPEATED && value->type == WIRE_BYTES &&
            packed_is_well(field, value->bytes))
            return true;
        return refuse(walk, level, field->name, "has another type than the CRI's");
    }
    if (field->type == PROTOBUF_C_TYPE_STRING)
        return check_string(walk, level, field->name, value->bytes);
    if (field->type == PROTOBUF_C_TYPE_ENUM &&
        protobuf_c_enum_descriptor_get_value(field->descriptor, (int)value->number) == NULL)
        return refuse(walk, level, field->name, "is a number that the CRI's enum does not have");
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        struct level below = { .above = level,
                               .field = field->name,
                               .descriptor = field->descriptor,
                               .depth = level->depth + 1 };

        if (below.depth > WIRE_DEPTH)
            return refuse(walk, level, field->name, "is nested too deeply");
        return check_message(walk, &below, value->bytes);
    }
    return true;
}

static void note_unknown(const struct walk *walk, const struct level *level, uint64_t number)
{
    struct strv *unknown = walk->unknown;

    if (unknown->count < WIRE_UNKNOWN)
        strv_push(unknown, path_of(unknown->arena, level,
                                   arena_printf(unknown->arena, "#%u", (unsigned)number)));
}

static bool read_tag(struct span *span, uint64_t *tag)
{
    const uint8_t *start = span->next;

    return read_varint(span, tag) && *tag >> 3 != 0 && span->next - start <= SHORT_BYTES &&
           *tag >> 32 == 0;
}

static bool check_message(const struct walk *walk, const struct level *level, struct span bytes)
{
    while (bytes.next < bytes.end) {
        const ProtobufCFieldDescriptor *field = NULL;
        struct value value = { .type = WIRE_VARINT };
        uint64_t tag = 0;

        if (!read_tag(&bytes, &tag))
            return refuse(walk, level, "#", "is not a protobuf field");
        value.type = (enum wire_type)(tag & 7);
        field = protobuf_c_message_descriptor_get_field(level->descriptor, (unsigned)(tag >> 3));
        if (!is_known(value.type)) /* the groups of old protobuf, and what never was one */
            return refuse(walk, level, field == NULL ? "#" : field->name,
                          "has another type than the CRI's");
        if (!read_value(&bytes, &value))
            return refuse(walk, level, field == NULL ? "#" : field->name, "is cut off");
        if (field == NULL)
            note_unknown(walk, level, tag >> 3);
        else if (!check_value(walk, level, field, &value))
            return false;
    }
    return true;
}

bool wire_check(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t length,
                struct strv *unknown, struct err *err)
{
    struct walk walk = { .unknown = unknown, .err = err };
    struct level top = { .descriptor = descriptor };
    struct span span = span_of(bytes, length);

    return check_message(&walk, &top, span);
}

bool wire_find(const uint8_t *message, size_t length, unsigned number, const uint8_t **bytes,
               size_t *size)
{
    struct span span = span_of(message, length);

    *bytes = message;
    *size = 0;
    while (span.next < span.end) {
        struct value value = { .type = WIRE_VARINT };
        uint64_t tag = 0;

        if (!read_tag(&span, &tag))
            return false;
        value.type = (enum wire_type)(tag & 7);
        if (!is_known(value.type) || !read_value(&span, &value))
            return false;
        if (tag >> 3 != number)
            continue;
        if (value.type != WIRE_BYTES)
            return false;
        *bytes = value.bytes.next;
        *size = (size_t)(value.bytes.end - value.bytes.next);
    }
    return true;
}
