/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares docker info.
 * It must not know any RPC's messages. */
#ifndef INFO_H
#define INFO_H

#include <jansson.h>

#include "docker/call.h"

/* docker info --format={{json .}}. */
bool plan_info(struct plan *plan);

/* What docker info printed; NULL with the error when the engine did not answer, which some versions
 * say in the JSON ("ServerErrors") with exit 0. */
const json_t *parse_info(const struct call *call, const struct docker_result *result,
                         struct err *err);

#endif
