/* SPDX-License-Identifier: Apache-2.0 */
/* This file says a pod's cgroup as docker wants it.
 * It must not know any RPC's messages. */
#include "docker/parent_cgroup.h"

#include <string.h>

const char *docker_cgroup_parent(const char *path)
{
    size_t length = strlen(path);
    const char *slash = strrchr(path, '/');

    if (slash != NULL && length > 6 && strcmp(path + length - 6, ".slice") == 0)
        return slash + 1;
    return path;
}
