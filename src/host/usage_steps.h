/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of what containers use, below settings->host_root.
 * It must not know docker's output. */
#ifndef USAGE_STEPS_H
#define USAGE_STEPS_H

#include "docker/call.h"

/* ContainerStats, PodSandboxStats, their List… and Stream…, and the metrics': fills the figures of
 * the containers and pods that the response names. One that has no cgroup (any more) keeps its
 * attributes alone where it was asked for by id, and is left out of lists. */
host_step_function host_usage;

#endif
