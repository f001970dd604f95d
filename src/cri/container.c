/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the RPCs that change containers, both ways, but for CreateContainer.
 * It must not know how a command is run. */
#include "cri/container.h"

#include "base/cri.h"
#include "cri/options.h"
#include "docker/failure.h"
#include "docker/inspect.h"
#include "docker/lifecycle.h"

/* --- StartContainer --- */

bool plan_start_container(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(StartContainerRequest) *request = (const void *)call->request;

    if (!id_or_not_found("container_id", request->container_id, err))
        return false;
    strv_push(&plan->command.argv, "start");
    strv_push(&plan->command.argv, "--");
    strv_push(&plan->command.argv, request->container_id);
    return true;
}

bool parse_start_container(const struct call *call, const struct docker_result *result,
                           ProtobufCMessage *response, struct err *err)
{
    const CRI(StartContainerRequest) *request = (const void *)call->request;
    const char *text = result->stderr_text;

    (void)response;
    if (result->exit_code == 0)
        return true;
    /* "No such container" of another id: the sandbox that it was to join is gone. */
    if ((failure_matches(text, "no such container") &&
         !failure_is_unknown(result, request->container_id)) ||
        failure_matches(text, "conflicting options"))
        return err_set(err, GRPC_FAILED_PRECONDITION, "%s", failure_text(call->arena, result));
    failure_set(call->arena, result, err);
    if (failure_matches(text, FAILURE_LOST_CHILD))
        err_wrap(err, "the engine may not set what the container asks for, such as oom_score_adj");
    return false;
}

/* --- StopContainer --- */

bool plan_stop_container(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(StopContainerRequest) *request = (const void *)call->request;

    (void)err;
    return plan_stop(request->container_id, request->timeout, plan);
}

bool parse_stop_container(const struct call *call, const struct docker_result *result,
                          ProtobufCMessage *response, struct err *err)
{
    const CRI(StopContainerRequest) *request = (const void *)call->request;

    (void)response;
    return parse_idempotent(call, result, request->container_id, err);
}

/* --- RemoveContainer --- */

bool plan_remove_container(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(RemoveContainerRequest) *request = (const void *)call->request;

    (void)err;
    return plan_remove(request->container_id, plan);
}

bool parse_remove_container(const struct call *call, const struct docker_result *result,
                            ProtobufCMessage *response, struct err *err)
{
    const CRI(RemoveContainerRequest) *request = (const void *)call->request;

    (void)response;
    return parse_idempotent(call, result, request->container_id, err);
}

/* --- UpdateContainerResources --- */

/* With nothing to update it is docker inspect, so that an unknown container is still NOT_FOUND:
 * docker update without an option does nothing but fail. */
bool plan_update_container_resources(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(UpdateContainerResourcesRequest) *request = (const void *)call->request;
    struct strv *argv = &plan->command.argv;
    size_t before = 0;

    if (!id_or_not_found("container_id", request->container_id, err))
        return false;
    strv_push(argv, "update");
    before = argv->count;
    if (request->linux != NULL && !push_resources(request->linux, RESOURCES_UPDATE, plan, err))
        return false;
    if (argv->count == before) {
        strv_pop(argv);
        return plan_inspect("container_id", request->container_id, plan, err);
    }
    strv_push(argv, "--");
    strv_push(argv, request->container_id);
    return true;
}

bool parse_update_container_resources(const struct call *call, const struct docker_result *result,
                                      ProtobufCMessage *response, struct err *err)
{
    const CRI(UpdateContainerResourcesRequest) *request = (const void *)call->request;
    struct inspected container;

    (void)response;
    if (*result->stdout_text == '[')
        return parse_inspect(call, result, request->container_id, LABEL_TYPE_CONTAINER, &container,
                             err);
    if (result->exit_code == 0)
        return true;
    return failure_set(call->arena, result, err);
}
