/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads and writes how docker ended.
 * It must not know what docker was asked. */
#include "fixture_exit.h"

#include <string.h>
#include <sys/wait.h>

enum { STATUS_MAX = 255, SIGNAL_MAX = 64 };

static const char signal_word[] = "signal ";
static const char deadline_line[] = "deadline\n";
static const char hang_up_line[] = "hang-up\n";

/* The text is a number up to most, and the end of the line. */
static bool read_number(const char *text, int most, int *number)
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
    bool killed = strncmp(line, signal_word, strlen(signal_word)) == 0;

    *ended = (struct fixture_exit){ .how = killed                             ? FIXTURE_KILLED
                                           : strcmp(line, deadline_line) == 0 ? FIXTURE_DEADLINE
                                           : strcmp(line, hang_up_line) == 0  ? FIXTURE_HANG_UP
                                                                              : FIXTURE_EXITED };
    if (ended->how == FIXTURE_DEADLINE || ended->how == FIXTURE_HANG_UP)
        return true;
    if (killed ? read_number(line + strlen(signal_word), SIGNAL_MAX, &ended->number) &&
                     ended->number > 0
               : read_number(line, STATUS_MAX, &ended->number))
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

struct fixture_exit fixture_exit_of(int status)
{
    if (WIFSIGNALED(status))
        return (struct fixture_exit){ .how = FIXTURE_KILLED, .number = WTERMSIG(status) };
    return (struct fixture_exit){ .how = FIXTURE_EXITED, .number = WEXITSTATUS(status) };
}
