/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the links that the CRI wants where a container's log is to be.
 * It must not know any RPC. */
#ifndef LOGLINK_H
#define LOGLINK_H

#include <stdbool.h>

#include "err.h"

/* Links directory/name (path_is_beneath) to target, beneath root (a prefix of directory; ""). No
 * link is followed below the directory, and nothing is replaced but a link of ours, to a
 * container's "ID/ID-json.log". The directory and the folders within it must be there. Errors:
 * FAILED_PRECONDITION.
 */
bool loglink_make(const char *root, const char *directory, const char *name, const char *target,
                  struct err *err);

#endif
