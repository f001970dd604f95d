/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the trace: one line of JSON for each call.
 * It must not know how a call is served. */
#ifndef TRACE_H
#define TRACE_H

#include "exchange.h"

struct trace {
    bool ran;       /* docker was started */
    int exit_code;  /* its exit code */
    double read_ms; /* reading the request, running docker, and all the rest */
    double docker_ms;
    double parse_ms;
};

/* Appends the line to settings->trace by one write: to the descriptor of that number, or to the
 * file of that name (made with mode 0600). A trace that cannot be written is no reason to fail a
 * call: false. */
bool trace_write(const struct exchange *exchange, const struct trace *trace, const struct err *err);

#endif
