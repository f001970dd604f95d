/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the measuring of a container's writable layer.
 * It must not know the docker command line or the CRI. */
#ifndef LAYER_H
#define LAYER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

/* The folder that holds what a container has written, below root/DOCKER_ROOT. False with another
 * storage driver than overlay2, and for a container that is gone. */
bool layer_find(struct arena *arena, const char *root, const char *docker_root, const char *id,
                const char **path);

/* What all of a folder takes on its file system, itself included, as du counts: blocks allocated,
 * each inode once. Where block is not 0 it is what it would take on one of blocks of that size: a
 * folder one, a file as many as it fills, all else none. Follows no links. False where that cannot
 * be said: the folder is gone, has folders nested deeper than 256, or more than a million entries.
 * What vanishes meanwhile is left out. */
bool layer_usage(const char *path, uint64_t block, uint64_t *bytes, uint64_t *inodes);

#endif
