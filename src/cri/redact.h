/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares which fields of a message are secrets.
 * It must not know where they would be shown. */
#ifndef REDACT_H
#define REDACT_H

#include <stdbool.h>

#include <protobuf-c/protobuf-c.h>

/* Whether the value of this field must never be shown: the rows of tests/wire.tsv whose note is
 * debug_redact. The values of environment variables
 * are secrets, too, but not by field. */
bool redact_field(const ProtobufCMessageDescriptor *message, const char *field);

#endif
