/* SPDX-License-Identifier: Apache-2.0 */
/* This file starts one child process with just the descriptors that it is to have.
 * It must not know what the command is for. */
#include "docker/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/spawn.h"
#include "base/text.h"
#include "docker/config_dir.h"

/* Above all that the child gets, so that no dup2 in it can overwrite the source of a later one. */
enum { HIGH_FD = COMMAND_FIRST_FD + COMMAND_FILES };

static bool system_error(struct err *err, const char *what)
{
    return err_set(err, GRPC_INTERNAL, "%s: %s", what, strerror(errno));
}

/* The file's content in memory. */
static int content_fd(const struct command_file *file)
{
    int low = memfd_create("cri-oneshot", MFD_CLOEXEC);
    int high = low < 0 ? -1 : fcntl(low, F_DUPFD_CLOEXEC, HIGH_FD);
    size_t at = 0;

    fd_close(&low);
    while (high >= 0 && at < file->length) {
        ssize_t count = write(high, file->data + at, file->length - at);

        if (count < 0)
            fd_close(&high);
        else
            at += (size_t)count;
    }
    return high;
}

static bool open_files(const struct command *command, int *fds, struct err *err)
{
    for (size_t i = 0; i < command->file_count; i++) {
        fds[i] = content_fd(&command->files[i]);
        if (fds[i] < 0)
            return system_error(err, "memory file for docker");
    }
    return true;
}

static bool same_variable(const char *entry, const char *other)
{
    size_t length = strcspn(entry, "=");

    return strncmp(entry, other, length) == 0 && other[length] == '=';
}

/* docker's command line lives too short for Go's garbage collector to be worth its start: without
 * it docker ps takes about a tenth less (tests/bench). A caller's own choice stands. */
static void add_go_settings(char **list, size_t count)
{
    static char collector[] = "GOGC=off";
    static char limit[] = "GOMEMLIMIT=256MiB";

    if (getenv("GOGC") != NULL || getenv("GOMEMLIMIT") != NULL)
        return;
    list[count] = collector;
    list[count + 1] = limit;
}

/* Our environment with the command's words in place of those of the same name. */
static char **child_environment(const struct command *command)
{
    enum { GO_SETTINGS = 2 };
    size_t ours = 0;
    size_t count = 0;
    char **list = NULL;

    while (environ[ours] != NULL)
        ours++;
    list = calloc(ours + command->env.count + GO_SETTINGS + 1, sizeof(*list));
    if (list == NULL)
        return NULL;
    for (size_t i = 0; i < ours; i++) {
        bool replaced = false;

        for (size_t j = 0; j < command->env.count && !replaced; j++)
            replaced = same_variable(environ[i], command->env.words[j]);
        if (!replaced)
            list[count++] = environ[i];
    }
    for (size_t i = 0; i < command->env.count; i++)
        list[count++] = text_borrowed(command->env.words[i]);
    add_go_settings(list, count);
    return list;
}

static int start_docker(const struct command *command, const int *files, int out, int error,
                        const sigset_t *mask, struct launched *launched)
{
    int fds[HIGH_FD] = { SPAWN_NULL, out, error };
    char **env = child_environment(command);
    const struct spawn child = {
        .words = (char *const *)(uintptr_t)command->argv.words,
        .environment = env,
        .fds = fds,
        .fd_count = COMMAND_FIRST_FD + (int)command->file_count,
        .close_rest = true,
        .own_group = true,
        .group = launched->guard.pid,
        .mask = mask,
    };
    int failed = ENOMEM;

    for (size_t i = 0; i < command->file_count && i < COMMAND_FILES; i++)
        fds[COMMAND_FIRST_FD + i] = files[i];
    if (env != NULL)
        failed = spawn(&child, &launched->pid);
    free(env);
    return failed;
}

/* The service manager may have had us spared when memory is short (OOMScoreAdjust=), which docker
 * does not inherit: it takes the most, and the call can tell of its end. */
static void let_oom_take(pid_t pid)
{
    char path[sizeof("/proc//oom_score_adj") + 3 * sizeof(pid)];
    char first = '0';
    int fd = open("/proc/self/oom_score_adj", O_RDONLY | O_CLOEXEC);
    bool spared = fd >= 0 && read(fd, &first, 1) == 1 && first == '-';

    fd_close(&fd);
    if (!spared)
        return;
    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd >= 0 && write(fd, "0", 1) != 1)
        fd_close(&fd);
    fd_close(&fd);
}

static bool start_failed(const struct command *command, int failed, struct err *err)
{
    if (failed == E2BIG)
        return err_set(err, GRPC_RESOURCE_EXHAUSTED,
                       "docker's command line: the values of the request are too long for one");
    return err_set(err, GRPC_UNAVAILABLE, "docker's command line \"%s\": %s",
                   command->argv.words[0], strerror(failed));
}

bool launch(const struct command *command, const sigset_t *mask, struct launched *child,
            struct err *err)
{
    int files[COMMAND_FILES] = { -1, -1 };
    int out[2] = { -1, -1 };
    int error[2] = { -1, -1 };
    int failed = 0;
    bool ready = guard_start(&child->guard, command->config_dir, err) &&
                 open_files(command, files, err) &&
                 config_dir_make(command, &child->config_dir, err);

    if (ready && (pipe2(out, O_CLOEXEC) != 0 || pipe2(error, O_CLOEXEC) != 0))
        ready = system_error(err, "pipe for docker's output");
    if (ready) {
        failed = start_docker(command, files, out[1], error[1], mask, child);
        ready = failed == 0 || start_failed(command, failed, err);
        if (ready)
            let_oom_take(child->pid);
    }
    fd_close(&out[1]);
    fd_close(&error[1]);
    for (size_t i = 0; i < COMMAND_FILES; i++)
        fd_close(&files[i]);
    child->stdout_fd = out[0];
    child->stderr_fd = error[0];
    if (ready) {
        fcntl(out[0], F_SETFL, O_NONBLOCK);
        fcntl(error[0], F_SETFL, O_NONBLOCK);
    }
    return ready;
}

void launch_clean_up(const struct command *command, struct launched *child)
{
    fd_close(&child->stdout_fd);
    fd_close(&child->stderr_fd);
    if (child->config_dir)
        config_dir_remove(command->config_dir);
    guard_end(&child->guard);
}
