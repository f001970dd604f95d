/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the passing on of what a child prints, with a copy of it kept.
 * It must not know what it says. */
#ifndef FIXTURE_RECORD_PUMP_H
#define FIXTURE_RECORD_PUMP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fixture_record_redact.h"

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

/* Passes on until every tap has ended. With client (a descriptor, -1: none) a hang-up there, or a
 * failed write, closes the taps, so that the child sees it too. */
void pump(struct tap *taps, size_t count, int client);

/* Starts words[0] with its descriptors in (if not -1), out and error (if not -1) as its standard
 * ones. The error's number, 0: started. */
int pump_start(char *const *words, int in, int out, int error, pid_t *child);

#endif
