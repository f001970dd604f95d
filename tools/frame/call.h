/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares one call of the translator: where it is, what is printed of its answers.
 * It must not know how a request is written. */
#ifndef FRAME_CALL_H
#define FRAME_CALL_H

#include <stdbool.h>

#include "oneshot/v1/oneshot.pb-c.h"

struct call_options {
    const char *socket; /* of these three at most one; NULL: not given */
    const char *tcp;
    const char *translator;
    bool show;
    bool compact;
};

/* Sends the request, prints what comes back, and frees the request. Where no translator is named,
 * CRI_FRAME_SOCKET, then CRI_FRAME_TRANSLATOR say which. Returns the program's exit status; without
 * an answer the program ends with trouble's. */
int call_translator(const struct call_options *options, Oneshot__V1__Request *request);

#endif
