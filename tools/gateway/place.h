/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the place of a listening socket: its name in a folder, which nobody else may
 * put something else under. It must not know who connects to the socket. */
#ifndef GATEWAY_PLACE_H
#define GATEWAY_PLACE_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

struct place {
    const char *path;
    const char *name; /* the last part of path */
    int folder;       /* which it is in */
    bool shared;      /* others may make files in it, too (a sticky one, such as /tmp) */
    struct stat made; /* the socket's file */
    int fd;           /* the socket: listening, non-blocking */
};

/* Makes the socket at the path, with this mode and owner ((uid_t)-1, (gid_t)-1: ours) from its
 * first moment on, and listens; replaces one that nobody listens on, of two starts at once only one
 * of them. False, with a line on standard error, when there can be none: also where others can
 * replace what is in the folder, or have left a socket in it. Nothing but the new socket is changed
 * then or otherwise, wherever a link leads that is put in its way. place_close is due in either
 * case. */
bool place_open(struct place *place, const char *path, mode_t mode, uid_t user, gid_t group);

/* Removes the socket, unless another has taken its place, and closes it. */
void place_remove(struct place *place);

/* Closes the descriptors; also in a process that has them from its parent. */
void place_close(struct place *place);

#endif
