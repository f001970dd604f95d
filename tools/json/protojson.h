/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of proto3 JSON to any message of libprotobuf-c, by its
 * descriptors. It must not know the CRI (but for one name, see PROTOJSON_PLAIN_ENV) nor frames. */
#ifndef PROTOJSON_H
#define PROTOJSON_H

#include "base/protojson.h"

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

#endif
