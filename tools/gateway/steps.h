/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what an RPC is composed of: runs of the translator, one after the other, or at
 * once for each of a pod's containers, and what is done when the RPC's own run fails.
 * It must not know how the translator is run, or HTTP/2. */
#ifndef GATEWAY_STEPS_H
#define GATEWAY_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "methods.h"
#include "settings.h"

struct composition;
struct remedy;
struct step;

/* One of the containers or pod sandboxes that steps are done for each of. */
struct member {
    struct member *next;     /* of those that the next step can be begun for */
    const struct step *step; /* that one */
    const char *id;          /* whole */
    const char *log_path;    /* "" until its status is known, and where it has none */
};

/* One step, to be run, and for which member; NULL: it is for none. */
struct task {
    const struct step *step;
    struct member *member;
};

/* Where one RPC is in its steps, and what the steps have found out for the later ones. */
struct steps {
    const struct method *method;
    const struct composition *composition; /* NULL: the RPC is one run of its own bytes */
    const struct settings *settings;       /* where log links are */
    struct arena arena;
    const uint8_t *request; /* the RPC's own, borrowed */
    size_t request_length;
    const char *attempt; /* what this attempt to make something is called */

    const struct step *at;       /* the step, or the first one of those for each member */
    size_t out;                  /* tasks that were given out, and have not ended */
    size_t unfinished;           /* members */
    struct member *ready;        /* members, in the order in which they are to be taken */
    const struct remedy *remedy; /* that is being applied */
    unsigned tried;              /* remedies, a bit each */
    struct err failure;          /* that the remedy is for */
    bool over;                   /* there is nothing more to run: err or response is the answer */
    struct err err;
    struct buf response;

    int64_t pause_ms; /* set by a result: the next task is to wait so long */
    bool again;       /* set by a result: the same step once more */
    unsigned looks;   /* how often that was */

    const char *sandbox;    /* the id of the pod sandbox, whole unless it is gone */
    const char *gone;       /* its id as it was asked about, where it is gone; NULL: it is not */
    const char *handler;    /* what the pod sandbox runs in */
    const char *target;     /* the whole id of the container whose pid namespace is to be shared */
    const char *container;  /* the whole id of the container */
    const char *image;      /* a reference or an id */
    struct member *members; /* those that the steps are done for */
    size_t member_count;
};

/* Starts with an RPC's request, which must stay, and the name of this attempt. False with
 * INVALID_ARGUMENT when its bytes are not protobuf, or what a composed RPC is about is named by
 * something else than the CRI's field. steps_release is due in either case. */
bool steps_init(struct steps *steps, const struct method *method, const uint8_t *request,
                size_t length, const struct settings *settings, const char *attempt,
                struct err *err);
void steps_release(struct steps *steps);

/* Gives out the next task that can be begun. False: there is none, before one that was given out
 * ends, or at all (steps->over). */
bool steps_next(struct steps *steps, struct task *task);

/* The RPC that a task runs; NULL: it is steps_act instead. */
const struct method *steps_method(const struct steps *steps, const struct task *task);

/* Whether its result is the RPC's own, to be given on as it is. */
bool steps_is_last(const struct steps *steps, const struct task *task);

/* Appends its request's bytes. False without memory. */
bool steps_message(struct steps *steps, const struct task *task, struct buf *message);

/* What the Request calls the attempt that a task is; "": nothing. */
const char *steps_attempt(const struct steps *steps, const struct task *task);

/* What the Request has to say of its runtime handler; "": nothing. */
const char *steps_runtime_handler(const struct steps *steps, const struct task *task);

/* Does what a task does itself. It may block, and is for a process of its own. */
bool steps_act(struct steps *steps, const struct task *task, struct err *err);

/* A task has ended, with this result; of one that is last or acts there is none. */
void steps_take(struct steps *steps, const struct task *task, const uint8_t *result, size_t length);

/* A task has failed with err, begun or not. That may be well ("gone" where an RPC is idempotent),
 * or be remedied; else no further task is begun, and when the others have ended the RPC has failed
 * with the first error, which says in which step. */
void steps_failed(struct steps *steps, const struct task *task, bool begun, const struct err *err);

/* Whether there would be something to undo if this task were cut off in its middle. */
bool steps_may_leave_something(const struct steps *steps, const struct task *task);

/* Whether what the RPC has left is being removed: nobody need wait for that. */
bool steps_are_undoing(const struct steps *steps);

/* Prints the RPCs that are composed, and of what. */
void steps_print(void);

#endif
