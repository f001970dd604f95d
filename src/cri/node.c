/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the RPCs on the runtime as a whole, both ways.
 * It must not know how a command is run. */
#include "cri/node.h"

#include <string.h>

#include "base/cri.h"
#include "base/document.h"
#include "base/list.h"
#include "base/text.h"
#include "base/utf8.h"
#include "docker/failure.h"
#include "docker/info.h"
#include "docker/pairs.h"

static char *constant(const char *text)
{
    return text_borrowed(text);
}

/* --- Version --- */

bool plan_version(const struct call *call, struct plan *plan, struct err *err)
{
    (void)call;
    (void)err;
    strv_push(&plan->command.argv, "version");
    strv_push(&plan->command.argv, "--format={{json .}}");
    return true;
}

bool parse_version(const struct call *call, const struct docker_result *result,
                   ProtobufCMessage *response, struct err *err)
{
    CRI(VersionResponse) *answer = (void *)response;
    const json_t *json = NULL;

    if (result->exit_code != 0)
        return failure_set(call->arena, result, err);
    json = doc_read(result->stdout_text, result->stdout_length, err);
    if (json == NULL)
        return false;
    if (*doc_text(json, "Server.Version") == '\0')
        return err_set(err, GRPC_INTERNAL, "docker version: says nothing of the engine");
    answer->version = constant("0.1.0"); /* of the kubelet's runtime API, as all runtimes answer */
    answer->runtime_name = constant("docker"); /* the kubelet's container ids start with it */
    answer->runtime_version = arena_strdup(call->arena, doc_text(json, "Server.Version"));
    answer->runtime_api_version = constant("v1");
    return true;
}

/* --- Status --- */

bool plan_status(const struct call *call, struct plan *plan, struct err *err)
{
    (void)call;
    (void)err;
    return plan_info(plan);
}

static CRI(RuntimeCondition) *condition(struct arena *arena, const char *type, const char *reason,
                                        const char *message)
{
    CRI(RuntimeCondition) *made = arena_alloc(arena, sizeof(*made));

    *made = (CRI(RuntimeCondition))CRI_INIT(RUNTIME_CONDITION);
    made->type = constant(type);
    made->status = *reason == '\0';
    made->reason = constant(reason);
    made->message = constant(message);
    return made;
}

/* docker info tells the drivers, not the networks: one that was made by a person is believed. */
static bool network_is_ready(const struct call *call, const json_t *json)
{
    const json_t *drivers = doc_path(json, "Plugins.Network");

    if (strcmp(call->settings->network, "bridge") != 0)
        return true;
    for (size_t i = 0; i < json_array_size(drivers); i++)
        if (strcmp(doc_text_at(drivers, i), "bridge") == 0)
            return true;
    return false;
}

static void give_conditions(const struct call *call, const json_t *json, const char *down,
                            CRI(StatusResponse) *answer)
{
    struct list conditions;

    list_init(&conditions, call->arena);
    answer->status = arena_alloc(call->arena, sizeof(*answer->status));
    *answer->status = (CRI(RuntimeStatus))CRI_INIT(RUNTIME_STATUS);
    list_push(&conditions, condition(call->arena, "RuntimeReady",
                                     *down == '\0' ? "" : "DockerDaemonNotReady", down));
    if (*down != '\0')
        list_push(&conditions,
                  condition(call->arena, "NetworkReady", "DockerDaemonNotReady", down));
    else if (network_is_ready(call, json))
        list_push(&conditions, condition(call->arena, "NetworkReady", "", ""));
    else
        list_push(&conditions, condition(call->arena, "NetworkReady", "NetworkPluginNotReady",
                                         "the engine has no bridge driver"));
    list_give(&conditions, &answer->status->n_conditions, &answer->status->conditions);
}

/* Whether a runtime says that it can mount read-only all the way down (docker info of engine 25 on
 * has the runtime's own features document), and our command line can ask for it. */
static bool has_recursive_readonly(const struct call *call, const json_t *runtime)
{
    struct err ignored = { .code = GRPC_OK };
    const char *text = json_string_value(
        json_object_get(doc_path(runtime, "status"), "org.opencontainers.runtime-spec.features"));
    const json_t *features = text == NULL ? NULL : doc_read(text, strlen(text), &ignored);
    const json_t *options = doc_path(features, "mountOptions");

    for (size_t i = 0; i < json_array_size(options); i++)
        if (strcmp(doc_text_at(options, i), "rro") == 0)
            return call->settings->docker_version >= DOCKER_RECURSIVE_READONLY;
    return false;
}

static CRI(RuntimeHandler) *handler_of(const struct call *call, const char *name,
                                       const json_t *runtime)
{
    CRI(RuntimeHandler) *handler = arena_alloc(call->arena, sizeof(*handler));

    *handler = (CRI(RuntimeHandler))CRI_INIT(RUNTIME_HANDLER);
    handler->name = arena_strdup(call->arena, name);
    handler->features = arena_alloc(call->arena, sizeof(*handler->features));
    *handler->features = (CRI(RuntimeHandlerFeatures))CRI_INIT(RUNTIME_HANDLER_FEATURES);
    handler->features->recursive_read_only_mounts = has_recursive_readonly(call, runtime);
    return handler;
}

/* "", docker's default runtime, and each by its name. */
static void give_features(const struct call *call, const json_t *json, CRI(StatusResponse) *answer)
{
    json_t *runtimes = (json_t *)(uintptr_t)doc_path(json, "Runtimes");
    struct list handlers;

    list_init(&handlers, call->arena);
    list_push(&handlers,
              handler_of(call, "", json_object_get(runtimes, doc_text(json, "DefaultRuntime"))));
    for (void *at = json_object_iter(runtimes); at != NULL;
         at = json_object_iter_next(runtimes, at))
        list_push(&handlers,
                  handler_of(call, json_object_iter_key(at), json_object_iter_value(at)));
    list_give(&handlers, &answer->n_runtime_handlers, &answer->runtime_handlers);
    answer->features = arena_alloc(call->arena, sizeof(*answer->features));
    *answer->features = (CRI(RuntimeFeatures))CRI_INIT(RUNTIME_FEATURES);
}

static const char *clean(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);

    utf8_clean(copy);
    return copy;
}

/* Why the engine does not answer; "" when it does. */
static const char *why_down(const struct call *call, const struct docker_result *result,
                            const json_t *json)
{
    const char *said = doc_text_at(doc_path(json, "ServerErrors"), 0);

    if (*said != '\0')
        return arena_strdup(call->arena, said);
    if (result->exit_code != 0)
        return clean(call->arena, failure_text(call->arena, result));
    return "";
}

/* kubeadm and crictl's users look for the pause image at "config", as containerd gives it. */
static void give_info(const struct call *call, const json_t *json, CRI(StatusResponse) *answer)
{
    json_t *config = json_object();
    struct pair items[2] = { { .key = "config" }, { .key = "info" } };
    struct pairs pairs = { .items = items, .count = json == NULL ? 1 : 2 };

    doc_put_text(config, "sandboxImage", call->settings->pause_image);
    items[0].value = doc_compact(call->arena, config);
    if (json != NULL)
        items[1].value = doc_compact(call->arena, json);
    pairs_to_map(call->arena, &pairs, CRI_DESCRIPTOR(status_response__info_entry), &answer->n_info,
                 &answer->info);
}

/* An engine that is down is an answer, not an error. */
bool parse_status(const struct call *call, const struct docker_result *result,
                  ProtobufCMessage *response, struct err *err)
{
    const CRI(StatusRequest) *request = (const void *)call->request;
    CRI(StatusResponse) *answer = (void *)response;
    const json_t *json = NULL;
    const char *down = NULL;

    if (result->signal != 0)
        return failure_set(call->arena, result, err);
    if (result->stdout_length > 0)
        json = doc_read(result->stdout_text, result->stdout_length, err);
    if (err->code != GRPC_OK)
        return false;
    down = why_down(call, result, json);
    if (*down == '\0' && json == NULL)
        return err_set(err, GRPC_INTERNAL, "docker info: printed nothing");
    give_conditions(call, json, down, answer);
    if (*down == '\0')
        give_features(call, json, answer);
    if (request->verbose)
        give_info(call, json, answer);
    return true;
}

/* --- RuntimeConfig --- */

bool plan_runtime_config(const struct call *call, struct plan *plan, struct err *err)
{
    (void)call;
    (void)err;
    return plan_info(plan);
}

bool parse_runtime_config(const struct call *call, const struct docker_result *result,
                          ProtobufCMessage *response, struct err *err)
{
    CRI(RuntimeConfigResponse) *answer = (void *)response;
    const json_t *json = parse_info(call, result, err);

    if (json == NULL)
        return false;
    answer->linux = arena_alloc(call->arena, sizeof(*answer->linux));
    *answer->linux = (CRI(LinuxRuntimeConfiguration))CRI_INIT(LINUX_RUNTIME_CONFIGURATION);
    answer->linux->cgroup_driver = strcmp(doc_text(json, "CgroupDriver"), "systemd") == 0
                                       ? CRI_ENUM(CGROUP_DRIVER, SYSTEMD)
                                       : CRI_ENUM(CGROUP_DRIVER, CGROUPFS);
    return true;
}

/* --- UpdateRuntimeConfig --- */

/* docker addresses its networks itself: the pod CIDR is traced, and the pods' network must be
 * there. */
bool plan_update_runtime_config(const struct call *call, struct plan *plan, struct err *err)
{
    (void)err;
    strv_push(&plan->command.argv, "network");
    strv_push(&plan->command.argv, "inspect");
    strv_push(&plan->command.argv, "--");
    strv_push(&plan->command.argv, call->settings->network);
    return true;
}

bool parse_update_runtime_config(const struct call *call, const struct docker_result *result,
                                 ProtobufCMessage *response, struct err *err)
{
    (void)response;
    if (result->exit_code == 0)
        return true;
    failure_set(call->arena, result, err);
    return err->code == GRPC_NOT_FOUND
               ? err_wrap(err, "the pods' network (CRI_ONESHOT_NETWORK) is not there")
               : false;
}
