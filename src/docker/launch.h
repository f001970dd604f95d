/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the start of the one docker command.
 * It must not know what the command is for. */
#ifndef LAUNCH_H
#define LAUNCH_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "docker/command.h"
#include "docker/guard.h"

/* A child and the reading ends of its output, non-blocking. */
struct launched {
    struct guard guard; /* leads its process group */
    pid_t pid;
    int stdout_fd;
    int stderr_fd;
    bool config_dir; /* made, and to be removed */
};

/* Makes the command's config folder and memory files and starts it in a process group of its own,
 * under a guard, with /dev/null as its input, mask as its signal mask, and not spared when memory
 * is short where we are (oom_score_adj). False when that fails: UNAVAILABLE when the program cannot
 * be started, RESOURCE_EXHAUSTED when its arguments are too long, else INTERNAL. launch_clean_up is
 * due in either case. */
bool launch(const struct command *command, const sigset_t *mask, struct launched *child,
            struct err *err);

/* When it has ended: closes what is open of it, removes the config folder, if launch made one, and
 * ends the guard. */
void launch_clean_up(const struct command *command, struct launched *child);

#endif
