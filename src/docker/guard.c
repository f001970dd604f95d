/* SPDX-License-Identifier: Apache-2.0 */
/* This file guards one docker command: what has to be done when we cannot do it any more.
 * It must not know what the command is for. */
#include "docker/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/spawn.h"
#include "docker/config_dir.h"

/* In the forked process: everything here is async-signal-safe, and nothing returns. The pipe's end
 * comes when we and the docker that is just being started have closed it, so that docker is in the
 * group by then. */
static _Noreturn void stand_guard(int alive, const char *config_dir)
{
    sigset_t all;
    char byte = 0;

    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    setpgid(0, 0);
    dup2(alive, STDIN_FILENO);
    closefrom(STDIN_FILENO + 1);
    prctl(PR_SET_NAME, "docker-guard");
    while (read(STDIN_FILENO, &byte, 1) < 0 && errno == EINTR)
        continue;
    config_dir_remove(config_dir);
    kill(0, SIGKILL);
    _exit(0);
}

static bool no_guard(struct guard *guard, struct err *err)
{
    err_set(err, GRPC_UNAVAILABLE, "a process that guards docker's: %s", strerror(errno));
    fd_close(&guard->alive);
    return false;
}

bool guard_start(struct guard *guard, const char *config_dir, struct err *err)
{
    int ends[2] = { -1, -1 };
    pid_t pid = 0;

    *guard = (struct guard){ .alive = -1 };
    if (pipe2(ends, O_CLOEXEC) != 0)
        return no_guard(guard, err);
    guard->alive = ends[1];
    pid = _Fork();
    if (pid == 0)
        stand_guard(ends[0], config_dir);
    fd_close(&ends[0]);
    if (pid < 0)
        return no_guard(guard, err);
    /* It does the same: whoever comes first, docker finds the group. */
    setpgid(pid, pid);
    guard->pid = pid;
    return true;
}

void guard_end(struct guard *guard)
{
    if (guard->pid != 0) {
        kill(guard->pid, SIGKILL);
        spawn_wait(guard->pid);
    }
    guard->pid = 0;
    fd_close(&guard->alive);
}
