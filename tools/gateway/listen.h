/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the listening on a unix socket, with one process for each connection.
 * It must not know what a connection is served. */
#ifndef GATEWAY_LISTEN_H
#define GATEWAY_LISTEN_H

#include <sys/types.h>

#include "gateway/tokens.h"

struct listen_options {
    const char *path;
    mode_t mode;
    uid_t user; /* (uid_t)-1: whom we run as */
    gid_t group;
    unsigned long connections; /* at once; further ones wait in the socket's backlog */
    size_t children;           /* tokens that they share */
};

/* Serves one connection on descriptors 0 and 1, in a process of its own, and returns its exit code.
 * What of the tokens it has not given back is taken from it. */
typedef int listen_serve(void *context, struct tokens *tokens);

/* Makes the socket, replacing one that nobody listens on, and serves until we are told to end
 * (TERM, INT, HUP): then the socket is removed, the connections' processes are told so, once more
 * for each further signal, and waited for. Returns the exit code: 0, or 1 with a line on standard
 * error when there can be no socket. */
int listen_on(const struct listen_options *options, listen_serve *serve, void *context);

#endif
