/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what is asked of paths in a request.
 * It must not know any file system. */
#ifndef PATH_H
#define PATH_H

#include <stdbool.h>

#include "base/err.h"

/* Refuses (INVALID_ARGUMENT, naming the field) a path that is not absolute: docker would take one
 * for a keyword or for a volume's name. */
bool path_check_absolute(const char *field, const char *path, struct err *err);

/* Whether a path stays beneath any folder: relative, no part empty, "." or "..". */
bool path_is_beneath(const char *path);

#endif
