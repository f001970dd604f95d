/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what is read of the failure of a RunPodSandbox or CreateContainer: whether a
 * name is taken, and by what, and whether something was left.
 * It must not know in which order steps are run. */
#ifndef GATEWAY_FAILURES_H
#define GATEWAY_FAILURES_H

#include "gateway/composition.h"

/* Whether another one has the name, and the error says which. */
bool failure_is_conflict(const struct err *err);

/* Its whole id; "" where there is none. */
const char *failure_holder(struct arena *arena, const struct err *err);

/* Whether docker may have made something all the same. */
bool failure_may_have_made(const struct err *err);

/* What was left has been removed. */
void failure_tell_undone(const struct steps *steps, struct err *err);

/* What has the name is judged by its status. A sandbox is to be removed (the walk goes on) that
 * never started; else its state is told, and the walk is over. */
result_function result_holding_sandbox;
result_function result_holding_container;

#endif
