/* SPDX-License-Identifier: Apache-2.0 */
/* This file runs a client beside a folder that lasts as long as it does.
 * It must not know what the client is given to talk to. */
#include "fixture_client.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CANNOT_START = 127, OPEN_FOLDERS = 16, KILLED = 128 };

/* ==== the folder ==== */

const char *work_make(struct arena *arena, struct err *err)
{
    const char *where = getenv("TMPDIR");
    char *path = arena_printf(arena, "%s/cri-fixture.XXXXXX",
                              where == NULL || *where != '/' ? "/tmp" : where);

    if (mkdtemp(path) != NULL)
        return path;
    err_set(err, GRPC_UNAVAILABLE, "%s: %s", path, strerror(errno));
    return NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

void work_remove(const char *path)
{
    nftw(path, remove_one, OPEN_FOLDERS, FTW_DEPTH | FTW_PHYS | FTW_MOUNT);
}

/* ==== programs ==== */

const char *own_program(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path));

    return length <= 0 ? "cri-fixture" : arena_strndup(arena, path, (size_t)length);
}

static const char *program_in(struct arena *arena, const char *folder, size_t length,
                              const char *name)
{
    const char *path =
        length == 0 ? name : arena_printf(arena, "%.*s/%s", (int)length, folder, name);

    return access(path, X_OK) == 0 ? path : NULL;
}

const char *beside_own(struct arena *arena, const char *name)
{
    const char *own = own_program(arena);
    const char *slash = strrchr(own, '/');
    const char *folders = getenv("PATH");
    const char *found = slash == NULL ? NULL : program_in(arena, own, (size_t)(slash - own), name);

    while (found == NULL && folders != NULL && *folders != '\0') {
        size_t length = strcspn(folders, ":");

        found = program_in(arena, folders, length, name);
        folders += length + (folders[length] == ':');
    }
    return found;
}

/* ==== running ==== */

static volatile sig_atomic_t running; /* the client's process id; 0: none */

static void pass_on(int number)
{
    if (running > 0)
        kill((pid_t)running, number);
}

bool client_start(char *const *words, pid_t *child, struct err *err)
{
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int failed = 0;

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGINT);
    sigaddset(&defaults, SIGQUIT);
    sigaddset(&defaults, SIGPIPE);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    failed = posix_spawnp(child, words[0], NULL, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    return failed == 0 ||
           err_set(err, GRPC_UNAVAILABLE, "cannot start \"%s\": %s", words[0], strerror(failed));
}

int client_run(char *const *words, struct err *err)
{
    pid_t child = 0;
    int status = 0;

    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    signal(SIGTERM, pass_on);
    signal(SIGHUP, pass_on);
    if (!client_start(words, &child, err))
        return CANNOT_START;
    running = child;
    status = child_status(child);
    running = 0;
    return status;
}

int child_wait(pid_t child)
{
    int status = 0;

    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return CANNOT_START << 8;
    return status;
}

int child_status(pid_t child)
{
    int status = child_wait(child);

    return WIFSIGNALED(status) ? KILLED + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ==== in another's place ==== */

int end_as(int status)
{
    if (!WIFSIGNALED(status))
        return WEXITSTATUS(status);
    prctl(PR_SET_DUMPABLE, 0); /* the core, if any, was the child's */
    signal(WTERMSIG(status), SIG_DFL);
    raise(WTERMSIG(status));
    return KILLED + WTERMSIG(status);
}

volatile pid_t signalled;

static void pass_signal(int number, siginfo_t *info, void *context)
{
    (void)context;
    if (signalled <= 0)
        _exit(KILLED + number);
    if (info->si_code != SI_KERNEL)
        kill(signalled, number);
}

void pass_signals_on(void)
{
    static const int ending[] = { SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGALRM, SIGUSR1, SIGUSR2 };

    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++) {
        struct sigaction action = { .sa_flags = 0 };

        sigaction(ending[i], NULL, &action);
        if (action.sa_handler == SIG_IGN)
            continue;
        action =
            (struct sigaction){ .sa_sigaction = pass_signal, .sa_flags = SA_SIGINFO | SA_RESTART };
        sigaction(ending[i], &action, NULL);
    }
}

void start_well(void)
{
    int fd = 0;

    signal(SIGCHLD, SIG_DFL); /* were it ignored, no exit status would be kept */
    do
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}
