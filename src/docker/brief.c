/* SPDX-License-Identifier: Apache-2.0 */
/* This file shortens what docker said.
 * It must not know what is looked for in it. */
#include "docker/brief.h"

#include <stdbool.h>
#include <string.h>

static bool is_among(char byte, const char *bytes)
{
    return byte != '\0' && strchr(bytes, byte) != NULL;
}

/* How many of the first bytes end with one of these; 0: there is none. */
static size_t last_of(const char *text, size_t length, const char *bytes)
{
    while (length > 0 && !is_among(text[length - 1], bytes))
        length--;
    return length;
}

static size_t begin_length(const char *text)
{
    size_t whole = last_of(text, BRIEF_HALF, "\r\n");

    return whole > 0 ? whole : last_of(text, BRIEF_HALF, " \t");
}

/* From the end of the text, of which at least half as much again stands before it. */
static const char *end_start(const char *text)
{
    const char *breaks[] = { "\r\n", " \t" };

    for (size_t i = 0; i < sizeof(breaks) / sizeof(breaks[0]); i++)
        for (const char *at = text; at < text + BRIEF_HALF; at++)
            if (is_among(at[-1], breaks[i]))
                return at;
    return text + BRIEF_HALF;
}

const char *brief_text(struct arena *arena, const char *text, size_t *length)
{
    static const char between[] = "\n … \n";
    size_t begin = 0;
    const char *end = NULL;
    char *brief = NULL;
    char *to = NULL;

    if (*length <= 2 * (size_t)BRIEF_HALF)
        return text;
    begin = begin_length(text);
    end = end_start(text + *length - BRIEF_HALF);
    brief = arena_alloc(arena, 2 * (size_t)BRIEF_HALF + sizeof(between));
    to = mempcpy(brief, text, begin);
    to = mempcpy(to, between, sizeof(between) - 1);
    to = mempcpy(to, end, (size_t)(text + *length - end));
    *to = '\0';
    *length = (size_t)(to - brief);
    return brief;
}
