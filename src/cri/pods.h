/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares pods as docker's one list of all our containers has them, put together.
 * It must not know which message a pod becomes. */
#ifndef PODS_H
#define PODS_H

#include <stdbool.h>

#include "base/list.h"
#include "docker/call.h"
#include "docker/ps.h"

struct pod {
    struct ps_row sandbox;
    struct list members; /* struct ps_row */
    /* The cgroup parent that this sandbox was made with, where no other was made with the same: it
     * is the pod's own. "" of others, and where no record says it. */
    const char *own_cgroup;
};

/* What a request asks for; "" and none do not filter. */
struct pods_asked {
    const char *id; /* of the sandbox, a prefix */
    struct pairs labels;
};

/* The pods, as the lines are read: a line of a container may come before its sandbox's. */
struct pods {
    const struct pods_asked *asked;
    struct arena *arena;
    struct list pods;    /* struct pod; those that are asked for */
    struct list members; /* struct ps_row */
    struct list parents; /* the cgroup parents of all sandboxes */
};

/* Fills the command. Returns true. */
bool pods_plan(const struct pods_asked *asked, struct plan *plan);

/* Reads docker's answer, and leaves the pods to the host step: the response has one message for
 * each, in their order. False with err. */
bool pods_read(const struct call *call, const struct docker_result *result,
               const struct pods_asked *asked, struct pods *pods, struct err *err);

/* Gives one pod of a stream, as a message of its own, which the host step gets with that pod. */
typedef bool pods_give(struct arena *arena, struct stream *stream, const struct pod *pod,
                       struct err *err);

/* A stream_function's work. A pod is whole only when the last line is read: what is kept until then
 * is a container's metadata and labels, some hundred bytes. */
bool pods_stream(const struct call *call, struct stream *stream, const struct pods_asked *asked,
                 const char *line, size_t length, pods_give *give, struct err *err);

#endif
