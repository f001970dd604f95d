/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what the files of protojson's reading share.
 * It must not be known to anyone else. */
#ifndef PROTOJSON_INSIDE_H
#define PROTOJSON_INSIDE_H

#include <stdint.h>

#include "json/protojson.h"

/* Where in the document: a field, with an index or a map's key, up to the root. */
struct json_place {
    const struct json_place *up;
    const char *field;
    const char *key;
    size_t index; /* from 1; 0: none */
    int depth;
};

struct json_reading {
    int flags;
    struct protojson_error *error;
};

/* Fills the error with the place and the text. Returns NULL, so that a function that reads a
 * message can return it. */
void *protojson_fail(const struct json_reading *reading, const struct json_place *place,
                     const char *format, ...) __attribute__((format(printf, 3, 4)));

/* "WHAT is expected, not …". Returns false. */
bool protojson_expected(const struct json_reading *reading, const struct json_place *place,
                        const json_t *json, const char *what);

/* What a value is, with its article. */
const char *protojson_kind(const json_t *json);

/* Each fills a value of its type, or returns false with an error. */
bool scalar_integer(const struct json_reading *reading, const struct json_place *place,
                    const json_t *json, void *member, size_t size, bool is_signed);
bool scalar_double(const struct json_reading *reading, const struct json_place *place,
                   const json_t *json, double *value);
bool scalar_float(const struct json_reading *reading, const struct json_place *place,
                  const json_t *json, float *value);
bool scalar_enum(const struct json_reading *reading, const struct json_place *place,
                 const json_t *json, const ProtobufCEnumDescriptor *type, void *member);
bool scalar_string(const struct json_reading *reading, const struct json_place *place,
                   const json_t *json, char **member);
/* plain: the text itself, else base64. */
bool scalar_bytes(const struct json_reading *reading, const struct json_place *place,
                  const json_t *json, bool plain, ProtobufCBinaryData *bytes);

#endif
