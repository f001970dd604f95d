/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads text that somebody has escaped on its way.
 * It must not know what is looked for in it. */
#include "base/spelling.h"

#include <string.h>

static int next_at(struct spelled *spelled, int depth);

static int hexadecimal_digit(int byte)
{
    if (byte >= '0' && byte <= '9')
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}

/* The number of count hexadecimal digits; -1 where there is something else. */
static int32_t read_hexadecimal(struct spelled *spelled, int depth, int count)
{
    int32_t value = 0;

    for (; count > 0; count--) {
        int digit = hexadecimal_digit(next_at(spelled, depth));

        if (digit < 0 || value > 0x10ffff)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

/* The first byte of a character in UTF-8; the others are kept. */
static int character(struct spelled *spelled, int depth, int32_t code)
{
    static const int32_t ends[] = { 0x80, 0x800, 0x10000, 0x110000 };
    static const uint8_t starts[] = { 0, 0xc0, 0xe0, 0xf0 };
    size_t more = 0;

    if (code < 0 || code >= 0x110000)
        return -1;
    while (code >= ends[more])
        more++;
    spelled->rest[depth].count = more;
    spelled->rest[depth].taken = 0;
    for (size_t i = more; i > 0; i--, code >>= 6)
        spelled->rest[depth].bytes[i - 1] = (uint8_t)(0x80 | (code & 0x3f));
    return starts[more] | code;
}

/* The second half of a surrogate pair after its first one. */
static int32_t paired(struct spelled *spelled, int depth, int32_t high)
{
    int32_t low = 0;

    if (high < 0xd800 || high > 0xdbff)
        return high;
    if (next_at(spelled, depth) != '\\' || next_at(spelled, depth) != 'u')
        return -1;
    low = read_hexadecimal(spelled, depth, 4);
    return low < 0xdc00 || low > 0xdfff ? -1 : 0x10000 + (high - 0xd800) * 0x400 + low - 0xdc00;
}

/* What stands after a backslash. */
static int unescaped(struct spelled *spelled, int depth)
{
    static const char letters[] = "abfnrtv";
    static const char meant[] = "\a\b\f\n\r\t\v";
    int byte = next_at(spelled, depth);
    const char *letter = byte <= 0 ? NULL : strchr(letters, byte);

    if (letter != NULL)
        return meant[letter - letters];
    switch (byte) {
    case 'x':
        return read_hexadecimal(spelled, depth, 2);
    case 'u':
        return character(spelled, depth,
                         paired(spelled, depth, read_hexadecimal(spelled, depth, 4)));
    case 'U':
        return character(spelled, depth, read_hexadecimal(spelled, depth, 8));
    default:
        return byte;
    }
}

/* Depth 0 is the text itself. */
static int next_at(struct spelled *spelled, int depth)
{
    int byte = 0;

    if (depth == 0)
        return spelled->at < spelled->length ? (uint8_t)spelled->text[spelled->at++] : -1;
    if (spelled->rest[depth - 1].taken < spelled->rest[depth - 1].count)
        return spelled->rest[depth - 1].bytes[spelled->rest[depth - 1].taken++];
    byte = next_at(spelled, depth - 1);
    if (spelled->spelling == SPELLING_PERCENT)
        return byte == '%' ? read_hexadecimal(spelled, depth - 1, 2) : byte;
    return byte == '\\' ? unescaped(spelled, depth - 1) : byte;
}

int spelled_next(struct spelled *spelled)
{
    static const int depths[SPELLINGS] = {
        [SPELLING_PERCENT] = 1, [SPELLING_ESCAPED] = 1, [SPELLING_TWICE] = 2
    };

    return next_at(spelled, depths[spelled->spelling]);
}

bool spelled_between(const struct spelled *spelled)
{
    return spelled->rest[0].taken == spelled->rest[0].count &&
           spelled->rest[1].taken == spelled->rest[1].count;
}
