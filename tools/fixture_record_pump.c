/* SPDX-License-Identifier: Apache-2.0 */
/* This file passes on what a child prints, and keeps a copy of it.
 * It must not know what it says. */
#include "fixture_record_pump.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 64 * 1024, COPY_MAX = 1 << 30, TAPS = 2 };

bool tap_open(struct tap *tap, int *child_end, int to, const char *dir, const char *name)
{
    char path[PATH_MAX];
    int ends[2] = { -1, -1 };
    int length = snprintf(path, sizeof(path), "%s/%s", dir, name);

    *tap = (struct tap){ .from = -1, .to = to, .copy = -1 };
    if (length < 0 || length >= (int)sizeof(path) || pipe2(ends, O_CLOEXEC) != 0)
        return false;
    tap->from = ends[0];
    *child_end = ends[1];
    tap->copy = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return tap->copy >= 0;
}

static bool write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t count = write(fd, bytes, length);

        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return false;
        bytes += count;
        length -= (size_t)count;
    }
    return true;
}

/* ==== the copy ==== */

static void keep(struct tap *tap, const char *bytes, size_t length)
{
    struct buf shown;

    if (!tap->redacted) {
        write_all(tap->copy, bytes, length);
        return;
    }
    buf_init(&shown, COPY_MAX);
    if (redact_output(&tap->redaction, bytes, length, &shown))
        write_all(tap->copy, shown.data, shown.length);
    buf_release(&shown);
}

static void finish(struct tap *tap)
{
    if (tap->from >= 0)
        close(tap->from);
    tap->from = -1;
    if (tap->copy >= 0)
        close(tap->copy);
    tap->copy = -1;
}

/* ==== passing on ==== */

static bool pass_on(struct tap *tap)
{
    char chunk[CHUNK];
    ssize_t count = read(tap->from, chunk, sizeof(chunk));

    if (count < 0 && errno == EINTR)
        return true;
    if (count <= 0) {
        finish(tap);
        return true;
    }
    keep(tap, chunk, (size_t)count);
    return write_all(tap->to, chunk, (size_t)count);
}

static bool any_open(const struct tap *taps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (taps[i].from >= 0)
            return true;
    return false;
}

void pump(struct tap *taps, size_t count, int client)
{
    bool gone = false;

    while (!gone && any_open(taps, count)) {
        struct pollfd polled[TAPS + 1] = { { .fd = client } };

        for (size_t i = 0; i < count; i++)
            polled[i + 1] = (struct pollfd){ .fd = taps[i].from, .events = POLLIN };
        if (poll(polled, count + 1, -1) < 0)
            continue;
        for (size_t i = 0; i < count; i++)
            if (polled[i + 1].revents != 0 && !pass_on(&taps[i]))
                gone = true;
        gone = gone || (client >= 0 && (polled[0].revents & (POLLERR | POLLHUP)) != 0);
    }
    for (size_t i = 0; i < count; i++)
        if (taps[i].from >= 0)
            finish(&taps[i]);
}

int pump_start(char *const *words, int in, int out, int error, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t defaults;
    int failed = 0;

    sigemptyset(&defaults);
    sigaddset(&defaults, SIGPIPE);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    if (in >= 0)
        posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    if (error >= 0)
        posix_spawn_file_actions_adddup2(&actions, error, STDERR_FILENO);
    failed = posix_spawnp(child, words[0], &actions, &attributes, words, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return failed;
}
