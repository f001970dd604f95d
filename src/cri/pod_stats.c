/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the statistics RPCs on pods, both ways.
 * It must not know where the figures come from. */
#include "base/cri.h"
#include "base/list.h"
#include "base/text.h"
#include "cri/messages.h"
#include "cri/pods.h"
#include "cri/stats.h"
#include "docker/lifecycle.h"

static CRI(PodSandboxStats) *pod_stats_of(struct arena *arena, const struct pod *pod)
{
    CRI(PodSandboxStats) *stats = pod_stats(arena, pod->sandbox.id, &pod->sandbox.record);
    struct list containers;

    list_init(&containers, arena);
    for (size_t i = 0; i < pod->members.count; i++) {
        const struct ps_row *member = pod->members.items[i];

        list_push(&containers, container_stats(arena, member->id, &member->record));
    }
    list_give(&containers, &stats->linux->n_containers, &stats->linux->containers);
    return stats;
}

/* --- PodSandboxStats --- */

bool plan_pod_sandbox_stats(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(PodSandboxStatsRequest) *request = (const void *)call->request;
    struct pods_asked asked = { .id = request->pod_sandbox_id };

    return id_or_not_found("pod_sandbox_id", request->pod_sandbox_id, err) &&
           pods_plan(&asked, plan);
}

bool parse_pod_sandbox_stats(const struct call *call, const struct docker_result *result,
                             ProtobufCMessage *response, struct err *err)
{
    const CRI(PodSandboxStatsRequest) *request = (const void *)call->request;
    struct pods_asked asked = { .id = request->pod_sandbox_id };
    struct pods pods;

    if (!pods_read(call, result, &asked, &pods, err))
        return false;
    if (pods.pods.count == 0)
        return err_set(err, GRPC_NOT_FOUND, "no running podsandbox of the CRI has the id \"%s\"",
                       request->pod_sandbox_id);
    if (pods.pods.count > 1)
        return err_set(err, GRPC_INVALID_ARGUMENT, "pod_sandbox_id \"%s\": more than one starts so",
                       request->pod_sandbox_id);
    ((CRI(PodSandboxStatsResponse) *)response)->stats =
        pod_stats_of(call->arena, pods.pods.items[0]);
    return true;
}

/* --- ListPodSandboxStats --- */

static struct pods_asked pods_asked_of(const struct call *call,
                                       const CRI(PodSandboxStatsFilter) *filter)
{
    if (filter == NULL)
        return (struct pods_asked){ .id = "" };
    return (struct pods_asked){
        .id = filter->id,
        .labels = pairs_of_map(call->arena, filter->n_label_selector, filter->label_selector),
    };
}

bool plan_list_pod_sandbox_stats(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ListPodSandboxStatsRequest) *request = (const void *)call->request;
    struct pods_asked asked = pods_asked_of(call, request->filter);

    (void)err;
    return pods_plan(&asked, plan);
}

bool parse_list_pod_sandbox_stats(const struct call *call, const struct docker_result *result,
                                  ProtobufCMessage *response, struct err *err)
{
    const CRI(ListPodSandboxStatsRequest) *request = (const void *)call->request;
    CRI(ListPodSandboxStatsResponse) *answer = (void *)response;
    struct pods_asked asked = pods_asked_of(call, request->filter);
    struct pods pods;
    struct list stats;

    if (!pods_read(call, result, &asked, &pods, err))
        return false;
    list_init(&stats, call->arena);
    for (size_t i = 0; i < pods.pods.count; i++)
        list_push(&stats, pod_stats_of(call->arena, pods.pods.items[i]));
    list_give(&stats, &answer->n_stats, &answer->stats);
    return true;
}

/* --- StreamPodSandboxStats --- */

static bool give_stats(struct arena *arena, struct stream *stream, const struct pod *pod,
                       struct err *err)
{
    CRI(StreamPodSandboxStatsResponse) response = CRI_INIT(STREAM_POD_SANDBOX_STATS_RESPONSE);
    CRI(PodSandboxStats) *stats = pod_stats_of(arena, pod);

    response.n_pod_sandbox_stats = 1;
    response.pod_sandbox_stats = &stats;
    return stream->give(stream->context, &response.base, err);
}

bool plan_stream_pod_sandbox_stats(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(StreamPodSandboxStatsRequest) *request = (const void *)call->request;
    struct pods_asked asked = pods_asked_of(call, request->filter);

    (void)err;
    return pods_plan(&asked, plan);
}

bool stream_pod_sandbox_stats(const struct call *call, struct stream *stream, const char *line,
                              size_t length, struct err *err)
{
    const CRI(StreamPodSandboxStatsRequest) *request = (const void *)call->request;
    struct pods_asked asked = pods_asked_of(call, request->filter);

    return pods_stream(call, stream, &asked, line, length, give_stats, err);
}

/* --- ListPodSandboxMetrics, StreamPodSandboxMetrics --- */

/* What they are of; the host step makes the metrics. */
static CRI(PodSandboxMetrics) *metrics_of(struct arena *arena, const struct pod *pod)
{
    CRI(PodSandboxMetrics) *metrics = arena_alloc(arena, sizeof(*metrics));
    struct list containers;

    *metrics = (CRI(PodSandboxMetrics))CRI_INIT(POD_SANDBOX_METRICS);
    metrics->pod_sandbox_id = text_borrowed(pod->sandbox.id);
    list_init(&containers, arena);
    for (size_t i = 0; i < pod->members.count; i++) {
        const struct ps_row *member = pod->members.items[i];
        CRI(ContainerMetrics) *one = arena_alloc(arena, sizeof(*one));

        *one = (CRI(ContainerMetrics))CRI_INIT(CONTAINER_METRICS);
        one->container_id = text_borrowed(member->id);
        list_push(&containers, one);
    }
    list_give(&containers, &metrics->n_container_metrics, &metrics->container_metrics);
    return metrics;
}

bool plan_pod_sandbox_metrics(const struct call *call, struct plan *plan, struct err *err)
{
    struct pods_asked asked = { .id = "" };

    (void)call;
    (void)err;
    return pods_plan(&asked, plan);
}

bool parse_list_pod_sandbox_metrics(const struct call *call, const struct docker_result *result,
                                    ProtobufCMessage *response, struct err *err)
{
    CRI(ListPodSandboxMetricsResponse) *answer = (void *)response;
    struct pods_asked asked = { .id = "" };
    struct pods pods;
    struct list metrics;

    if (!pods_read(call, result, &asked, &pods, err))
        return false;
    list_init(&metrics, call->arena);
    for (size_t i = 0; i < pods.pods.count; i++)
        list_push(&metrics, metrics_of(call->arena, pods.pods.items[i]));
    list_give(&metrics, &answer->n_pod_metrics, &answer->pod_metrics);
    return true;
}

static bool give_metrics(struct arena *arena, struct stream *stream, const struct pod *pod,
                         struct err *err)
{
    CRI(StreamPodSandboxMetricsResponse) response = CRI_INIT(STREAM_POD_SANDBOX_METRICS_RESPONSE);
    CRI(PodSandboxMetrics) *metrics = metrics_of(arena, pod);

    response.n_pod_sandbox_metrics = 1;
    response.pod_sandbox_metrics = &metrics;
    return stream->give(stream->context, &response.base, err);
}

bool stream_pod_sandbox_metrics(const struct call *call, struct stream *stream, const char *line,
                                size_t length, struct err *err)
{
    struct pods_asked asked = { .id = "" };

    return pods_stream(call, stream, &asked, line, length, give_metrics, err);
}
