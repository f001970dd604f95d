/* SPDX-License-Identifier: Apache-2.0 */
/* This file says where the unit tests make their files.
 * It must not know what is tested. */
#ifndef TEMP_H
#define TEMP_H

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* A path below TMPDIR, at most PATH_MAX bytes long. */
static inline void temp_path(char path[PATH_MAX], const char *name)
{
    const char *folder = getenv("TMPDIR");

    snprintf(path, PATH_MAX, "%.*s/%s", PATH_MAX / 2, folder != NULL ? folder : "/tmp", name);
}

#endif
