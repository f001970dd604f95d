/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the running of the one docker command.
 * It must not know what the command is for. */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "docker/command.h"

/* How long docker may take to end by itself after TERM, before KILL. */
enum { RUN_GRACE_MS = 2000 };

/* Takes what docker has printed on stdout so far, and returns how many of the bytes it is done
 * with: the rest comes again with what follows it, and what is left at the end is in the result.
 * RUN_STOP ends docker. */
typedef size_t run_consumer(void *context, const char *bytes, size_t length);
#define RUN_STOP SIZE_MAX

struct run_limits {
    int64_t deadline_ms;    /* of the request, by monotonic_ms; 0: none */
    int client;             /* descriptor whose hang-up ends docker; -1: none */
    run_consumer *consumer; /* NULL: stdout is collected as a whole */
    void *context;
};

/* Why docker was ended; RUN_ENDED: it ended by itself, or was not started. */
enum run_end {
    RUN_ENDED,
    RUN_DEADLINE,
    RUN_HANG_UP,
    RUN_SIGNAL,
    RUN_CAP,
    RUN_CONSUMER,
    RUN_SYSTEM,
};

/* The error of RUN_HANG_UP, which is also that of a client that takes no more of a stream. */
#define RUN_CLIENT_GONE "the client has gone: docker was ended; what its engine has begun may go on"

/* What docker said, owned by the caller: run_release frees it. result points into it. */
struct run_output {
    struct buf stdout_bytes;
    struct buf stderr_bytes;
    struct docker_result result;
    bool ended_early; /* docker was running and we ended it: deadline, hang-up, signal, cap */
    enum run_end end; /* why */
};

/* Starts the command in a process group of its own, with /dev/null as its input, its listed files
 * and no other descriptors, and the signal state that we were started with; reads what it prints
 * until it ends. When we are killed meanwhile, docker, its group and the config folder go with us.
 * False, with docker and its group ended and the config folder gone, when it
 *   - cannot be started: UNAVAILABLE (or RESOURCE_EXHAUSTED: the arguments are too long)
 *   - is not done at the deadline or its own timeout: DEADLINE_EXCEEDED
 *   - has no client any more (hang-up), or we are told to end (TERM, INT, HUP…): CANCELLED
 *     (when the deadline or the client had gone before, it is not started)
 *   - prints more than the cap (with a consumer: more than it leaves): RESOURCE_EXHAUSTED
 *   - is stopped by the consumer: CANCELLED
 * Ending the docker command line does not undo what the engine has begun: the text says so. */
bool run(const struct command *command, const struct run_limits *limits, struct run_output *output,
         struct err *err);

/* The error of a docker that was ended, and false; true of RUN_ENDED. */
bool run_explain(enum run_end end, struct err *err);

void run_release(struct run_output *output);

#endif
