/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the RPCs on containers, both ways.
 * It must not know how a command is run. */
#ifndef CONTAINER_H
#define CONTAINER_H

#include "docker/call.h"

plan_function plan_create_container, plan_start_container, plan_stop_container;
plan_function plan_remove_container, plan_update_container_resources;
plan_function plan_container_status, plan_list_containers;
parse_function parse_create_container, parse_start_container, parse_stop_container;
parse_function parse_remove_container, parse_update_container_resources;
parse_function parse_container_status, parse_list_containers;

/* The same as ListContainers, a line of docker's at a time. */
plan_function plan_stream_containers;
stream_function stream_containers;

#endif
