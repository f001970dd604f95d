/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of what a call finds around it: variables, the caller's docker
 * configuration, a nonce.
 * It must not know any RPC. */
#ifndef SURROUNDINGS_H
#define SURROUNDINGS_H

#include "call.h"

/* A settings_lookup of the process's environment; context is not used. */
const char *surroundings_variable(void *context, const char *name);

/* Fills surroundings; texts from the arena. What cannot be read is "". */
void surroundings_read(struct arena *arena, struct surroundings *surroundings);

#endif
