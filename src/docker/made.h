/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares how a docker run or create is told that failed: what is there already, and
 * what it has left. A caller that composes calls finds both by these words.
 * It must not know which RPC failed. */
#ifndef MADE_H
#define MADE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "docker/command.h"

/* Stands in the text of an error where docker has made a container, and the call failed after
 * that. */
#define LEFT_BEHIND "; remove it before the next try"

/* Stands in the text of an ALREADY_EXISTS before the whole id of the container that has docker's
 * name, where docker says it. */
#define HELD_BY " is there already: "

/* Sets the error for a docker run or create that failed, as failure_set does; what is the CRI's
 * word for what was to be made, so that a conflict of docker's names is told in it. Returns
 * false. */
bool made_failure(struct arena *arena, const struct docker_result *result, const char *what,
                  struct err *err);

#endif
