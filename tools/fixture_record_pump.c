/* SPDX-License-Identifier: Apache-2.0 */
/* This file passes on what a client writes and a child prints, and keeps a copy of it.
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
#include <sys/pidfd.h>
#include <unistd.h>

#include "wire.h"

enum { CHUNK = 64 * 1024, COPY_MAX = 1 << 30, TAPS = 2, LENGTH_BYTES = 10 };

bool tap_open(struct tap *tap, int *child_end, int to, const char *dir, const char *name)
{
    char path[PATH_MAX];
    int ends[2] = { -1, -1 };
    int length = snprintf(path, sizeof(path), "%s/%s", dir, name);

    *tap = (struct tap){ .from = -1, .to = to, .copy = -1 };
    if (length < 0 || length >= (int)sizeof(path) || pipe2(ends, O_CLOEXEC) != 0)
        return false;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
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

/* ==== the client's frame ==== */

void feed_init(struct feed *feed, int from, int to, size_t most)
{
    *feed = (struct feed){ .from = from, .to = to, .most = most };
    buf_init(&feed->bytes, COPY_MAX);
}

bool feed_is_whole(const struct feed *feed)
{
    return !feed->endless && feed->start > 0 && feed->bytes.length == feed->start + feed->length;
}

static void end_feed(struct feed *feed)
{
    if (feed->to >= 0)
        close(feed->to);
    feed->to = -1;
}

/* How many bytes may be read: the length comes by single ones. */
static size_t wanted(const struct feed *feed)
{
    size_t left = feed->start + feed->length - feed->bytes.length;

    if (feed->endless)
        return CHUNK;
    return feed->start == 0 ? 1 : left < CHUNK ? left : CHUNK;
}

static void read_length(struct feed *feed)
{
    uint64_t length = 0;
    int taken = wire_varint((const uint8_t *)feed->bytes.data, feed->bytes.length, &length);

    if (taken > 0 && length <= feed->most && length < COPY_MAX / 2) {
        feed->start = (size_t)taken;
        feed->length = (size_t)length;
    } else if (taken != 0 || feed->bytes.length >= LENGTH_BYTES) {
        feed->endless = true;
    }
}

static void feed_on(struct feed *feed)
{
    char chunk[CHUNK];
    ssize_t count = read(feed->from, chunk, wanted(feed));

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (count <= 0 || !write_all(feed->to, chunk, (size_t)count)) {
        end_feed(feed);
        return;
    }
    if (!feed->endless && !buf_append(&feed->bytes, chunk, (size_t)count))
        feed->endless = true;
    if (!feed->endless && feed->start == 0)
        read_length(feed);
    if (feed_is_whole(feed))
        end_feed(feed);
}

void feed_pump(struct feed *feed)
{
    while (feed->to >= 0) {
        struct pollfd polled[] = {
            { .fd = feed->from, .events = POLLIN },
            { .fd = feed->to }, /* an error shows that the child reads no more */
        };

        if (poll(polled, sizeof(polled) / sizeof(polled[0]), -1) < 0)
            continue;
        if (polled[1].revents != 0)
            end_feed(feed);
        else if (polled[0].revents != 0)
            feed_on(feed);
    }
}

/* ==== what the child prints ==== */

/* Reads once. -1: there is nothing now; 0: it is over, or, with client_gone set, nobody reads. */
static int pass_on(struct tap *tap, bool *client_gone)
{
    char chunk[CHUNK];
    ssize_t count = read(tap->from, chunk, sizeof(chunk));

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return -1;
    if (count <= 0) {
        finish(tap);
        return 0;
    }
    keep(tap, chunk, (size_t)count);
    *client_gone = *client_gone || !write_all(tap->to, chunk, (size_t)count);
    return *client_gone ? 0 : 1;
}

static void pass_on_all(struct tap *taps, size_t count, bool *client_gone)
{
    for (size_t i = 0; i < count; i++)
        while (!*client_gone && taps[i].from >= 0 && pass_on(&taps[i], client_gone) > 0)
            continue;
}

static bool any_open(const struct tap *taps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (taps[i].from >= 0)
            return true;
    return false;
}

static void finish_all(struct tap *taps, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (taps[i].from >= 0)
            finish(&taps[i]);
}

bool pump(struct tap *taps, size_t count, const struct ends *ends)
{
    enum { CLIENT, CHILD, FIRST_TAP };
    int child = ends->child > 0 ? pidfd_open(ends->child, 0) : -1;
    bool unread = false;

    while (any_open(taps, count)) {
        struct pollfd polled[FIRST_TAP + TAPS] = {
            [CLIENT] = { .fd = ends->client },
            [CHILD] = { .fd = child, .events = POLLIN },
        };

        for (size_t i = 0; i < count; i++)
            polled[FIRST_TAP + i] = (struct pollfd){ .fd = taps[i].from, .events = POLLIN };
        if (poll(polled, FIRST_TAP + count, -1) < 0)
            continue;
        pass_on_all(taps, count, &unread);
        if (unread || polled[CLIENT].revents != 0 || polled[CHILD].revents != 0)
            finish_all(taps, count);
    }
    if (child >= 0)
        close(child);
    return !unread;
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
