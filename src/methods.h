/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the table of the CRI's RPCs: one row each.
 * It must not know how a call is served. */
#ifndef METHODS_H
#define METHODS_H

#include "docker/call.h"

struct method {
    const char *name;        /* as in the .proto: "StopContainer" */
    unsigned field;          /* its number in oneshot.v1.Request.call and Response.result */
    bool docker_config;      /* docker is run, which reads the caller's configuration */
    const char *docker;      /* the command that it becomes, for people; NULL: not supported */
    const char *refusal;     /* why it is not supported, and what to do instead */
    plan_function *plan;     /* NULL: not supported */
    parse_function *parse;   /* NULL where a stream wants nothing of docker's end */
    answer_function *answer; /* where plan answers without docker; NULL: as initialised */
    stream_function *stream; /* NULL where it does not */
    host_check_function *host_check;     /* may be NULL */
    host_step_function *host_step;       /* may be NULL */
    host_cleanup_function *host_cleanup; /* may be NULL */
};

/* In the .proto's order, RuntimeService first. */
extern const struct method methods[];
extern const size_t method_count;

/* The row of a field number, or NULL. */
const struct method *method_find(unsigned field);

#endif
