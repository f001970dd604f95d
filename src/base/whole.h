/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the writing of bytes that are all to be there or none of them, to a descriptor
 * of any kind that others may share, and that may have no reader.
 * It must not know what the bytes are. */
#ifndef WHOLE_H
#define WHOLE_H

#include <stdbool.h>
#include <stddef.h>

/* How long a reader may keep us waiting. */
enum { WHOLE_WAIT_MS = 100 };

/* A descriptor of our own for what fd is open on, as whole_write wants it: a pipe or a terminal is
 * opened once more, non-blocking, as fd's own flags are also those of all who share it. -1 when
 * that cannot be. */
int whole_open(int fd);

/* Writes all of the bytes, or none: false when they have no room within WHOLE_WAIT_MS, or the file
 * cannot grow. What is no file has to be non-blocking, or a socket. More than PIPE_BUF bytes want a
 * pipe that has room for them as they are, or a socket with twice as much. */
bool whole_write(int fd, const char *bytes, size_t length);

#endif
