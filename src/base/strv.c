/* SPDX-License-Identifier: Apache-2.0 */
/* This file grows lists of words in an arena.
 * It must not know what the words mean. */
#include "base/strv.h"

#include <stdarg.h>
#include <string.h>

void strv_init(struct strv *strv, struct arena *arena)
{
    *strv = (struct strv){ .arena = arena };
}

static void append(struct strv *strv, const char *word)
{
    if (strv->count + 1 >= strv->room) {
        size_t room = strv->room == 0 ? 16 : strv->room * 2;
        const char **words = arena_array(strv->arena, room, sizeof(*words));

        if (strv->count > 0)
            memcpy(words, strv->words, strv->count * sizeof(*words));
        strv->words = words;
        strv->room = room;
    }
    strv->words[strv->count++] = word;
    strv->words[strv->count] = NULL;
}

void strv_push(struct strv *strv, const char *word)
{
    append(strv, arena_strdup(strv->arena, word));
}

void strv_pushf(struct strv *strv, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    append(strv, arena_vprintf(strv->arena, format, arguments));
    va_end(arguments);
}

void strv_pop(struct strv *strv)
{
    strv->words[--strv->count] = NULL;
}

void strv_push_all(struct strv *strv, char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        strv_push(strv, words[i]);
}
