/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what an RPC is composed of: runs of the translator, one after the other.
 * It must not know how the translator is run, or HTTP/2. */
#ifndef GATEWAY_STEPS_H
#define GATEWAY_STEPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/strv.h"
#include "methods.h"
#include "settings.h"

struct composition;

/* Where one RPC is in its steps, and what the steps have found out for the later ones. */
struct steps {
    const struct method *method;
    const struct composition *composition;
    const struct settings *settings; /* where log links are */
    struct arena arena;
    const uint8_t *request; /* the RPC's own, borrowed */
    size_t request_length;
    size_t index;
    bool answered; /* there is nothing more to run: response is the answer */
    struct buf response;
    const char *sandbox;   /* the whole id of the pod sandbox */
    const char *handler;   /* what the pod sandbox runs in */
    const char *target;    /* the whole id of the container whose pid namespace is to be shared */
    const char *container; /* the whole id of the container */
    const char *log_path;  /* the container's */
    const char *image;     /* a reference or an id */
    struct strv members;   /* the whole ids of the pod's containers; the image's names */
    size_t member;
};

/* Starts with an RPC's request, which must stay. False with INVALID_ARGUMENT when its bytes are not
 * protobuf, or what a composed RPC is about is named by something else than the CRI's field.
 * steps_release is due in either case. */
bool steps_init(struct steps *steps, const struct method *method, const uint8_t *request,
                size_t length, const struct settings *settings, struct err *err);
void steps_release(struct steps *steps);

/* The RPC that is to be run next. */
const struct method *steps_run(const struct steps *steps);

/* Whether its result is the RPC's own, to be given on as it is. */
bool steps_is_last(const struct steps *steps);

/* What the frame has to say of its runtime handler; "": nothing. */
const char *steps_runtime_handler(const struct steps *steps);

/* Appends its request's bytes. False without memory. */
bool steps_message(struct steps *steps, struct buf *message);

/* Takes its result, and goes on: steps->answered, or there is a next run. False with err: the RPC
 * has failed. */
bool steps_take(struct steps *steps, const uint8_t *result, size_t length, struct err *err);

/* It has failed with err. True, with err emptied, when that is well ("gone" where an RPC is
 * idempotent), and it went on; else the RPC has failed with err, which says in which step. */
bool steps_failed(struct steps *steps, struct err *err);

/* Prints the RPCs that are composed, and of what. */
void steps_print(void);

#endif
