/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the passing on of what a client writes and a child prints, with a copy of it
 * kept.
 * It must not know what it says. */
#ifndef FIXTURE_RECORD_PUMP_H
#define FIXTURE_RECORD_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "buf.h"
#include "fixture_record_redact.h"

/* What a child prints. */
struct tap {
    int from;      /* -1 once it has ended */
    int to;        /* of ours */
    int copy;      /* the file; -1: none */
    bool redacted; /* the copy is without the values of environment variables */
    struct redaction redaction;
};

/* A pipe whose other end the child gets as its descriptor number to; the copy goes to DIR/NAME.
 * False with errno. */
bool tap_open(struct tap *tap, int *child_end, int to, const char *dir, const char *name);

/* The frame that a client writes. As the translator does, not a byte after it is read. */
struct feed {
    int from;         /* of ours */
    int to;           /* a pipe to the child; -1 once the frame or the child has ended */
    struct buf bytes; /* what has come, up to the frame's end */
    size_t length;    /* of the message, after start bytes of its own length */
    size_t start;     /* 0: not known yet */
    size_t most;      /* that the child takes as a length */
    bool endless;     /* there is no frame that it takes: all is passed on, and no more is kept */
};

void feed_init(struct feed *feed, int from, int to, size_t most);

/* Whether the whole frame has come. */
bool feed_is_whole(const struct feed *feed);

/* Passes on what comes until the frame has ended, or the client, or the child. */
void feed_pump(struct feed *feed);

/* Who is at the other ends of taps. */
struct ends {
    int client;  /* a descriptor of ours where the client reads; -1: it is not watched */
    pid_t child; /* what it printed before its end counts, and no helper of it that still holds the
                    pipes; 0: its pipes' end is its own */
};

/* Passes on until every tap has ended. A hang-up of the client, or a failed write to it, closes the
 * taps, so that the child sees it too. False after a failed write. */
bool pump(struct tap *taps, size_t count, const struct ends *ends);

/* Starts words[0] with its descriptors in (if not -1), out and error (if not -1) as its standard
 * ones. The error's number, 0: started. */
int pump_start(char *const *words, int in, int out, int error, pid_t *child);

#endif
