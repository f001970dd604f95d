/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares base64, RFC 4648, read as docker's command line does.
 * It must not know what is in it. */
#ifndef BASE64_H
#define BASE64_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* The digits in their order (RFC 4648, section 4). */
extern const char base64_digits[65];

/* The bytes (and a NUL) in the arena, their number in *length; NULL for what is no base64. As Go's
 * encoding/base64 has it (StdEncoding): padded, and line breaks anywhere are passed over, for
 * base64(1) wraps its lines at 76 columns. */
char *base64_decode(struct arena *arena, const char *text, size_t *length);

/* The room that so many bytes take as text, with its NUL. */
#define BASE64_ROOM(length) (((length) + 2) / 3 * 4 + 1)

/* Writes the text, padded, and its NUL. Returns its length. */
size_t base64_encode(const uint8_t *bytes, size_t length, char *text);

#endif
