/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the RPCs on the runtime as a whole, both ways.
 * It must not know how a command is run. */
#ifndef NODE_H
#define NODE_H

#include "docker/call.h"

plan_function plan_version, plan_status, plan_runtime_config, plan_update_runtime_config;
parse_function parse_version, parse_status, parse_runtime_config, parse_update_runtime_config;

#endif
