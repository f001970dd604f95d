/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the statistics RPCs, both ways: docker says which containers there are, the
 * after step reads what they use. It must not know where the figures come from. */
#ifndef STATS_H
#define STATS_H

#include "docker/call.h"

plan_function plan_container_stats, plan_list_container_stats, plan_stream_container_stats;
plan_function plan_pod_sandbox_stats, plan_list_pod_sandbox_stats, plan_stream_pod_sandbox_stats;
parse_function parse_container_stats, parse_list_container_stats;
parse_function parse_pod_sandbox_stats, parse_list_pod_sandbox_stats;
stream_function stream_container_stats, stream_pod_sandbox_stats;

/* The same pods, as metrics. */
plan_function plan_pod_sandbox_metrics;
parse_function parse_list_pod_sandbox_metrics;
stream_function stream_pod_sandbox_metrics;

#endif
