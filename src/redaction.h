/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the taking out of secrets before a call is written down, besides those that
 * cri/hide.h finds.
 * It must not know where it is written. */
#ifndef REDACTION_H
#define REDACTION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "oneshot/v1/oneshot.pb-c.h"

/* Replaces each secret in the request, whose memory is the arena's, by one that goes the same way,
 * by the file of variables, by the environment, or to the same refusal: with a line break in its
 * end, as long, not UTF-8, the base64 of USER:PASSWORD; of a server address its user information.
 * Empties what is in fields that we do not know, and tells whether there were any. */
bool redact_request(struct arena *arena, Oneshot__V1__Request *request);

/* Appends bytes of docker's output, whole lines, the values in each "Env": ["NAME=value"] as
 * "<redacted>", all else byte for byte. False without memory. */
bool redact_variables(const char *bytes, size_t length, struct buf *shown);

#endif
