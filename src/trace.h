/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the trace: one line of JSON for each call.
 * It must not know how a call is served. */
#ifndef TRACE_H
#define TRACE_H

#include "exchange.h"

struct trace {
    bool ran;        /* docker was started */
    int exit_code;   /* its exit code */
    int64_t read_ns; /* reading the request, running docker, and all the rest */
    int64_t docker_ns;
    int64_t parse_ns;
};

/* The line of a call, with its end, in the call's arena; now_ns is the time of the day. */
const char *trace_line(const struct exchange *exchange, const struct trace *trace, int64_t now_ns,
                       const struct err *err);

/* Appends a line, whole or not at all as whole_write does: to the descriptor whose number name is,
 * or to the file of that name (made with mode 0600). A trace that cannot be written, or that nobody
 * reads, is no reason to fail a call, or to keep it: false. */
bool trace_append(const char *name, const char *line);

#endif
