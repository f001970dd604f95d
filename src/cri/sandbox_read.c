/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the RPCs that read pod sandboxes, both ways.
 * It must not know how a command is run. */
#include <string.h>

#include "base/cri.h"
#include "base/document.h"
#include "base/list.h"
#include "base/text.h"
#include "base/units.h"
#include "cri/messages.h"
#include "cri/sandbox.h"
#include "docker/inspect.h"
#include "docker/ps.h"

/* --- PodSandboxStatus --- */

bool plan_pod_sandbox_status(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(PodSandboxStatusRequest) *request = (const void *)call->request;

    return plan_inspect("pod_sandbox_id", request->pod_sandbox_id, plan, err);
}

static void add_ip(struct arena *arena, CRI(PodSandboxNetworkStatus) *network, struct list *more,
                   const char *address)
{
    CRI(PodIP) *ip = NULL;

    if (*address == '\0')
        return;
    if (*network->ip == '\0') {
        network->ip = arena_strdup(arena, address);
        return;
    }
    ip = arena_alloc(arena, sizeof(*ip));
    *ip = (CRI(PodIP))CRI_INIT(POD_IP);
    ip->ip = arena_strdup(arena, address);
    list_push(more, ip);
}

/* None on the host's network: "should be empty if the pod sandbox is in host networking". */
static CRI(PodSandboxNetworkStatus) *network_of(struct arena *arena, const json_t *json)
{
    CRI(PodSandboxNetworkStatus) *network = arena_alloc(arena, sizeof(*network));
    json_t *networks = (json_t *)(uintptr_t)doc_path(json, "NetworkSettings.Networks");
    struct list more;

    *network = (CRI(PodSandboxNetworkStatus))CRI_INIT(POD_SANDBOX_NETWORK_STATUS);
    list_init(&more, arena);
    for (void *at = json_object_iter(networks); at != NULL;
         at = json_object_iter_next(networks, at)) {
        const json_t *one = json_object_iter_value(at);

        add_ip(arena, network, &more, doc_text(one, "IPAddress"));
        add_ip(arena, network, &more, doc_text(one, "GlobalIPv6Address"));
    }
    list_give(&more, &network->n_additional_ips, &network->additional_ips);
    return network;
}

static CRI(NamespaceMode) node_or(const json_t *json, const char *path,
                                  CRI(NamespaceMode) otherwise)
{
    return strcmp(doc_text(json, path), "host") == 0 ? CRI_ENUM(NAMESPACE_MODE, NODE) : otherwise;
}

static CRI(LinuxPodSandboxStatus) *linux_of(struct arena *arena, const struct inspected *sandbox)
{
    CRI(LinuxPodSandboxStatus) *linux = arena_alloc(arena, sizeof(*linux));
    CRI(Namespace) *namespaces = arena_alloc(arena, sizeof(*namespaces));
    CRI(NamespaceOption) *options = arena_alloc(arena, sizeof(*options));
    const CRI(NamespaceMode) pod = CRI_ENUM(NAMESPACE_MODE, POD);

    *linux = (CRI(LinuxPodSandboxStatus))CRI_INIT(LINUX_POD_SANDBOX_STATUS);
    *namespaces = (CRI(Namespace))CRI_INIT(NAMESPACE);
    *options = (CRI(NamespaceOption))CRI_INIT(NAMESPACE_OPTION);
    options->network = node_or(sandbox->json, "HostConfig.NetworkMode", pod);
    options->ipc = node_or(sandbox->json, "HostConfig.IpcMode", pod);
    options->pid = node_or(sandbox->json, "HostConfig.PidMode", sandbox->record.pid_mode);
    namespaces->options = options;
    linux->namespaces = namespaces;
    return linux;
}

static void give_maps(struct arena *arena, const struct record *record,
                      CRI(PodSandboxStatus) *status)
{
    pairs_to_map(arena, &record->labels, CRI_DESCRIPTOR(pod_sandbox_status__labels_entry),
                 &status->n_labels, &status->labels);
    pairs_to_map(arena, &record->annotations, CRI_DESCRIPTOR(pod_sandbox_status__annotations_entry),
                 &status->n_annotations, &status->annotations);
}

/* A pod of cri-dockerd's has no record of what was asked: docker knows what it runs in. */
static char *sandbox_handler_of(struct arena *arena, const struct inspected *sandbox)
{
    return sandbox->record.exact
               ? text_borrowed(sandbox->record.runtime_handler)
               : arena_strdup(arena, doc_text(sandbox->json, "HostConfig.Runtime"));
}

bool parse_pod_sandbox_status(const struct call *call, const struct docker_result *result,
                              ProtobufCMessage *response, struct err *err)
{
    const CRI(PodSandboxStatusRequest) *request = (const void *)call->request;
    CRI(PodSandboxStatusResponse) *answer = (void *)response;
    CRI(PodSandboxStatus) *status = arena_alloc(call->arena, sizeof(*status));
    struct inspected sandbox;

    if (!parse_inspect(call, result, request->pod_sandbox_id, LABEL_TYPE_SANDBOX, &sandbox, err))
        return false;
    *status = (CRI(PodSandboxStatus))CRI_INIT(POD_SANDBOX_STATUS);
    status->id = arena_strdup(call->arena, doc_text(sandbox.json, "Id"));
    status->metadata = pod_metadata(call->arena, &sandbox.record);
    status->state = doc_flag(sandbox.json, "State.Running")
                        ? CRI_ENUM(POD_SANDBOX_STATE, SANDBOX_READY)
                        : CRI_ENUM(POD_SANDBOX_STATE, SANDBOX_NOTREADY);
    status->created_at = units_time_ns(doc_text(sandbox.json, "Created"));
    status->network = network_of(call->arena, sandbox.json);
    status->linux = linux_of(call->arena, &sandbox);
    give_maps(call->arena, &sandbox.record, status);
    status->runtime_handler = sandbox_handler_of(call->arena, &sandbox);
    answer->status = status;
    if (request->verbose) {
        struct pairs info = verbose_info(call, &sandbox);

        pairs_to_map(call->arena, &info, CRI_DESCRIPTOR(pod_sandbox_status_response__info_entry),
                     &answer->n_info, &answer->info);
    }
    return true;
}

/* --- ListPodSandbox --- */

/* What docker inspect calls running: a paused container's processes are there. */
static const char *const ready[] = { "running", "paused", "restarting", NULL };
static const char *const not_ready[] = { "created", "exited", "dead", "removing", NULL };

static struct ps_filter sandbox_filter_of(const struct call *call,
                                          const CRI(PodSandboxFilter) *asked)
{
    struct ps_filter filter = { .type = LABEL_TYPE_SANDBOX, .id = "", .sandbox_id = "" };

    if (asked == NULL)
        return filter;
    filter.id = asked->id;
    if (asked->state != NULL)
        filter.statuses =
            asked->state->state == CRI_ENUM(POD_SANDBOX_STATE, SANDBOX_READY) ? ready : not_ready;
    filter.labels = pairs_of_map(call->arena, asked->n_label_selector, asked->label_selector);
    return filter;
}

bool plan_list_pod_sandbox(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ListPodSandboxRequest) *request = (const void *)call->request;
    struct ps_filter filter = sandbox_filter_of(call, request->filter);

    (void)err;
    return ps_plan(&filter, plan);
}

static void *sandbox_of(struct arena *arena, const struct ps_row *row)
{
    CRI(PodSandbox) *sandbox = arena_alloc(arena, sizeof(*sandbox));
    bool is_ready = strcmp(row->status, ready[0]) == 0 || strcmp(row->status, ready[1]) == 0 ||
                    strcmp(row->status, ready[2]) == 0;

    *sandbox = (CRI(PodSandbox))CRI_INIT(POD_SANDBOX);
    sandbox->id = text_borrowed(row->id);
    sandbox->metadata = pod_metadata(arena, &row->record);
    sandbox->state = is_ready ? CRI_ENUM(POD_SANDBOX_STATE, SANDBOX_READY)
                              : CRI_ENUM(POD_SANDBOX_STATE, SANDBOX_NOTREADY);
    sandbox->created_at = row->created_at;
    sandbox->runtime_handler = text_borrowed(row->record.runtime_handler);
    pairs_to_map(arena, &row->record.labels, CRI_DESCRIPTOR(pod_sandbox__labels_entry),
                 &sandbox->n_labels, &sandbox->labels);
    pairs_to_map(arena, &row->record.annotations, CRI_DESCRIPTOR(pod_sandbox__annotations_entry),
                 &sandbox->n_annotations, &sandbox->annotations);
    return sandbox;
}

bool parse_list_pod_sandbox(const struct call *call, const struct docker_result *result,
                            ProtobufCMessage *response, struct err *err)
{
    const CRI(ListPodSandboxRequest) *request = (const void *)call->request;
    CRI(ListPodSandboxResponse) *answer = (void *)response;
    struct ps_filter filter = sandbox_filter_of(call, request->filter);

    return ps_list(call, result, &filter, sandbox_of, &answer->n_items, &answer->items, err);
}

/* --- StreamPodSandboxes --- */

bool plan_stream_pod_sandboxes(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(StreamPodSandboxesRequest) *request = (const void *)call->request;
    struct ps_filter filter = sandbox_filter_of(call, request->filter);

    (void)err;
    return ps_plan(&filter, plan);
}

bool stream_pod_sandboxes(const struct call *call, struct stream *stream, const char *line,
                          size_t length, struct err *err)
{
    const CRI(StreamPodSandboxesRequest) *request = (const void *)call->request;
    struct ps_filter filter = sandbox_filter_of(call, request->filter);
    CRI(StreamPodSandboxesResponse) response = CRI_INIT(STREAM_POD_SANDBOXES_RESPONSE);
    CRI(PodSandbox) *one = ps_one(call, &filter, line, length, sandbox_of, err);

    if (one == NULL)
        return err->code == GRPC_OK;
    response.n_pod_sandboxes = 1;
    response.pod_sandboxes = &one;
    return stream->give(stream->context, &response.base, err);
}

/* --- UpdatePodSandboxResources --- */

/* docker has no cgroup of a pod's own: what is asked is traced, and the sandbox must be there, as
 * containerd has it without a plugin. */
bool plan_update_pod_sandbox_resources(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(UpdatePodSandboxResourcesRequest) *request = (const void *)call->request;

    return plan_inspect("pod_sandbox_id", request->pod_sandbox_id, plan, err);
}

bool parse_update_pod_sandbox_resources(const struct call *call, const struct docker_result *result,
                                        ProtobufCMessage *response, struct err *err)
{
    const CRI(UpdatePodSandboxResourcesRequest) *request = (const void *)call->request;
    struct inspected sandbox;

    (void)response;
    return parse_inspect(call, result, request->pod_sandbox_id, LABEL_TYPE_SANDBOX, &sandbox, err);
}
