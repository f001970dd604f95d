/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares GetContainerEvents, both ways.
 * It must not know how a command is run. */
#ifndef EVENTS_H
#define EVENTS_H

#include "docker/call.h"

plan_function plan_get_container_events;
stream_function stream_get_container_events;

#endif
