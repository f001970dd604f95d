/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares how docker ended, as docker.exit has it.
 * It must not know what docker was asked. */
#ifndef FIXTURE_EXIT_H
#define FIXTURE_EXIT_H

#include "fixture_case.h"

/* A line: "3", an exit status (no file: 0); "signal 9", which killed it; "deadline" or "hang-up",
 * where the translator ended it because the time of the call was over or its client had gone. */
struct fixture_exit {
    enum { FIXTURE_EXITED, FIXTURE_KILLED, FIXTURE_DEADLINE, FIXTURE_HANG_UP } how;
    int number; /* the status or the signal */
};

bool fixture_exit_read(const struct fixture_text *text, struct fixture_exit *ended,
                       struct err *err);

/* The line in the arena. */
const char *fixture_exit_line(struct arena *arena, const struct fixture_exit *ended);

/* What wait(2) says of a process. */
struct fixture_exit fixture_exit_of(int status);

#endif
