/* SPDX-License-Identifier: Apache-2.0 */
/* This file holds the names of a case's files, and reads and writes what is in some of them.
 * It must not know how a case is recorded or played. */
#include "case_folder.h"

#include <string.h>

#include "base/text.h"
#include "docker/show.h"

const char *const fixture_names[FIXTURE_FILES] = {
    [FIXTURE_ABOUT] = "about",
    [FIXTURE_SETTINGS] = "settings",
    [FIXTURE_SURROUNDINGS] = "surroundings",
    [FIXTURE_REQUEST_JSON] = "request.json",
    [FIXTURE_REQUEST_FRAME] = "request.frame",
    [FIXTURE_STDOUT] = "docker.stdout",
    [FIXTURE_STDERR] = "docker.stderr",
    [FIXTURE_EXIT] = "docker.exit",
    [FIXTURE_ARGV] = "argv",
    [FIXTURE_FD_3] = "fd.3",
    [FIXTURE_FD_4] = "fd.4",
    [FIXTURE_ENVIRON] = "environ",
    [FIXTURE_IGNORED] = "ignored",
    [FIXTURE_RESPONSE] = "response.json",
    [FIXTURE_TRACE] = "trace",
    [FIXTURE_HOST_CHANGES] = "host.changes",
};

/* ==== words, a line each ==== */

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

/* ==== the command ==== */

static struct fixture_text shown_text(const char *data)
{
    return (struct fixture_text){ .data = data, .length = data == NULL ? 0 : strlen(data) };
}

static struct fixture_text shown_lines(struct arena *arena, const struct strv *words, bool redact)
{
    struct strv lines;

    strv_init(&lines, arena);
    for (size_t i = 0; i < words->count; i++)
        strv_push(&lines, redact ? show_env(arena, words->words[i]) : words->words[i]);
    return shown_text(lines.count == 0 ? NULL : lines_join(arena, lines.words, lines.count));
}

void fixture_command(struct arena *arena, const struct plan *plan,
                     struct fixture_text out[FIXTURE_FILES])
{
    const struct command *command = &plan->command;

    out[FIXTURE_IGNORED] = shown_lines(arena, &plan->ignored, false);
    if (plan->answered)
        return;
    out[FIXTURE_ARGV] = shown_lines(arena, &command->argv, false);
    out[FIXTURE_ENVIRON] = shown_lines(arena, &command->env, true);
    for (size_t i = 0; i < command->file_count; i++)
        out[FIXTURE_FD_3 + i] = shown_text(show_file(arena, command, i));
}

/* ==== how docker ended ==== */

enum { STATUS_MAX = 255, SIGNAL_MAX = 64 };

static const char signal_word[] = "signal ";
static const char deadline_line[] = "deadline\n";
static const char hang_up_line[] = "hang-up\n";

/* The text is a number up to most, and the end of the line. */
static bool read_exit_number(const char *text, int most, int *number)
{
    size_t digits = strspn(text, "0123456789");

    *number = 0;
    for (size_t i = 0; i < digits && i < 4; i++)
        *number = 10 * *number + (text[i] - '0');
    return digits > 0 && digits < 4 && *number <= most && strcmp(text + digits, "\n") == 0;
}

bool fixture_exit_read(const struct fixture_text *text, struct fixture_exit *ended, struct err *err)
{
    const char *line = text->data == NULL ? "0\n" : text->data;
    bool killed = text_begins(line, signal_word);

    *ended = (struct fixture_exit){ .how = killed                             ? FIXTURE_KILLED
                                           : strcmp(line, deadline_line) == 0 ? FIXTURE_DEADLINE
                                           : strcmp(line, hang_up_line) == 0  ? FIXTURE_HANG_UP
                                                                              : FIXTURE_EXITED };
    if (ended->how == FIXTURE_DEADLINE || ended->how == FIXTURE_HANG_UP)
        return true;
    if (killed ? read_exit_number(line + strlen(signal_word), SIGNAL_MAX, &ended->number) &&
                     ended->number > 0
               : read_exit_number(line, STATUS_MAX, &ended->number))
        return true;
    return err_set(err, GRPC_INVALID_ARGUMENT,
                   "docker.exit: is not a line with an exit status, \"signal N\", \"deadline\" or "
                   "\"hang-up\"");
}

const char *fixture_exit_line(struct arena *arena, const struct fixture_exit *ended)
{
    switch (ended->how) {
    case FIXTURE_DEADLINE:
        return deadline_line;
    case FIXTURE_HANG_UP:
        return hang_up_line;
    case FIXTURE_KILLED:
        return arena_printf(arena, "%s%d\n", signal_word, ended->number);
    case FIXTURE_EXITED:
        break;
    }
    return arena_printf(arena, "%d\n", ended->number);
}
