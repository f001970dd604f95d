/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what the steps of compositions take of the results of their runs.
 * It must not know in which order they are run. */
#ifndef GATEWAY_RESULTS_H
#define GATEWAY_RESULTS_H

#include "base/cri.h"
#include "gateway/composition.h"

/* The status in a response, with a whole id; in the arena, which is the RPC's. NULL with err. */
const CRI(PodSandboxStatusResponse) *take_sandbox_status(struct steps *steps, const uint8_t *bytes,
                                                         size_t length, struct err *err);
const CRI(ContainerStatus) *take_container_status(struct steps *steps, const uint8_t *bytes,
                                                  size_t length, struct err *err);

/* The sandbox's whole id, whatever its state; or refusing (FAILED_PRECONDITION) one that no
 * container would start in. */
result_function result_sandbox;
result_function result_running_sandbox;

/* The container's whole id, whatever its state; or refusing one that has ended. */
result_function result_container;
result_function result_startable_container;

/* The pod's containers become members; of one, its log path. */
result_function result_members;
result_function result_member;

/* What an attempt has made becomes members. Where a call was cut off docker may still be making it:
 * there the list is made several times. */
result_function result_made_sandboxes;
result_function result_made_containers;

/* The container whose pid namespace is to be shared: whether one is named, and may be. */
bool wants_target(struct steps *steps);
result_function result_target;

result_function result_pulled;
result_function result_image;
result_function result_pulled_image;

/* The sandbox is gone, but the id that was asked about says whose its containers are. */
bool sandbox_of_request(struct steps *steps);

#endif
