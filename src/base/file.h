/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of the kernel's and docker's small files.
 * It must not know what they say. */
#ifndef FILE_H
#define FILE_H

#include <stdbool.h>

#include "base/buf.h"

/* Reads a file (relative to the descriptor folder, or AT_FDCWD) into content, in place of what that
 * held; of one that is longer than content's cap only whole lines. Never waits, whatever the file
 * is. False when it is not there or cannot be read. */
bool file_read(int folder, const char *path, struct buf *content);

#endif
