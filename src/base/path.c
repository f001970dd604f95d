/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks paths of a request.
 * It must not know any file system. */
#include "base/path.h"

#include <string.h>

bool path_check_absolute(const char *field, const char *path, struct err *err)
{
    if (*path != '/')
        return err_set(err, GRPC_INVALID_ARGUMENT, "%s \"%s\": is not an absolute path", field,
                       path);
    return true;
}

static bool is_path_name(const char *part, size_t length)
{
    return length > 0 && !(length <= 2 && strncmp(part, "..", length) == 0);
}

bool path_is_beneath(const char *path)
{
    for (;;) {
        size_t length = strcspn(path, "/");

        if (!is_path_name(path, length))
            return false;
        if (path[length] == '\0')
            return true;
        path += length + 1;
    }
}
