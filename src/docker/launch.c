/* SPDX-License-Identifier: Apache-2.0 */
/* This file starts one child process with just the descriptors that it is to have.
 * It must not know what the command is for. */
#include "docker/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"
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

static bool same_name(const char *entry, const char *other)
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
            replaced = same_name(environ[i], command->env.words[j]);
        if (!replaced)
            list[count++] = environ[i];
    }
    for (size_t i = 0; i < command->env.count; i++)
        list[count++] = (char *)(uintptr_t)command->env.words[i];
    add_go_settings(list, count);
    return list;
}

static int add_actions(posix_spawn_file_actions_t *actions, int count, const int *files, int out,
                       int error)
{
    int failed = posix_spawn_file_actions_addopen(actions, 0, "/dev/null", O_RDONLY, 0);

    failed |= posix_spawn_file_actions_adddup2(actions, out, 1);
    failed |= posix_spawn_file_actions_adddup2(actions, error, 2);
    for (int i = 0; i < count && i < COMMAND_FILES; i++)
        failed |= posix_spawn_file_actions_adddup2(actions, files[i], COMMAND_FIRST_FD + i);
    failed |= posix_spawn_file_actions_addclosefrom_np(actions, COMMAND_FIRST_FD + count);
    return failed;
}

static int add_attributes(posix_spawnattr_t *attributes, const sigset_t *mask, pid_t group)
{
    sigset_t defaults;

    /* The activator may have ignored SIGPIPE, and we do. */
    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                    POSIX_SPAWN_SETSIGDEF) |
           posix_spawnattr_setpgroup(attributes, group) |
           posix_spawnattr_setsigmask(attributes, mask) |
           posix_spawnattr_setsigdefault(attributes, &defaults);
}

static int spawn(const struct command *command, const int *files, int out, int error,
                 const sigset_t *mask, struct launched *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **env = child_environment(command);
    int failed = env == NULL ? ENOMEM : 0;

    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (failed == 0 && (add_actions(&actions, (int)command->file_count, files, out, error) != 0 ||
                        add_attributes(&attributes, mask, child->guard.pid) != 0))
        failed = ENOMEM;
    if (failed == 0)
        failed = posix_spawnp(&child->pid, command->argv.words[0], &actions, &attributes,
                              (char *const *)(uintptr_t)command->argv.words, env);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    free(env);
    return failed;
}

static bool spawn_failed(const struct command *command, int failed, struct err *err)
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
        failed = spawn(command, files, out[1], error[1], mask, child);
        ready = failed == 0 || spawn_failed(command, failed, err);
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
