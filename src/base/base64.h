/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares base64, RFC 4648.
 * It must not know what the bytes are. */
#ifndef BASE64_H
#define BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The room that so many bytes take as text, with its NUL; and so many characters as bytes. */
#define BASE64_TEXT(length)  (((length) + 2) / 3 * 4 + 1)
#define BASE64_BYTES(length) ((length) / 4 * 3 + 3)

/* Writes the text and its NUL. Returns its length. */
size_t base64_encode(const uint8_t *bytes, size_t length, char *text);

/* Of either alphabet, padded or not. False when it is no base64. */
bool base64_decode(const char *text, size_t length, uint8_t *bytes, size_t *count);

#endif
