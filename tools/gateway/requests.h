/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what the steps of compositions ask: the requests of their runs.
 * It must not know in which order they are run. */
#ifndef GATEWAY_REQUESTS_H
#define GATEWAY_REQUESTS_H

#include <protobuf-c/protobuf-c.h>

#include "gateway/composition.h"

/* Appends a message's bytes. False without memory. */
bool put_message(struct buf *buf, const ProtobufCMessage *message);

/* The RPC's own request: as it came; just the id that it names, unchecked; or with the whole id. */
request_function request_own;
request_function request_own_id;
request_function request_own_with_sandbox;
request_function request_own_with_container;

/* Of a member, or of what has the name that was wanted: its id. */
request_function request_of_member;
request_function request_holder;
request_function request_status_of_holder; /* verbose */

/* The pod's containers: all, or those that run. */
request_function request_members;
request_function request_running_members;

/* What this attempt has made. */
request_function request_made_sandboxes;
request_function request_made_containers;

request_function request_status_of_image;
request_function request_removal_of_image;
request_function request_removal_of_name; /* a member's */

/* The container whose pid namespace is to be shared. */
request_function request_target;

#endif
