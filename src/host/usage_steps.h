/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of what containers use, below settings->host_root.
 * It must not know docker's output. */
#ifndef AFTER_STATS_H
#define AFTER_STATS_H

#include "docker/call.h"

/* Fill the figures of the containers that the response names. One that has no cgroup (any more)
 * keeps its attributes alone where it was asked for by id, and is left out of lists. */
after_function after_container_stats, after_list_container_stats, after_stream_container_stats;
after_function after_pod_sandbox_stats, after_list_pod_sandbox_stats;
after_function after_stream_pod_sandbox_stats;
after_function after_list_pod_sandbox_metrics, after_stream_pod_sandbox_metrics;

#endif
