/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the start of a child process.
 * It must not know what the child is for. */
#ifndef SPAWN_H
#define SPAWN_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The child's descriptor is /dev/null. */
enum { SPAWN_NULL = -1 };

/* What a child gets: SIGPIPE and SIGXFSZ at their default, which we and who started us may ignore,
 * and what is said here. */
struct spawn {
    char *const *words;       /* the first is the program, looked for on PATH */
    char *const *environment; /* NULL: ours */
    const int *fds; /* of ours, for its descriptors 0, 1, …: the same number, or one that
                       is no number of an earlier one */
    int fd_count;
    bool close_rest;      /* of ours that are not CLOEXEC: else the child has them, too */
    bool own_group;       /* it is in a process group that is not ours: */
    pid_t group;          /* in this one; 0: it leads a new one */
    const sigset_t *mask; /* of signals; NULL: ours */
};

/* Starts it. 0, or the number of the error. */
int spawn(const struct spawn *child, pid_t *pid);

/* Waits for the end of a child, and gives what wait(2) says of it; -1 where there is none. */
int spawn_wait(pid_t pid);

/* That as a shell has it: 128 + the signal's number where one killed the child. */
int spawn_status(int status);

#endif
