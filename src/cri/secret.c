/* SPDX-License-Identifier: Apache-2.0 */
/* This file finds one secret in a text.
 * It must not know whose secret it is. */
#include "cri/secret.h"

#include <string.h>

#include "base/base64.h"
#include "base/spelling.h"

enum { ANYWHERE = 8, WORD = 4 };

static bool is_letter_or_digit(char byte)
{
    return (byte >= '0' && byte <= '9') || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z');
}

/* Not a letter that ends an escape, as in "\nword" and "%3Aword". */
static bool is_beside_a_word(const char *text, size_t at)
{
    return at > 0 && is_letter_or_digit(text[at - 1]) && (at < 2 || text[at - 2] != '\\') &&
           (at < 3 || text[at - 3] != '%');
}

/* Whether what is written from start to end may be hidden there. */
static bool is_apart(size_t written, const char *text, size_t length, size_t start, size_t end)
{
    if (written >= ANYWHERE)
        return true;
    if (written >= WORD)
        return !is_beside_a_word(text, start) && (end == length || !is_letter_or_digit(text[end]));
    return start > 0 && text[start - 1] == '"' && end < length &&
           (text[end] == '"' || text[end] == '\\');
}

static size_t plain_end(const struct secret *secret, const char *text, size_t length, size_t at,
                        enum spelling spelling)
{
    struct spelled spelled = { .text = text, .length = length, .at = at, .spelling = spelling };

    for (size_t i = 0; i < secret->length; i++) {
        int byte = spelled_next(&spelled);
        bool blank = spelling == SPELLING_PERCENT && byte == '+' && secret->bytes[i] == ' ';

        if (byte != (unsigned char)secret->bytes[i] && !blank)
            return 0;
    }
    return spelled_between(&spelled) && is_apart(secret->length, text, length, at, spelled.at)
               ? spelled.at
               : 0;
}

/* ==== base64 ==== */

/* The digit with this number of the base64 of before bytes (unknown, at most 2) and the secret. */
static char digit_at(const struct secret *secret, size_t before, size_t number)
{
    size_t bit = number * 6 - before * 8;
    unsigned high = (unsigned char)secret->bytes[bit / 8];
    unsigned low = bit / 8 + 1 < secret->length ? (unsigned char)secret->bytes[bit / 8 + 1] : 0;

    return base64_digits[(high << 8 | low) >> (10 - bit % 8) & 0x3f];
}

/* A digit of either alphabet as the first one has it; 0: it is none. */
static char secret_digit(int byte)
{
    if (byte == '-' || byte == '_')
        return byte == '-' ? '+' : '/';
    return byte > 0 && strchr(base64_digits, byte) != NULL ? (char)byte : '\0';
}

/* The digits that the secret alone makes, from first on, must be there. One that it shares with a
 * byte before or after it is hidden with them. */
static size_t encoded_end(const struct secret *secret, size_t before, const char *text,
                          size_t length, size_t at, enum spelling spelling)
{
    struct spelled spelled = { .text = text, .length = length, .at = at, .spelling = spelling };
    size_t first = (before * 8 + 5) / 6;
    size_t end = (before + secret->length) * 8 / 6;
    bool shared = (before + secret->length) % 3 != 0;

    if (end < first + (before == 0 ? WORD : ANYWHERE - 1))
        return 0;
    for (size_t i = first; i < end; i++)
        if (secret_digit(spelled_next(&spelled)) != digit_at(secret, before, i))
            return 0;
    if (shared && spelled.at < length && secret_digit((unsigned char)text[spelled.at]) != '\0')
        spelled.at++;
    if (!is_apart(before > 0 ? ANYWHERE : end + shared, text, length, at, spelled.at))
        return 0;
    for (int i = 0; shared && i < 2 && spelled.at < length && text[spelled.at] == '='; i++)
        spelled.at++;
    return spelled.at;
}

/* As the base64 of the secret alone, or of something that it is in the midst of. */
static size_t base64_end(const struct secret *secret, const char *text, size_t length, size_t at,
                         enum spelling spelling)
{
    size_t end = encoded_end(secret, 0, text, length, at, spelling);

    for (size_t before = 1; end == 0 && before < 3; before++) {
        if (secret_digit((unsigned char)text[at]) != '\0')
            end = encoded_end(secret, before, text, length, at + 1, spelling);
        if (end == 0)
            end = encoded_end(secret, before, text, length, at, spelling);
    }
    return end;
}

/* Most places are told by their first bytes, which are themselves in any spelling unless they
 * escape something. (A blank may be "+".) */
static bool may_begin_secret(const struct secret *secret, const char *text, size_t length,
                             size_t at)
{
    char byte = text[at];
    char next = at + 1 < length ? text[at + 1] : '\0';
    bool may =
        byte == secret->bytes[0] || strchr("\\%+-_", byte) != NULL || strchr("\\%-_", next) != NULL;

    for (size_t before = 0; !may && before < 3; before++) {
        char digit = digit_at(secret, before, (before * 8 + 5) / 6);

        may = byte == digit || (before > 0 && next == digit);
    }
    return may;
}

size_t secret_end(const struct secret *secret, const char *text, size_t length, size_t at)
{
    size_t end = 0;

    if (secret->length == 0 || !may_begin_secret(secret, text, length, at))
        return 0;
    for (int spelling = 0; spelling < SPELLINGS; spelling++) {
        size_t plain =
            secret->is_word ? 0 : plain_end(secret, text, length, at, (enum spelling)spelling);
        size_t encoded = base64_end(secret, text, length, at, (enum spelling)spelling);

        end = plain > end ? plain : end;
        end = encoded > end ? encoded : end;
    }
    return end;
}
