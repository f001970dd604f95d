/* SPDX-License-Identifier: Apache-2.0 */
/* This file shows commands without their secrets.
 * It must not know which RPC they are for. */
#include "docker/show.h"

#include <string.h>

#include "docker/client_config.h"

const char *show_word(struct arena *arena, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "-_./:=,@%+";
    size_t length = strlen(word);
    char *quoted = NULL;
    char *at = NULL;

    if (length > 0 && strspn(word, plain) == length)
        return word;
    quoted = arena_alloc(arena, 4 * length + 3);
    at = mempcpy(quoted, "'", 1);
    for (; *word != '\0'; word++)
        at = *word == '\'' ? mempcpy(at, "'\\''", 4) : mempcpy(at, word, 1);
    mempcpy(at, "'", 1);
    return quoted;
}

const char *show_argv(struct arena *arena, const struct command *command)
{
    size_t room = 1;
    char *line = NULL;
    char *at = NULL;

    for (size_t i = 0; i < command->argv.count; i++)
        room += 4 * strlen(command->argv.words[i]) + 3;
    line = arena_alloc(arena, room);
    at = line;
    for (size_t i = 0; i < command->argv.count; i++) {
        const char *word = show_word(arena, command->argv.words[i]);

        at = mempcpy(at, " ", i > 0);
        at = mempcpy(at, word, strlen(word));
    }
    return line;
}

const char *show_env(struct arena *arena, const char *word)
{
    size_t length = strcspn(word, "=");

    if (strncmp(word, "DOCKER_CERT_PATH=", length + 1) == 0)
        return word;
    return arena_printf(arena, "%.*s=" SHOW_REDACTED, (int)length, word);
}

static const char *show_environment(struct arena *arena, const struct command_file *file)
{
    static const char redacted[] = "=" SHOW_REDACTED "\n";
    size_t lines = 1;
    char *text = NULL;
    char *to = NULL;

    for (size_t i = 0; i < file->length; i++)
        lines += file->data[i] == '\n';
    text = arena_alloc(arena, file->length + lines * sizeof(redacted));
    to = text;
    for (size_t at = 0; at < file->length;) {
        const char *line = file->data + at;
        const char *end = memchr(line, '\n', file->length - at);
        size_t length = end == NULL ? file->length - at : (size_t)(end - line);
        const char *equals = memchr(line, '=', length);

        to = mempcpy(to, line, equals == NULL ? length : (size_t)(equals - line));
        to = mempcpy(to, redacted, sizeof(redacted) - 1);
        at += length + 1;
    }
    return text;
}

const char *show_file(struct arena *arena, const struct command *command, size_t index)
{
    const struct command_file *file = &command->files[index];

    if (command->config_dir != NULL && index == 0)
        return arena_printf(arena, "%s\n", client_config_show(arena, file->data, file->length));
    return show_environment(arena, file);
}
