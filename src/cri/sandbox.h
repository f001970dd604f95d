/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the RPCs on pod sandboxes, both ways.
 * It must not know how a command is run. */
#ifndef SANDBOX_H
#define SANDBOX_H

#include "docker/call.h"

plan_function plan_run_pod_sandbox, plan_stop_pod_sandbox, plan_remove_pod_sandbox;
plan_function plan_pod_sandbox_status, plan_list_pod_sandbox;
parse_function parse_run_pod_sandbox, parse_stop_pod_sandbox, parse_remove_pod_sandbox;
parse_function parse_pod_sandbox_status, parse_list_pod_sandbox;

/* The same as ListPodSandbox, a line of docker's at a time. */
plan_function plan_stream_pod_sandboxes;
stream_function stream_pod_sandboxes;

plan_function plan_update_pod_sandbox_resources;
parse_function parse_update_pod_sandbox_resources;

#endif
