/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of the translator's Responses as they come, without keeping them.
 * It must not know any RPC's messages. */
#ifndef GATEWAY_ANSWER_H
#define GATEWAY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "methods.h"

/* A frame starts with its length, and a Response with the tag and length of its one field. */
enum { ANSWER_HEAD = 10 + 5 + 5, ANSWER_OUTCOME = 64 * 1024 };

struct answer {
    const struct method *method;
    bool prefixed; /* messages get gRPC's prefix */
    bool ended;    /* the last Response has come; how it ended is in the err of answer_take */
    uint8_t head[ANSWER_HEAD];
    size_t head_length;
    size_t left; /* bytes of the field that are still to come */
    bool is_outcome;
    struct buf outcome;
};

void answer_init(struct answer *answer, const struct method *method, bool prefixed);
void answer_release(struct answer *answer);

/* Takes bytes of the translator's output. The messages of results are appended to messages. False
 * with err when the outcome has a code (err has the outcome's text), the bytes are no Response to
 * this method (INTERNAL), or messages is full (RESOURCE_EXHAUSTED). */
bool answer_take(struct answer *answer, const uint8_t *bytes, size_t length, struct buf *messages,
                 struct err *err);

#endif
