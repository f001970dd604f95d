/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads the failures of RunPodSandbox and CreateContainer, and judges what has the name
 * that they wanted.
 * It must not know in which order steps are run.
 *
 * The CRI has RunPodSandbox answer with a sandbox that is ready, so that one which never started
 * was never answered, and is of no use to anyone. containerd and CRI-O remove what a call that
 * fails has made, and what they find half made when they start; we have no start, so that the next
 * call of the name does it. A name that is in use is an error of theirs, too, which says by which
 * id. */
#include "gateway/failures.h"

#include <string.h>

#include "base/clock.h"
#include "base/cri.h"
#include "base/document.h"
#include "base/units.h"
#include "docker/id.h"
#include "docker/made.h"
#include "gateway/results.h"

/* Younger than this another call may be just about to start it. */
enum { MAKING_S = 10, NS_PER_S = 1000 * 1000 * 1000 };

/* ==== the failure ==== */

const char *failure_holder(struct arena *arena, const struct err *err)
{
    const char *found = strstr(err->text, HELD_BY);
    const char *id = found == NULL ? "" : found + strlen(HELD_BY);

    id = arena_strndup(arena, id, strnlen(id, ID_DIGITS));
    return id_full(id) ? id : "";
}

bool failure_is_conflict(const struct err *err)
{
    return err->code == GRPC_ALREADY_EXISTS && strstr(err->text, HELD_BY) != NULL;
}

bool failure_may_have_made(const struct err *err)
{
    return strstr(err->text, LEFT_BEHIND) != NULL || err->code == GRPC_DEADLINE_EXCEEDED ||
           err->code == GRPC_CANCELLED || err->code == GRPC_INTERNAL;
}

void failure_tell_undone(const struct steps *steps, struct err *err)
{
    const char *left = strstr(steps->failure.text, LEFT_BEHIND);

    if (left == NULL || steps->member_count == 0)
        return;
    *err = (struct err){ .code = GRPC_OK };
    err_set(err, steps->failure.code, "%.*s, and was removed again%s",
            (int)(left - steps->failure.text), steps->failure.text, left + strlen(LEFT_BEHIND));
}

/* ==== what has the name ==== */

static void tell_state(struct steps *steps, const ProtobufCEnumDescriptor *states, int state)
{
    const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(states, state);
    struct err told = { .code = GRPC_OK };

    err_set(&told, steps->failure.code, "%s, and is %s", steps->failure.text,
            value == NULL ? "in a state without a name" : value->name);
    steps->failure = told;
    steps->over = true;
}

static const char *info_of(const CRI(PodSandboxStatusResponse) *response)
{
    for (size_t i = 0; i < response->n_info; i++)
        if (strcmp(response->info[i]->key, "info") == 0)
            return response->info[i]->value;
    return "";
}

/* Whether it never started, and will not either. */
static bool is_of_no_use(struct steps *steps, const CRI(PodSandboxStatusResponse) *response)
{
    const char *info = info_of(response);
    struct err ignored = { .code = GRPC_OK };
    const json_t *json = NULL;

    doc_use(&steps->arena);
    json = doc_path(doc_read(info, strlen(info), &ignored), "docker.State");
    if (json == NULL || doc_flag(json, "Running") ||
        units_time_ns(doc_text(json, "StartedAt")) != 0)
        return false;
    return *doc_text(json, "Error") != '\0' || doc_number(json, "ExitCode") != 0 ||
           realtime_ns() - response->status->created_at > (int64_t)MAKING_S * NS_PER_S;
}

bool result_holding_sandbox(struct steps *steps, struct member *member, const uint8_t *bytes,
                            size_t length, struct err *err)
{
    const CRI(PodSandboxStatusResponse) *response = take_sandbox_status(steps, bytes, length, err);

    (void)member;
    if (response == NULL)
        return false;
    if (!is_of_no_use(steps, response))
        tell_state(steps, &runtime__v1__pod_sandbox_state__descriptor,
                   (int)response->status->state);
    return true;
}

bool result_holding_container(struct steps *steps, struct member *member, const uint8_t *bytes,
                              size_t length, struct err *err)
{
    const CRI(ContainerStatus) *status = take_container_status(steps, bytes, length, err);

    (void)member;
    if (status == NULL)
        return false;
    tell_state(steps, &runtime__v1__container_state__descriptor, (int)status->state);
    return true;
}
