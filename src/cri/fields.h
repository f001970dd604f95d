/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what becomes of each field of a request: no field is lost silently.
 * It must not know how a field becomes a docker flag. */
#ifndef FIELDS_H
#define FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include <protobuf-c/protobuf-c.h>

#include "base/err.h"
#include "base/strv.h"

enum field_decision {
    FIELD_HONOURED, /* the plan reads it; it may still refuse a value */
    FIELD_TRACED,   /* ignored, and named in the trace */
    FIELD_REFUSED,  /* a request that sets it is refused */
};

struct field_row {
    const ProtobufCMessageDescriptor *message;
    const char *field;
    enum field_decision decision;
    const char *why; /* finishes "FIELD: …"; NULL where it is honoured */
};

/* No message of the CRI's requests has more fields. */
enum { FIELDS_MAX = 32 };

/* A row for every field that a request of an implemented RPC can reach: consecutive rows for each
 * message, in the .proto's order. The entries of maps have none. */
extern const struct field_row field_rows[];
extern const size_t field_row_count;

/* Walks what is set in a request: a number that is not zero, a text or list that is not empty, a
 * message in which something is set. At the first REFUSED field it returns false, with
 * INVALID_ARGUMENT, the field's path ("config.mounts[2].uidMappings") and why. The path of each
 * TRACED field is appended to ignored; what is below one is not looked at, as it is ignored with
 * it. */
bool fields_check(const ProtobufCMessage *request, struct strv *ignored, struct err *err);

/* The row of a field, or NULL. */
const struct field_row *field_find(const ProtobufCMessageDescriptor *message, const char *field);

#endif
