/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the taking out of secrets before anything is written.
 * It must not know where it is written. */
#ifndef FIXTURE_RECORD_REDACT_H
#define FIXTURE_RECORD_REDACT_H

#include <jansson.h>
#include <stdbool.h>

#include "arena.h"
#include "buf.h"
#include "oneshot/v1/oneshot.pb-c.h"

/* How far docker's output has been read; it starts zeroed. */
struct redaction {
    enum {
        REDACT_TEXT,
        REDACT_KEY,   /* after "Env" */
        REDACT_ARRAY, /* in its array, between the strings */
        REDACT_NAME,
        REDACT_VALUE,
    } place;
    size_t matched; /* bytes of the key */
    bool escaped;   /* a backslash was the byte before */
};

/* Appends bytes of docker's output, which may come in pieces, the values in each "Env":
 * ["NAME=value"] as "<redacted>", all else byte for byte. False without memory. */
bool redact_output(struct redaction *redaction, const char *bytes, size_t length,
                   struct buf *shown);

/* The request as JSON, each secret replaced by one that goes the same way, by the file of
 * variables, by the environment, or to the same refusal: with a line break in its end, as long, not
 * UTF-8, the base64 of USER:PASSWORD; of a server address its user information. The request's own
 * are replaced, too. The arena is for the while. */
json_t *redact_request(struct arena *arena, Oneshot__V1__Request *request);

#endif
