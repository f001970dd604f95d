/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares base64 as docker's command line reads it.
 * It must not know what is in it. */
#ifndef BASE64_H
#define BASE64_H

#include <stddef.h>

#include "base/arena.h"

/* The digits in their order (RFC 4648, section 4). */
extern const char base64_digits[65];

/* The bytes (and a NUL) in the arena, their number in *length; NULL for what is no base64. As Go's
 * encoding/base64 has it (StdEncoding): padded, and line breaks anywhere are passed over, for
 * base64(1) wraps its lines at 76 columns. */
char *base64_decode(struct arena *arena, const char *text, size_t *length);

#endif
