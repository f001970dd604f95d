/* SPDX-License-Identifier: Apache-2.0 */
/* This file grows buffers of bytes.
 * It must not know what the bytes are. */
#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ROOM = 4096 };

void buf_init(struct buf *buf, size_t cap)
{
    *buf = (struct buf){ .cap = cap };
}

void buf_release(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){ .cap = buf->cap };
}

bool buf_reserve(struct buf *buf, size_t size)
{
    size_t room = buf->room < FIRST_ROOM ? FIRST_ROOM : buf->room;
    char *data = NULL;

    if (size > buf->cap - buf->length)
        return false;
    while (room - buf->length <= size)
        room *= 2;
    if (room == buf->room)
        return true;
    data = realloc(buf->data, room);
    if (data == NULL)
        return false;
    buf->data = data;
    buf->room = room;
    buf->data[buf->length] = '\0';
    return true;
}

bool buf_append(struct buf *buf, const void *bytes, size_t size)
{
    if (!buf_reserve(buf, size))
        return false;
    if (size > 0) /* of nothing, bytes may be NULL */
        memcpy(buf->data + buf->length, bytes, size);
    buf->length += size;
    buf->data[buf->length] = '\0';
    return true;
}

bool buf_puts(struct buf *buf, const char *text)
{
    return buf_append(buf, text, strlen(text));
}

bool buf_putc(struct buf *buf, char character)
{
    return buf_append(buf, &character, 1);
}
