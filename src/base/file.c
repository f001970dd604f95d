/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads the kernel's and docker's small files.
 * It must not know what they say. */
#include "base/file.h"

#include <fcntl.h>
#include <sys/types.h>
#include <unistd.h>

enum { CHUNK = 4096 };

bool file_read(int folder, const char *path, struct buf *content)
{
    int fd = openat(folder, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    ssize_t count = -1;

    content->length = 0;
    if (fd < 0)
        return false;
    for (;;) {
        size_t room = content->cap - content->length;
        size_t want = room < CHUNK ? room : CHUNK;

        if (want == 0 || !buf_reserve(content, want))
            break;
        count = read(fd, content->data + content->length, want);
        if (count <= 0)
            break;
        content->length += (size_t)count;
    }
    close(fd);
    if (count < 0)
        return false;
    if (count > 0)
        while (content->length > 0 && content->data[content->length - 1] != '\n')
            content->length--;
    content->data[content->length] = '\0';
    return true;
}
