/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the commands by a container's id that end it, and their results.
 * It must not know any RPC's messages. */
#ifndef LIFECYCLE_H
#define LIFECYCLE_H

#include "docker/call.h"

/* NOT_FOUND for an id that cannot be one, without asking docker. */
bool id_or_not_found(const char *what, const char *id, struct err *err);

/* docker stop -t=SECONDS -- ID; answered when the id cannot be one: stopping is idempotent. */
bool plan_stop(const char *id, int64_t seconds, struct plan *plan);

/* docker rm --force --volumes -- ID; answered when the id cannot be one. */
bool plan_remove(const char *id, struct plan *plan);

/* Success, or a failure that means that there is nothing (any more) to do it to. */
bool parse_idempotent(const struct call *call, const struct docker_result *result, const char *id,
                      struct err *err);

/* The id that docker run and docker create print as the last line of stdout; "" if there is
 * none. */
const char *parse_id(struct arena *arena, const struct docker_result *result);

#endif
