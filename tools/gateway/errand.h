/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares an errand: one process that does one task of an RPC's steps, the translator or
 * one of our own.
 * It must not know what the RPC is composed of, or HTTP/2. */
#ifndef GATEWAY_ERRAND_H
#define GATEWAY_ERRAND_H

#include "base/buf.h"
#include "base/err.h"
#include "gateway/answer.h"
#include "gateway/child.h"
#include "gateway/steps.h"

struct errand {
    struct errand *next;
    struct task task;
    struct child child;
    struct answer answer;
    struct buf result; /* of a task whose result is not the RPC's own */
    bool begun;
    bool ended;    /* there is nothing to be read of it any more */
    bool cut_off;  /* and its process is waited for */
    size_t in_at;  /* where its pipes are among those that poll looks at; 0: they are not */
    size_t out_at; /* likewise */
};

/* A new one, malloc'ed. NULL without memory. */
struct errand *errand_new(const struct task *task);

/* Closes its pipes, which ends its process. */
void errand_free(struct errand *errand);

/* Starts its process: the program, with the signal mask, and with so long a time; 0: without end.
 */
bool errand_begin(struct errand *errand, struct steps *steps, const char *program,
                  const sigset_t *mask, int64_t timeout_ms, struct err *err);

/* Reads what there is. What is the RPC's own result goes to out. True when the task has ended, with
 * err where it has failed. */
bool errand_read(struct errand *errand, const struct steps *steps, struct buf *out,
                 struct err *err);

#endif
