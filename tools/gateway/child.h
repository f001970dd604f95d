/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares one run of the translator: a child that gets a frame and gives frames back.
 * It must not know what the frames say. */
#ifndef GATEWAY_CHILD_H
#define GATEWAY_CHILD_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

/* The pipes, non-blocking; -1 where they are closed. Closing out ends the translator, and the
 * docker that it runs: it watches for that. Who starts a child reaps it by SIGCHLD. */
struct child {
    pid_t pid; /* 0: it was not started */
    int in;
    int out;
    struct buf unsent; /* what goes to in */
    size_t sent;
};

void child_init(struct child *child);

/* Starts program (looked for on PATH) with mask as its signal mask, to be given the bytes of
 * child->unsent. UNAVAILABLE when it cannot be started. */
bool child_start(struct child *child, const char *program, const sigset_t *mask, struct err *err);

/* Starts a process of our own that does what may block, and then ends; what it writes to descriptor
 * 1 comes to out. UNAVAILABLE when it cannot be started. */
bool child_fork(struct child *child, void (*function)(void *context), void *context,
                struct err *err);

/* Sends what in takes now; closes in when all is sent, or will never be. */
void child_push(struct child *child);

/* Closes both pipes, and lets what was not sent go. */
void child_close(struct child *child);

#endif
