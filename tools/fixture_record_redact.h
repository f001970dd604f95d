/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the taking out of secrets before anything is written.
 * It must not know where it is written. */
#ifndef FIXTURE_RECORD_REDACT_H
#define FIXTURE_RECORD_REDACT_H

#include <jansson.h>
#include <stdbool.h>

#include "buf.h"
#include "oneshot/v1/oneshot.pb-c.h"

/* Appends a line of docker's output, the values in each "Env":["NAME=value"] as "<redacted>", all
 * else byte for byte. False without memory. */
bool redact_output(const char *line, size_t length, struct buf *shown);

/* The request as JSON, each secret replaced by one of the same form, so that the command stays the
 * same: a value with a line break by one with a line break, the base64 of USER:PASSWORD by one. */
json_t *redact_request(const Oneshot__V1__Request *request);

#endif
