/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares a client of the translator: it sends one frame and reads frames back, over a
 * socket or the pipes of a child.
 * It must not know what the frames say. */
#ifndef FRAME_CLIENT_H
#define FRAME_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/err.h"

struct inbox {
    struct buf bytes;
    size_t start; /* of what has not been taken yet */
};

enum inbox_status {
    INBOX_FRAME,
    INBOX_MORE,    /* no whole frame is there yet */
    INBOX_GARBAGE, /* no length that can be one */
};

void inbox_init(struct inbox *inbox);
void inbox_release(struct inbox *inbox);

/* Reads once. 1: bytes came; 0: end of file; -1: the read failed or memory ran out. */
int inbox_fill(struct inbox *inbox, int fd);

/* Takes the next frame; it is valid until the next fill. */
enum inbox_status inbox_take(struct inbox *inbox, const uint8_t **frame, size_t *length);

/* Whether bytes of an unfinished frame are there. */
bool inbox_has_rest(const struct inbox *inbox);

/* Appends the frame of a message's bytes. False without memory. */
bool frame_append(struct buf *buf, const uint8_t *message, size_t length);

struct client {
    int out; /* where requests go; -1 once closed */
    int in;  /* where answers come from; the same for a socket */
    pid_t child;
    struct buf unsent;
    size_t sent;
    struct inbox inbox;
};

/* All are UNAVAILABLE on failure. */
bool client_connect(struct client *client, const char *path, struct err *err);
/* To HOST:PORT, a loopback address by number (127.0.0.1:PORT, [::1]:PORT): a frame is not
 * encrypted, and nobody asks who sends it. */
bool client_connect_tcp(struct client *client, const char *address, struct err *err);
/* Starts program (looked for on PATH); trace becomes its descriptor TRACE_FD, -1: none. */
enum { TRACE_FD = 3 };
bool client_spawn(struct client *client, const char *program, int trace, struct err *err);

/* What is to be sent; call client_next for it to go. */
bool client_send(struct client *client, const uint8_t *message, size_t length);

/* Sends and reads, both ways at once, until a whole frame is there. False with UNAVAILABLE when
 * there will be none. */
bool client_next(struct client *client, const uint8_t **frame, size_t *length, struct err *err);

/* Closes, and waits for the child to end: only then is its trace complete. */
void client_close(struct client *client);

#endif
