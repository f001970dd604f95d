/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the metrics of containers and pods: cAdvisor's names, labels and types, from
 * what was read of a cgroup. It must not know how the figures are read. */
#ifndef METRICS_H
#define METRICS_H

#include "base/cri.h"
#include "base/list.h"
#include "docker/call.h"
#include "docker/ps.h"
#include "host/cgroup.h"
#include "host/netdev.h"

/* ListMetricDescriptors: a fixed table, no docker command. */
plan_function plan_list_metric_descriptors;
answer_function answer_list_metric_descriptors;

/* What one container (or a pod's sandbox) used. */
struct metric_source {
    const struct usage *usage;
    size_t process_count;
    bool layer_known;
    uint64_t layer_bytes;
    const struct netdevs *interfaces; /* NULL: it has none of its own */
};

/* Appends every metric that the source knows, of the container that docker lists as row. */
void metrics_push(struct list *metrics, const struct ps_row *row, int64_t timestamp_ns,
                  const struct metric_source *source);

#endif
