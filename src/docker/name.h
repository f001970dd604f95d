/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the names that pods and containers have in docker: dockershim's, which
 * cri-dockerd keeps.
 * It must not know where they are written. */
#ifndef NAME_H
#define NAME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

/* k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT; a sandbox is the container called POD. */
struct name {
    const char *container; /* NAME_SANDBOX for a sandbox */
    const char *pod;
    const char *namespace;
    const char *uid;
    uint32_t attempt; /* of the container; for a sandbox of the pod */
};

#define NAME_SANDBOX "POD"

/* Refuses (INVALID_ARGUMENT) parts that are empty, hold "_" (the delimiter), or hold what docker
 * does not take in a name. */
bool name_check(const struct name *name, struct err *err);

const char *name_print(struct arena *arena, const struct name *name);

/* Reads a name, also one that cri-dockerd made unique by a seventh part. False if it is not one
 * of these. */
bool name_read(struct arena *arena, const char *text, struct name *name);

#endif
