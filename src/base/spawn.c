/* SPDX-License-Identifier: Apache-2.0 */
/* This file starts child processes.
 * It must not know what they are for. */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { KILLED = 128, CANNOT_RUN = 127 };

static int add_actions(posix_spawn_file_actions_t *actions, const struct spawn *child)
{
    int failed = 0;

    for (int i = 0; i < child->fd_count; i++)
        failed |= child->fds[i] == SPAWN_NULL
                      ? posix_spawn_file_actions_addopen(actions, i, "/dev/null", O_RDONLY, 0)
                      : posix_spawn_file_actions_adddup2(actions, child->fds[i], i);
    if (child->close_rest)
        failed |= posix_spawn_file_actions_addclosefrom_np(actions, child->fd_count);
    return failed;
}

static int add_attributes(posix_spawnattr_t *attributes, const struct spawn *child)
{
    int flags = POSIX_SPAWN_SETSIGDEF | (child->own_group ? POSIX_SPAWN_SETPGROUP : 0) |
                (child->mask != NULL ? POSIX_SPAWN_SETSIGMASK : 0);
    sigset_t defaults;

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    sigaddset(&defaults, SIGXFSZ);
    return posix_spawnattr_setflags(attributes, (short)flags) |
           posix_spawnattr_setsigdefault(attributes, &defaults) |
           posix_spawnattr_setpgroup(attributes, child->group) |
           (child->mask == NULL ? 0 : posix_spawnattr_setsigmask(attributes, child->mask));
}

int spawn(const struct spawn *child, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int failed = 0;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (add_actions(&actions, child) != 0 || add_attributes(&attributes, child) != 0)
        failed = ENOMEM;
    else
        failed = posix_spawnp(pid, child->words[0], &actions, &attributes, child->words,
                              child->environment == NULL ? environ : child->environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}

int spawn_wait(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -1;
    return status;
}

int spawn_status(int status)
{
    if (status < 0)
        return CANNOT_RUN;
    return WIFSIGNALED(status) ? KILLED + WTERMSIG(status) : WEXITSTATUS(status);
}
