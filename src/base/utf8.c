/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks and cuts UTF-8.
 * It must not know what the text means. */
#include "base/utf8.h"

#include <string.h>

static bool continues(unsigned char byte, unsigned char low, unsigned char high)
{
    return byte >= low && byte <= high;
}

/* RFC 3629 section 4: only the second byte's range depends on the first. */
size_t utf8_length(const char *text, size_t left)
{
    const unsigned char *byte = (const unsigned char *)text;
    unsigned char low = 0x80;
    unsigned char high = 0xbf;
    size_t length = 0;

    if (left == 0)
        return 0;
    if (byte[0] < 0x80)
        return 1;
    if (byte[0] >= 0xc2 && byte[0] <= 0xdf)
        length = 2;
    else if (byte[0] >= 0xe0 && byte[0] <= 0xef)
        length = 3;
    else if (byte[0] >= 0xf0 && byte[0] <= 0xf4)
        length = 4;
    if (length == 0 || length > left)
        return 0;
    if (byte[0] == 0xe0)
        low = 0xa0;
    else if (byte[0] == 0xed)
        high = 0x9f;
    else if (byte[0] == 0xf0)
        low = 0x90;
    else if (byte[0] == 0xf4)
        high = 0x8f;
    if (!continues(byte[1], low, high))
        return 0;
    for (size_t i = 2; i < length; i++)
        if (!continues(byte[i], 0x80, 0xbf))
            return 0;
    return length;
}

bool utf8_valid(const char *text, size_t length)
{
    size_t at = 0;

    while (at < length) {
        size_t step = utf8_length(text + at, length - at);

        if (step == 0)
            return false;
        at += step;
    }
    return true;
}

size_t utf8_cut(const char *text, size_t length, size_t limit)
{
    if (length <= limit)
        return length;
    while (limit > 0 && ((unsigned char)text[limit] & 0xc0) == 0x80)
        limit--;
    return limit;
}

void utf8_clean(char *text)
{
    size_t left = strlen(text);

    while (left > 0) {
        size_t step = utf8_length(text, left);

        if (step == 0) {
            *text = '?';
            step = 1;
        }
        text += step;
        left -= step;
    }
}
