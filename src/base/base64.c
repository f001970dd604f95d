/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads and writes base64.
 * It must not know what is in it. */
#include "base/base64.h"

#include <string.h>

const char base64_digits[65] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_decode(struct arena *arena, const char *text, size_t *length)
{
    char *bytes = arena_alloc(arena, strlen(text) / 4 * 3 + 4);
    size_t digits = 0;
    size_t padding = 0;
    unsigned bits = 0;

    *length = 0;
    for (text += strspn(text, "\r\n"); *text != '\0'; text++, text += strspn(text, "\r\n")) {
        const char *digit = strchr(base64_digits, *text);

        padding += *text == '=';
        if (*text == '=')
            continue;
        if (digit == NULL || padding > 0)
            return NULL;
        bits = bits << 6 | (unsigned)(digit - base64_digits);
        if (digits++ % 4 != 0) /* it completes a byte */
            bytes[(*length)++] = (char)(bits >> (6 - 2 * ((digits - 1) % 4)) & 0xff);
    }
    bytes[*length] = '\0';
    return padding <= 2 && (digits + padding) % 4 == 0 ? bytes : NULL;
}

size_t base64_encode(const uint8_t *bytes, size_t length, char *text)
{
    char *to = text;

    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        unsigned bits = (unsigned)bytes[i] << 16;

        bits |= left > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
        bits |= left > 2 ? bytes[i + 2] : 0;
        *to++ = base64_digits[bits >> 18];
        *to++ = base64_digits[bits >> 12 & 63];
        *to++ = left > 1 ? base64_digits[bits >> 6 & 63] : '=';
        *to++ = left > 2 ? base64_digits[bits & 63] : '=';
    }
    *to = '\0';
    return (size_t)(to - text);
}
