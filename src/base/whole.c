/* SPDX-License-Identifier: Apache-2.0 */
/* This file writes bytes whole or not at all.
 * It must not know what the bytes are. */
#include "base/whole.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

enum { PAUSE_MS = 5, SLOT = 4096 /* at least, of a pipe: a page */ };

static mode_t kind_of_file(int fd)
{
    struct stat found = { 0 };

    return fstat(fd, &found) == 0 ? found.st_mode & S_IFMT : 0;
}

int whole_open(int fd)
{
    mode_t kind = kind_of_file(fd);
    char path[sizeof("/proc/self/fd/") + 3 * sizeof(fd)];

    if (kind == S_IFREG || kind == S_IFSOCK)
        return fcntl(fd, F_DUPFD_CLOEXEC, 0);
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

/* What is in the pipe may fill its slots by half, and begin and end in the middle of one. */
static bool pipe_has_room(int fd, size_t length)
{
    int size = fcntl(fd, F_GETPIPE_SZ);
    int used = 0;

    return length <= PIPE_BUF ||
           (size > 0 && ioctl(fd, FIONREAD, &used) == 0 &&
            2 * (size_t)used / SLOT + 2 + length / SLOT + 1 <= (size_t)size / SLOT) ||
           (size > 0 && used == 0 && length <= (size_t)size);
}

/* The kernel counts its own overhead as well. */
static bool socket_has_room(int fd, size_t length)
{
    int size = 0;
    int used = 0;
    socklen_t bytes = sizeof(size);

    return getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &bytes) == 0 &&
           ioctl(fd, SIOCOUTQ, &used) == 0 && used < size && 2 * length < (size_t)(size - used);
}

static bool has_room(int fd, mode_t kind, size_t length)
{
    return kind == S_IFIFO    ? pipe_has_room(fd, length)
           : kind == S_IFSOCK ? socket_has_room(fd, length)
                              : true;
}

/* 0: nothing now. */
static ssize_t write_some(int fd, mode_t kind, const char *bytes, size_t length)
{
    ssize_t count = kind == S_IFSOCK ? send(fd, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL)
                                     : write(fd, bytes, length);

    return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : count;
}

/* A file that could not grow is cut to what it was. */
static void take_back(int fd, size_t count)
{
    off_t end = lseek(fd, 0, SEEK_CUR) - (off_t)count;

    if (end >= 0 && ftruncate(fd, end) == 0)
        lseek(fd, end, SEEK_SET);
}

static bool write_locked(int fd, mode_t kind, const char *bytes, size_t length, int64_t end_ms)
{
    size_t at = 0;

    for (;;) {
        ssize_t count = 0;

        if (at > 0 || has_room(fd, kind, length))
            count = write_some(fd, kind, bytes + at, length - at);
        at += count > 0 ? (size_t)count : 0;
        if (at == length)
            return true;
        if (count < 0 || monotonic_ms() >= end_ms)
            break;
        if (count == 0)
            poll(NULL, 0, PAUSE_MS);
    }
    if (kind == S_IFREG && at > 0)
        take_back(fd, at);
    return false;
}

/* Others who do as we do wait for their turn. */
bool whole_write(int fd, const char *bytes, size_t length)
{
    int64_t end_ms = monotonic_ms() + WHOLE_WAIT_MS;
    bool written = false;

    while (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) {
        if (monotonic_ms() >= end_ms)
            return false;
        poll(NULL, 0, 1);
    }
    written = write_locked(fd, kind_of_file(fd), bytes, length, end_ms);
    flock(fd, LOCK_UN);
    return written;
}
