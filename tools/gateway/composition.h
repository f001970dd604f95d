/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the table of what RPCs are composed of.
 * It must not know how the steps are walked. */
#ifndef GATEWAY_COMPOSITION_H
#define GATEWAY_COMPOSITION_H

#include "gateway/steps.h"

/* Appends the request's bytes. False without memory. */
typedef bool request_function(struct steps *steps, struct buf *message);

/* Takes what later steps want of a result, or sets steps->answered. False with err. */
typedef bool result_function(struct steps *steps, const uint8_t *bytes, size_t length,
                             struct err *err);

struct step {
    unsigned call; /* the field of the RPC that is run; 0: none is */
    request_function *request;
    result_function
        *result; /* NULL: the result is the composed RPC's own, or nothing of interest */
    bool each;   /* it is done for each of the members: a pod's containers, an image's names */
    bool (*wanted)(
        struct steps *steps); /* else it is left out; NULL: it is done; not of the first */
    bool may_be_gone;         /* NOT_FOUND is well: nothing more is to be done to it */
    /* Whether the failure is well because the next step can do it; NULL: never. */
    bool (*excuse)(const struct steps *steps, const struct err *err);
    bool (*act)(struct steps *steps, struct err *err); /* what is done where no RPC is run */
    const char *what;                                  /* that, for people */
};

enum { COMPOSITION_STEPS = 7 }; /* at the most, and an empty one that ends them */

/* The RPC is answered by the run that is last (steps_is_last), by a result that sets
 * steps->answered, or by an empty message where all steps have been done. */
struct composition {
    unsigned call;
    struct step steps[COMPOSITION_STEPS];
};

extern const struct composition compositions[];
extern const size_t composition_count;

/* The row of an RPC's field number; NULL: it is run as it is. */
const struct composition *composition_find(unsigned call);

#endif
