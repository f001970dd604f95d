/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the running of a client beside a folder that lasts as long as it does.
 * It must not know what the client is given to talk to. */
#ifndef FIXTURE_CLIENT_H
#define FIXTURE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "arena.h"
#include "err.h"

/* Makes a new folder of mode 0700 where temporary files go. NULL with err. */
const char *work_make(struct arena *arena, struct err *err);

/* Removes a folder and all that is in it. */
void work_remove(const char *path);

/* The program that runs now; and one beside it, else the first on PATH, NULL: there is none. */
const char *own_program(struct arena *arena);
const char *beside_own(struct arena *arena, const char *name);

/* Starts words[0] (looked for on PATH) with our descriptors and environment, and with the signals
 * at their default that we ignore. False with err. */
bool client_start(char *const *words, pid_t *child, struct err *err);

/* Starts it, and waits for its end: interrupts are the client's, and TERM is passed on. The status
 * as a shell has it, 127 with err when it cannot be started. */
int client_run(char *const *words, struct err *err);

/* Waits. child_wait gives what wait(2) says, child_status what a shell does: 128 + the signal's
 * number where one killed the child. */
int child_wait(pid_t child);
int child_status(pid_t child);

/* Ends this process by the signal that ended a child; or returns its exit status. */
int end_as(int status);

/* A process that is signalled when we are, by the signals that end us; 0: none yet. What a terminal
 * sends goes to both of us, and is not passed on. */
extern volatile pid_t signalled;
void pass_signals_on(void);

/* For any way in which we may have been started: opens those of the three descriptors that are not,
 * so that no file of ours gets their number, and lets children leave a status. */
void start_well(void);

#endif
