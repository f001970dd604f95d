/* SPDX-License-Identifier: Apache-2.0 */
/* This file is the table of what RPCs are composed of: which ones are run, in which order, and what
 * is done when the RPC's own run fails.
 * It must not know how the steps are walked. */
#include "gateway/composition.h"

#include <string.h>

#include "base/cri.h"
#include "gateway/failures.h"
#include "gateway/requests.h"
#include "gateway/results.h"
#include "host/loglink.h"

/* Before its container goes: the container knows where the link is, so that a removal which failed
 * half way can be done again. */
static bool act_log_link(const struct steps *steps, const struct member *member, struct err *err)
{
    const struct settings *settings = steps->settings;
    struct arena *arena = (struct arena *)(uintptr_t)&steps->arena;

    return *member->log_path == '\0' ||
           loglink_remove(settings->host_root, member->log_path,
                          loglink_target(arena, settings->docker_root, member->id), err);
}

static bool sandbox_is_there(struct steps *steps)
{
    return steps->gone == NULL;
}

/* An image that others were built from goes by no id. Without a name it is only a part of them, and
 * in no list. */
static bool excuse_children(const struct steps *steps, const struct err *err)
{
    return err->code == GRPC_FAILED_PRECONDITION && steps->member_count > 0 &&
           strstr(err->text, "image has dependent child images") != NULL;
}

#define CALL(rpc) ONESHOT__V1__REQUEST__CALL_##rpc

/* ==== when the RPC's own run has failed ==== */

/* A remedy may end with the RPC once more. A holder that is not there is just being made, by
 * another call, or removed: docker has the name before it knows the container. It stays. */
static const struct remedy sandbox_conflict = {
    .when = "the name is taken",
    .is_for = failure_is_conflict,
    .steps = { { .call = CALL(POD_SANDBOX_STATUS),
                 .request = request_status_of_holder,
                 .result = result_holding_sandbox,
                 .may_be_gone = true },
               { .call = CALL(REMOVE_POD_SANDBOX), .request = request_holder },
               { .call = CALL(RUN_POD_SANDBOX), .request = request_own } },
};

static const struct remedy sandbox_undo = {
    .when = "something was made",
    .is_for = failure_may_have_made,
    .undoes = true,
    .steps = { { .call = CALL(LIST_POD_SANDBOX),
                 .request = request_made_sandboxes,
                 .result = result_made_sandboxes },
               { .call = CALL(REMOVE_POD_SANDBOX), .request = request_of_member, .each = true } },
    .tell = failure_tell_undone,
};

static const struct remedy container_conflict = {
    .when = "the name is taken",
    .is_for = failure_is_conflict,
    .steps = { { .call = CALL(CONTAINER_STATUS),
                 .request = request_holder,
                 .result = result_holding_container,
                 .may_be_gone = true } },
};

static const struct remedy container_undo = {
    .when = "something was made",
    .is_for = failure_may_have_made,
    .undoes = true,
    .steps = { { .call = CALL(LIST_CONTAINERS),
                 .request = request_made_containers,
                 .result = result_made_containers },
               { .call = CALL(CONTAINER_STATUS),
                 .request = request_of_member,
                 .result = result_member,
                 .each = true,
                 .may_be_gone = true },
               { .act = act_log_link, .what = "its log link", .each = true },
               { .call = CALL(REMOVE_CONTAINER), .request = request_of_member, .each = true } },
    .tell = failure_tell_undone,
};

/* ==== the table ==== */

const struct composition compositions[] = {
    { .call = CALL(RUN_POD_SANDBOX),
      .steps = { { .call = CALL(RUN_POD_SANDBOX), .request = request_own } },
      .remedies = { &sandbox_conflict, &sandbox_undo } },
    /* What is listed may be a container of a person's, with labels as ours: its status tells. */
    { .call = CALL(STOP_POD_SANDBOX),
      .steps = { { .call = CALL(POD_SANDBOX_STATUS),
                   .request = request_own_id,
                   .result = result_sandbox,
                   .may_be_gone = true,
                   .goes_on_without = sandbox_of_request },
                 { .call = CALL(LIST_CONTAINERS),
                   .request = request_running_members,
                   .result = result_members },
                 { .call = CALL(CONTAINER_STATUS),
                   .request = request_of_member,
                   .result = result_member,
                   .each = true,
                   .may_be_gone = true },
                 { .call = CALL(STOP_CONTAINER), .request = request_of_member, .each = true },
                 { .call = CALL(STOP_POD_SANDBOX),
                   .request = request_own_with_sandbox,
                   .wanted = sandbox_is_there } } },
    { .call = CALL(REMOVE_POD_SANDBOX),
      .steps = { { .call = CALL(POD_SANDBOX_STATUS),
                   .request = request_own_id,
                   .result = result_sandbox,
                   .may_be_gone = true,
                   .goes_on_without = sandbox_of_request },
                 { .call = CALL(LIST_CONTAINERS),
                   .request = request_members,
                   .result = result_members },
                 { .call = CALL(CONTAINER_STATUS),
                   .request = request_of_member,
                   .result = result_member,
                   .each = true,
                   .may_be_gone = true },
                 { .act = act_log_link, .what = "its log link", .each = true },
                 { .call = CALL(REMOVE_CONTAINER), .request = request_of_member, .each = true },
                 { .call = CALL(REMOVE_POD_SANDBOX),
                   .request = request_own_with_sandbox,
                   .wanted = sandbox_is_there } } },
    { .call = CALL(CREATE_CONTAINER),
      .steps = { { .call = CALL(POD_SANDBOX_STATUS),
                   .request = request_own_id,
                   .result = result_running_sandbox },
                 { .call = CALL(LIST_CONTAINERS),
                   .request = request_target,
                   .result = result_target,
                   .wanted = wants_target },
                 { .call = CALL(CREATE_CONTAINER), .request = request_own_with_sandbox } },
      .remedies = { &container_conflict, &container_undo } },
    { .call = CALL(START_CONTAINER),
      .steps = { { .call = CALL(CONTAINER_STATUS),
                   .request = request_own_id,
                   .result = result_startable_container },
                 { .call = CALL(START_CONTAINER), .request = request_own_with_container } } },
    { .call = CALL(STOP_CONTAINER),
      .steps = { { .call = CALL(CONTAINER_STATUS),
                   .request = request_own_id,
                   .result = result_container,
                   .may_be_gone = true },
                 { .call = CALL(STOP_CONTAINER), .request = request_own_with_container } } },
    /* The log link is its client's: crictl removes it after this, the kubelet before. */
    { .call = CALL(REMOVE_CONTAINER),
      .steps = { { .call = CALL(CONTAINER_STATUS),
                   .request = request_own_id,
                   .result = result_container,
                   .may_be_gone = true },
                 { .call = CALL(REMOVE_CONTAINER), .request = request_own_with_container } } },
    { .call = CALL(UPDATE_CONTAINER_RESOURCES),
      .steps = { { .call = CALL(CONTAINER_STATUS),
                   .request = request_own_id,
                   .result = result_container },
                 { .call = CALL(UPDATE_CONTAINER_RESOURCES),
                   .request = request_own_with_container } } },
    { .call = CALL(PULL_IMAGE),
      .steps = { { .call = CALL(PULL_IMAGE), .request = request_own, .result = result_pulled },
                 { .call = CALL(IMAGE_STATUS),
                   .request = request_status_of_image,
                   .result = result_pulled_image } } },
    /* A RemoveImageRequest's image is an ImageStatusRequest's: the same field. */
    { .call = CALL(REMOVE_IMAGE),
      .steps = { { .call = CALL(IMAGE_STATUS), .request = request_own, .result = result_image },
                 { .call = CALL(REMOVE_IMAGE),
                   .request = request_removal_of_image,
                   .excuse = excuse_children },
                 { .call = CALL(REMOVE_IMAGE),
                   .request = request_removal_of_name,
                   .each = true,
                   .in_turn = true } } },
};

const size_t composition_count = sizeof(compositions) / sizeof(compositions[0]);

const struct composition *composition_find(unsigned call)
{
    for (size_t i = 0; i < composition_count; i++)
        if (compositions[i].call == call)
            return &compositions[i];
    return NULL;
}

bool composition_is_end(const struct step *step)
{
    return step->call == 0 && step->act == NULL && step->request == NULL;
}
