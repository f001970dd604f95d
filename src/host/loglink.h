/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the links that the CRI wants where a container's log is to be.
 * It must not know any RPC. */
#ifndef LOGLINK_H
#define LOGLINK_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* Whether loglink_make could make its link, as far as can be told: the folder is there and can be
 * written, and the name is free or a link of ours. Errors: FAILED_PRECONDITION. */
bool loglink_check(const char *root, const char *directory, const char *name, struct err *err);

/* Links directory/name (path_is_beneath) to target, beneath root (a prefix of directory; ""). No
 * link is followed below the directory, and nothing is replaced but a link of ours, to a
 * container's "ID/ID-json.log". The directory and the folders within it must be there. Errors:
 * FAILED_PRECONDITION.
 */
bool loglink_make(const char *root, const char *directory, const char *name, const char *target,
                  struct err *err);

/* Removes the link at path, beneath root, if it is one to exactly this target; anything else there
 * stays, and is well. Errors: FAILED_PRECONDITION. */
bool loglink_remove(const char *root, const char *path, const char *target, struct err *err);

/* The file that docker writes the log of a container to; id has all its digits. */
const char *loglink_target(struct arena *arena, const char *docker_root, const char *id);

#endif
