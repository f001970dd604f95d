/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads and writes the lines of fixtures.
 * It must not know what they mean. */
#include "fixture_lines.h"

#include <string.h>

void lines_read(struct lines *lines, struct arena *arena, const char *text)
{
    strv_init(&lines->words, arena);
    while (text != NULL && *text != '\0') {
        size_t length = strcspn(text, "\n");

        strv_push(&lines->words, arena_strndup(arena, text, length));
        text += length + (text[length] != '\0');
    }
    lines->used = arena_array(arena, lines->words.count, sizeof(bool));
}

const char *lines_value(struct lines *lines, const char *name)
{
    size_t length = strlen(name);

    for (size_t i = 0; i < lines->words.count; i++) {
        const char *word = lines->words.words[i];

        if (strncmp(word, name, length) != 0 || word[length] != '=')
            continue;
        lines->used[i] = true;
        return word + length + 1;
    }
    return NULL;
}

bool lines_all_used(const struct lines *lines, const char *file, struct err *err)
{
    for (size_t i = 0; i < lines->words.count; i++)
        if (!lines->used[i])
            return err_set(err, GRPC_INVALID_ARGUMENT, "%s: \"%s\" is not known", file,
                           lines->words.words[i]);
    return true;
}

const char *lines_join(struct arena *arena, const char *const *words, size_t count)
{
    size_t room = 1;
    char *text = NULL;
    char *at = NULL;

    for (size_t i = 0; i < count; i++)
        room += 2 * strlen(words[i]) + 1;
    text = arena_alloc(arena, room);
    at = text;
    for (size_t i = 0; i < count; i++) {
        for (const char *word = words[i]; *word != '\0'; word++) {
            if (*word == '\\' || *word == '\n')
                *at++ = '\\';
            *at++ = *word == '\n' ? 'n' : *word;
        }
        *at++ = '\n';
    }
    return text;
}
