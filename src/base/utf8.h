/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what is needed of UTF-8.
 * It must not know what the text means. */
#ifndef UTF8_H
#define UTF8_H

#include <stdbool.h>
#include <stddef.h>

/* The length in bytes of the character at text, of which left bytes are there; 0 when they do not
 * start a valid one (RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF). */
size_t utf8_length(const char *text, size_t left);

bool utf8_valid(const char *text, size_t length);

/* The largest length of at most limit bytes that does not cut a character. */
size_t utf8_cut(const char *text, size_t length, size_t limit);

/* Replaces each byte of text (ended by NUL) that is not part of valid UTF-8 by '?'. */
void utf8_clean(char *text);

#endif
