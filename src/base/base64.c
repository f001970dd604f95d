/* SPDX-License-Identifier: Apache-2.0 */
/* This file writes and reads base64.
 * It must not know what the bytes are. */
#include "base/base64.h"

#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_encode(const uint8_t *bytes, size_t length, char *text)
{
    char *to = text;

    for (size_t i = 0; i < length; i += 3) {
        size_t left = length - i;
        unsigned bits = (unsigned)bytes[i] << 16;

        bits |= left > 1 ? (unsigned)bytes[i + 1] << 8 : 0;
        bits |= left > 2 ? bytes[i + 2] : 0;
        *to++ = alphabet[bits >> 18];
        *to++ = alphabet[bits >> 12 & 63];
        *to++ = left > 1 ? alphabet[bits >> 6 & 63] : '=';
        *to++ = left > 2 ? alphabet[bits & 63] : '=';
    }
    *to = '\0';
    return (size_t)(to - text);
}

static int digit_of(char character)
{
    const char *found = NULL;

    if (character == '-')
        return 62;
    if (character == '_')
        return 63;
    found = character == '\0' ? NULL : strchr(alphabet, character);
    return found == NULL ? -1 : (int)(found - alphabet);
}

bool base64_decode(const char *text, size_t length, uint8_t *bytes, size_t *count)
{
    unsigned bits = 0;
    size_t padding = 0;

    *count = 0;
    while (length > 0 && text[length - 1] == '=' && padding < 2) {
        length--;
        padding++;
    }
    if (length % 4 == 1 || (padding > 0 && (length + padding) % 4 != 0))
        return false;
    for (size_t i = 0; i < length; i++) {
        int digit = digit_of(text[i]);

        if (digit < 0)
            return false;
        bits = bits << 6 | (unsigned)digit;
        if (i % 4 > 0)
            bytes[(*count)++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    return true;
}
