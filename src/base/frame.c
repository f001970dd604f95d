/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads and writes frames on a descriptor.
 * It must not know what the bytes are. */
#include "base/frame.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/wire.h"

enum {
    DRAIN_BYTES = 64 * 1024 * 1024,
    DRAIN_MS = 1000,     /* in all */
    DRAIN_QUIET_MS = 50, /* without a byte */
};

/* Waits until fd is ready for events. False at the deadline. */
static bool wait_for(int fd, short events, int64_t deadline_ms)
{
    for (;;) {
        struct pollfd ready = { .fd = fd, .events = events };
        int64_t left = deadline_ms - monotonic_ms();
        int count = poll(&ready, 1, left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left);

        if (count > 0)
            return true;
        if (count == 0 && monotonic_ms() >= deadline_ms)
            return false;
        if (count < 0 && errno != EINTR)
            return true; /* let the read or write say what is wrong */
    }
}

/* Reads up to size bytes, at least one. 0 at end of file; -1 with err. */
static ssize_t read_some(int fd, void *bytes, size_t size, int64_t deadline_ms, struct err *err)
{
    for (;;) {
        ssize_t count = 0;

        if (!wait_for(fd, POLLIN, deadline_ms)) {
            err_set(err, GRPC_DEADLINE_EXCEEDED, "request: not complete within the read timeout");
            return -1;
        }
        count = read(fd, bytes, size);
        if (count >= 0)
            return count;
        if (errno != EINTR && errno != EAGAIN) {
            err_set(err, GRPC_CANCELLED, "request: %s", strerror(errno));
            return -1;
        }
    }
}

static enum frame_status cut_off(struct err *err)
{
    err_set(err, GRPC_INVALID_ARGUMENT, "request: ends before its frame does");
    return FRAME_BAD;
}

static enum frame_status read_length(int fd, int64_t deadline_ms, uint64_t *length, struct err *err)
{
    uint8_t bytes[WIRE_VARINT_BYTES] = { 0 };

    for (size_t i = 0; i < sizeof(bytes); i++) {
        ssize_t count = read_some(fd, &bytes[i], 1, deadline_ms, err);
        int taken = 0;

        if (count == 0 && i == 0)
            return FRAME_NONE;
        if (count < 0)
            return FRAME_BAD;
        if (count == 0)
            return cut_off(err);
        taken = wire_varint(bytes, i + 1, length);
        if (taken > 0)
            return FRAME_COMPLETE;
        if (taken < 0)
            break;
    }
    err_set(err, GRPC_INVALID_ARGUMENT, "request: does not start with a length");
    return FRAME_BAD;
}

static enum frame_status read_body(int fd, int64_t deadline_ms, struct frame *frame,
                                   struct err *err)
{
    size_t at = 0;

    while (at < frame->length) {
        ssize_t count = read_some(fd, frame->bytes + at, frame->length - at, deadline_ms, err);

        if (count < 0)
            return FRAME_BAD;
        if (count == 0)
            return cut_off(err);
        at += (size_t)count;
    }
    return FRAME_COMPLETE;
}

enum frame_status frame_read(int fd, size_t max_length, int64_t deadline_ms, struct arena *arena,
                             struct frame *frame, struct err *err)
{
    uint64_t length = 0;
    enum frame_status status = read_length(fd, deadline_ms, &length, err);

    if (status == FRAME_COMPLETE && length > max_length) {
        err_set(err, GRPC_RESOURCE_EXHAUSTED,
                "request: %llu bytes, more than the %zu of CRI_ONESHOT_MAX_REQUEST",
                (unsigned long long)length, max_length);
        status = FRAME_BAD;
    }
    if (status == FRAME_COMPLETE) {
        frame->length = (size_t)length;
        frame->bytes = arena_try_alloc(arena, frame->length); /* not touched until bytes come */
        if (frame->bytes == NULL)
            arena->exhausted(arena->context);
        status = read_body(fd, deadline_ms, frame, err);
    }
    if (status == FRAME_BAD)
        frame_drain(fd);
    return status;
}

void frame_drain(int fd)
{
    char bytes[65536];
    int64_t end_ms = monotonic_ms() + DRAIN_MS;
    ssize_t count = 1;

    for (size_t total = 0; total < DRAIN_BYTES && count > 0; total += (size_t)count) {
        int64_t now_ms = monotonic_ms();

        if (now_ms >= end_ms || !wait_for(fd, POLLIN, now_ms + DRAIN_QUIET_MS))
            return;
        count = read(fd, bytes, sizeof(bytes));
    }
}

/* Without making the descriptor non-blocking, which would change it for all who share it: a pipe
 * that is ready takes PIPE_BUF bytes at once. */
ssize_t frame_write_now(int fd, const uint8_t *bytes, size_t size)
{
    ssize_t count = send(fd, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (count < 0 && errno == ENOTSOCK) {
        if (!wait_for(fd, POLLOUT, monotonic_ms()))
            return 0;
        count = write(fd, bytes, size < PIPE_BUF ? size : PIPE_BUF);
    }
    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return 0;
    return count;
}

static bool write_all(int fd, const uint8_t *bytes, size_t size, int64_t timeout_ms)
{
    while (size > 0) {
        ssize_t count = -1;

        if (wait_for(fd, POLLOUT, monotonic_ms() + timeout_ms))
            count = frame_write_now(fd, bytes, size);
        if (count < 0)
            return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

bool frame_write(int fd, const uint8_t *bytes, size_t length, int64_t timeout_ms)
{
    uint8_t prefix[WIRE_VARINT_BYTES];
    size_t count = wire_put_varint(prefix, length);

    return write_all(fd, prefix, count, timeout_ms) && write_all(fd, bytes, length, timeout_ms);
}
