/* SPDX-License-Identifier: Apache-2.0 */
/* This file finds the running program, and those beside it.
 * It must not know what the programs do. */
#include "base/program.h"

#include <string.h>
#include <sys/types.h>
#include <unistd.h>

const char *program_own(char *path, size_t room)
{
    ssize_t length = room == 0 ? -1 : readlink("/proc/self/exe", path, room);

    if (length <= 0 || (size_t)length == room) /* none, or cut off */
        return NULL;
    path[length] = '\0';
    return path;
}

const char *program_beside(const char *name, char *path, size_t room)
{
    size_t length = strlen(name) + 1;

    if (room <= length || program_own(path, room - length) == NULL)
        return name;
    memcpy(strrchr(path, '/') + 1, name, length);
    return access(path, X_OK) == 0 ? path : name;
}
