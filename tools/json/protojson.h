/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares proto3 JSON for any message of libprotobuf-c, by its descriptors.
 * It must not know the CRI (but for one name, see PROTOJSON_PLAIN_ENV) nor frames. */
#ifndef PROTOJSON_H
#define PROTOJSON_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/nearest.h"

enum { PROTOJSON_MAX_DEPTH = 64 };

/* Starts with the path of what is wrong: "config.mounts[2].host_path: …". */
struct protojson_error {
    char text[512];
};

enum protojson_flags {
    PROTOJSON_PLAIN_ENV = 1, /* KeyValue.value is plain text, as in crictl's files, not base64 */
};

/* A new message, to be freed by protobuf_c_message_free_unpacked(…, NULL), or NULL and an error.
 * Fields go by the .proto's names or lowerCamelCase, enums by name or number, integers may be
 * strings or integral floats, bytes are base64 of either alphabet, null means absent. An unknown
 * field, a field given twice, two members of a oneof, a wrong type, a value out of range and a
 * NUL in a string are errors. */
ProtobufCMessage *protojson_read(const ProtobufCMessageDescriptor *type, const json_t *json,
                                 int flags, struct protojson_error *error);

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

#endif
