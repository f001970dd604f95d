/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the guard of one docker command: a process that ends docker when we have gone
 * without doing so (KILL, the kernel's when memory is short, a crash).
 * It must not know what the command is for. */
#ifndef GUARD_H
#define GUARD_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"

/* Leads the process group that docker is to be started in. Its pipe, which no other process holds
 * for longer than its start takes, tells it of our end. */
struct guard {
    pid_t pid; /* also the group's number; 0: there is none */
    int alive; /* our end of the pipe */
};

/* Starts it. When we end before guard_end, it removes config_dir (NULL: none) as config_dir_remove
 * does, and kills its group, itself included. It takes no signal but KILL, and has no descriptor
 * besides its pipe. False with UNAVAILABLE when there can be no further process; guard_end is due
 * in either case. */
bool guard_start(struct guard *guard, const char *config_dir, struct err *err);

/* Ends it, and waits for it; the rest of its group lives on. Until then the group's number is no
 * other's. */
void guard_end(struct guard *guard);

#endif
