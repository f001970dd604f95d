/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the closing of a descriptor that is owned by one place.
 * It must not know what the descriptor is of. */
#ifndef FD_H
#define FD_H

/* Closes *fd, unless it is -1, and makes it -1. */
void fd_close(int *fd);

#endif
