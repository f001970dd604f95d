/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the folder of a case: the names of its files, and the forms of what is in
 * them that both who records and who plays must know.
 * It must not know how a case is recorded or played. */
#ifndef CASE_FOLDER_H
#define CASE_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "docker/call.h"

/* All that a case's directory may hold; from FIXTURE_EXPECTED on it is what must come out. */
enum fixture_file {
    FIXTURE_ABOUT,
    FIXTURE_SETTINGS,
    FIXTURE_SURROUNDINGS,
    FIXTURE_REQUEST_JSON,
    FIXTURE_REQUEST_FRAME,
    FIXTURE_STDOUT,
    FIXTURE_STDERR,
    FIXTURE_EXIT,
    FIXTURE_ARGV,
    FIXTURE_FD_3,
    FIXTURE_FD_4,
    FIXTURE_ENVIRON,
    FIXTURE_IGNORED,
    FIXTURE_RESPONSE,
    FIXTURE_TRACE,
    FIXTURE_HOST_CHANGES,
    FIXTURE_FILES,
    FIXTURE_EXPECTED = FIXTURE_ARGV,
};

extern const char *const fixture_names[FIXTURE_FILES];

struct fixture_text {
    const char *data; /* length bytes and a NUL; NULL: there is no such file */
    size_t length;
};

/* One word a line, a backslash written "\\" and a newline "\n". */
const char *lines_join(struct arena *arena, const char *const *words, size_t count);

/* Fills what a plan's command is in a case, without its secrets: FIXTURE_ARGV to
 * FIXTURE_IGNORED. */
void fixture_command(struct arena *arena, const struct plan *plan,
                     struct fixture_text out[FIXTURE_FILES]);

/* How docker ended, a line: "3", an exit status (no file: 0); "signal 9", which killed it;
 * "deadline" or "hang-up", where the translator ended it because the time of the call was over or
 * its client had gone. */
struct fixture_exit {
    enum { FIXTURE_EXITED, FIXTURE_KILLED, FIXTURE_DEADLINE, FIXTURE_HANG_UP } how;
    int number; /* the status or the signal */
};

bool fixture_exit_read(const struct fixture_text *text, struct fixture_exit *ended,
                       struct err *err);

/* The line in the arena. */
const char *fixture_exit_line(struct arena *arena, const struct fixture_exit *ended);

#endif
