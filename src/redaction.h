/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the taking out of secrets before a call is written down.
 * It must not know where it is written. */
#ifndef REDACTION_H
#define REDACTION_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"
#include "oneshot/v1/oneshot.pb-c.h"

/* A secret of the request in one of the forms in which it may come back. */
struct secret {
    const char *bytes;
    size_t length;
};

struct redaction {
    struct arena *arena;
    struct list secrets; /* struct secret, the longest first */
    bool variables;      /* docker's output may hold images' and containers' variables */
};

/* Collects the request's secrets: the values of variables, and credentials. The arena is jansson's,
 * too. */
void redaction_init(struct redaction *redaction, struct arena *arena,
                    const Oneshot__V1__Request *request);

/* Replaces each secret in the request by one that goes the same way, by the file of variables, by
 * the environment, or to the same refusal: with a line break in its end, as long, not UTF-8, the
 * base64 of USER:PASSWORD. Empties what is in fields that we do not know; whether there were any.
 * The request's memory is the arena's. */
bool redaction_of_request(const struct redaction *redaction, Oneshot__V1__Request *request);

/* Appends bytes of docker's output, whole lines, with "<redacted>" in place of each secret, also
 * where it is escaped or within base64, and of the value in each "Env": ["NAME=value"]. Of a short
 * secret only whole words count. False without memory. */
bool redaction_of_output(const struct redaction *redaction, const char *bytes, size_t length,
                         struct buf *shown);

/* Replaces the secrets in each text of a document. */
json_t *redaction_of_document(const struct redaction *redaction, json_t *document);

#endif
