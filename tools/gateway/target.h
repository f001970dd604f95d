/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares whose pid namespace a new container is to share, and whether it may.
 * It must not know how the translator is asked. */
#ifndef GATEWAY_TARGET_H
#define GATEWAY_TARGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/cri.h"
#include "base/err.h"

/* The whole id of the container that a CreateContainerRequest's bytes name as the target of a pid
 * namespace, in the arena; "" when they name none. What is malformed, or no whole id, is the
 * translator's to refuse. */
const char *target_of_request(struct arena *arena, const uint8_t *bytes, size_t length);

/* Whether the list has it as a running container of the sandbox: what shares its pid namespace sees
 * the environment and the files of its processes. False with FAILED_PRECONDITION. */
bool target_check(const CRI(ListContainersResponse) *list, const char *target, const char *sandbox,
                  struct err *err);

#endif
