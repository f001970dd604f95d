/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes and removes the folder that docker's --config names for one call.
 * It must not know what is in docker's configuration. */
#include "docker/config_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

static bool no_config_dir(struct err *err)
{
    return err_set(err, GRPC_INTERNAL, "folder for docker's configuration: %s", strerror(errno));
}

/* What a crash would leave behind holds no secret: the credentials are in the memfd alone. */
bool config_dir_make(const struct command *command, bool *made, struct err *err)
{
    int dir = -1;
    bool linked = false;

    if (command->config_dir == NULL)
        return true;
    if (mkdir(command->config_dir, 0700) != 0)
        return no_config_dir(err);
    *made = true;
    dir = open(command->config_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    linked = dir >= 0 && symlinkat("/proc/self/fd/3", dir, "config.json") == 0 &&
             (command->contexts_target == NULL ||
              symlinkat(command->contexts_target, dir, "contexts") == 0);
    if (!linked)
        no_config_dir(err);
    fd_close(&dir);
    return linked;
}

void config_dir_remove(const char *path)
{
    int dir = path == NULL ? -1 : open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (dir < 0)
        return;
    unlinkat(dir, "config.json", 0);
    unlinkat(dir, "contexts", 0);
    fd_close(&dir);
    rmdir(path);
}
