/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of what a call finds around it: variables, the caller's docker
 * configuration, a nonce.
 * It must not know any RPC. */
#ifndef SURROUNDINGS_H
#define SURROUNDINGS_H

#include "docker/call.h"

/* A settings_lookup of the process's environment; context is not used. */
const char *surroundings_variable(void *context, const char *name);

/* Fills surroundings, but for docker's configuration; texts from the arena. */
void surroundings_read(struct arena *arena, struct surroundings *surroundings);

/* Fills what calls that run docker ask for (method->docker_config): where the caller's docker
 * configuration is, and what is in it. What cannot be read is "". */
void surroundings_read_docker(struct arena *arena, struct surroundings *surroundings);

#endif
