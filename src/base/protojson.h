/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the writing of proto3 JSON for any message of libprotobuf-c, by its
 * descriptors.
 * It must not know the CRI nor frames. */
#ifndef BASE_PROTOJSON_H
#define BASE_PROTOJSON_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/nearest.h"

enum { PROTOJSON_MAX_DEPTH = 64 };

/* Whether a field of a message must be printed as "<redacted>" (bytes: base64 of it), each element
 * or map value by itself. */
typedef bool protojson_redact(const ProtobufCMessageDescriptor *message, const char *field);

/* A new reference: the .proto's field names in its numbers' order, fields at their default left
 * out, 64-bit integers as strings, enums by name, bytes base64. Bytes of a string that are not
 * UTF-8 become '?'. redact may be NULL. NULL is returned only for a message nested too deep. */
json_t *protojson_write(const ProtobufCMessage *message, protojson_redact *redact);

/* The same for people: bytes that are UTF-8 are the text itself, others "base64:…". */
json_t *protojson_write_plain(const ProtobufCMessage *message, protojson_redact *redact);

/* The field of that name, the .proto's or lowerCamelCase; NULL if there is none. */
const ProtobufCFieldDescriptor *protojson_field(const ProtobufCMessageDescriptor *type,
                                                const char *name);

/* " (did you mean FIELD?)" for a name that is none of the message's, or nothing. Returns hint. */
const char *protojson_hint_field(const ProtobufCMessageDescriptor *type, const char *name,
                                 char hint[NEAREST_HINT]);

/* Whether a field of the message is a map, which libprotobuf-c shows as repeated entries. */
bool protojson_is_map(const ProtobufCMessageDescriptor *type,
                      const ProtobufCFieldDescriptor *field);

/* Whether the field is a member of a oneof. */
static inline bool protojson_is_oneof(const ProtobufCFieldDescriptor *field)
{
    return (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) != 0;
}

/* Zeroed, to be freed by free; there is no coming back without memory. */
void *protojson_allocate(size_t count, size_t size);

/* Of a value of this type in a message's struct. */
size_t protojson_size_of(ProtobufCType type);

#endif
