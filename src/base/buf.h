/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares a buffer of bytes that grows up to a cap.
 * It must not know what the bytes are. */
#ifndef BUF_H
#define BUF_H

#include <stdbool.h>
#include <stddef.h>

/* Kept apart from the arena because its growth by realloc leaves no dead copies behind: docker's
 * output may be tens of megabytes. */
struct buf {
    char *data; /* length bytes and a NUL; NULL until the first reserve */
    size_t length;
    size_t room;
    size_t cap; /* length never passes it */
};

void buf_init(struct buf *buf, size_t cap);
void buf_release(struct buf *buf);

/* Makes room for size more bytes at data + length, and their NUL. False past the cap or without
 * memory. */
bool buf_reserve(struct buf *buf, size_t size);

bool buf_append(struct buf *buf, const void *bytes, size_t size);
bool buf_puts(struct buf *buf, const char *text);
bool buf_putc(struct buf *buf, char character);

#endif
