/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the table of what RPCs are composed of.
 * It must not know how the steps are walked. */
#ifndef GATEWAY_COMPOSITION_H
#define GATEWAY_COMPOSITION_H

#include "gateway/steps.h"

/* Appends the request's bytes. False without memory. */
typedef bool request_function(struct steps *steps, const struct member *member,
                              struct buf *message);

/* Takes what later steps want of a result, or sets steps->over. False with err. */
typedef bool result_function(struct steps *steps, struct member *member, const uint8_t *bytes,
                             size_t length, struct err *err);

struct step {
    unsigned call; /* the field of the RPC that is run; 0: none is */
    request_function *request;
    result_function *result; /* NULL: it is the composed RPC's own, or nothing of interest */
    bool each;               /* it is done for each member, at once: a pod's containers, … */
    bool in_turn;            /* or one after the other, in their order: an image's names */
    bool may_be_gone;        /* NOT_FOUND is well: nothing more is to be done to it */
    /* Where nothing is to be done to it: whether the steps after it are to be done all the same.
     * NULL: they are not. */
    bool (*goes_on_without)(struct steps *steps);
    bool (*wanted)(struct steps *steps); /* else it is left out; NULL: it is done */
    /* Whether the failure is well because the next step can do it; NULL: never. */
    bool (*excuse)(const struct steps *steps, const struct err *err);
    bool (*act)(const struct steps *steps, const struct member *member, struct err *err);
    const char *what; /* what is done where no RPC is run, for people */
};

enum {
    COMPOSITION_STEPS = 7,
    REMEDY_STEPS = 5,
    REMEDIES = 3
}; /* and an empty one that ends them */

/* What is done when the RPC's own run has failed, once for each failure of an RPC. */
struct remedy {
    const char *when; /* for people */
    bool (*is_for)(const struct err *err);
    bool undoes; /* what was made: also when the client has gone */
    struct step steps[REMEDY_STEPS];
    /* After the steps, if not one of them was the RPC's own once more: the failure's text. */
    void (*tell)(const struct steps *steps, struct err *err);
};

struct composition {
    unsigned call;
    struct step steps[COMPOSITION_STEPS];
    const struct remedy *remedies[REMEDIES];
};

extern const struct composition compositions[];
extern const size_t composition_count;

/* The row of an RPC's field number; NULL: it is run as it is. */
const struct composition *composition_find(unsigned call);

/* Whether it is none, the one that ends the others. */
bool composition_is_end(const struct step *step);

#endif
