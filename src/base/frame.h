/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading and writing of frames: a base-128 varint length, then so many
 * bytes.
 * It must not know what the bytes are. */
#ifndef FRAME_H
#define FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

struct frame {
    uint8_t *bytes;
    size_t length;
};

enum frame_status {
    FRAME_COMPLETE,
    FRAME_NONE, /* end of file before the first byte: nobody asked anything */
    FRAME_BAD,  /* err says why; what was still on its way has been drained a little */
};

/* Reads one frame and not a byte more; does not wait for end of file. The frame must be complete
 * at deadline_ms (monotonic_ms). Errors: INVALID_ARGUMENT (cut off, or no length),
 * RESOURCE_EXHAUSTED (longer than max_length), DEADLINE_EXCEEDED, CANCELLED (the read failed). */
enum frame_status frame_read(int fd, size_t max_length, int64_t deadline_ms, struct arena *arena,
                             struct frame *frame, struct err *err);

/* Writes the length and the bytes. False when the reader is gone, or took nothing for
 * timeout_ms. */
bool frame_write(int fd, const uint8_t *bytes, size_t length, int64_t timeout_ms);

/* Writes what fd takes at once, also of a descriptor that blocks. Returns how many bytes; 0 when
 * it takes none now (poll says when it does), -1 with errno when it never will. */
ssize_t frame_write_now(int fd, const uint8_t *bytes, size_t size);

/* Reads and drops what is on its way, for a moment: closing a socket on unread bytes would make
 * its other end lose the answer. */
void frame_drain(int fd);

#endif
