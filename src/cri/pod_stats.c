/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the statistics RPCs on pods, both ways: docker's one list of all our
 * containers is put together to pods. It must not know where the figures come from. */
#include <string.h>

#include "base/cri.h"
#include "base/document.h"
#include "base/list.h"
#include "cri/messages.h"
#include "cri/stats.h"
#include "docker/id.h"
#include "docker/lifecycle.h"
#include "docker/ps.h"

/* What a request asks for; "" and none do not filter. */
struct asked {
    const char *id; /* of the sandbox, a prefix */
    struct pairs labels;
};

/* The pods, as the lines are read: a line of a container may come before its sandbox's. */
struct pods {
    const struct asked *asked;
    struct arena *arena;
    struct list pods;    /* struct pod */
    struct list members; /* struct ps_row */
};

struct pod {
    struct ps_row sandbox;
    struct list members; /* struct ps_row */
};

/* Sandboxes and containers alike: the sandbox's lines are filtered by what is asked, and decide. */
static struct ps_filter everything(void)
{
    static const char *const running[] = { "running", "paused", NULL };

    return (struct ps_filter){ .type = "", .id = "", .sandbox_id = "", .statuses = running };
}

static bool plan_pods(const struct asked *asked, struct plan *plan)
{
    struct ps_filter filter = everything();

    ps_plan(&filter, plan);
    if (*asked->id != '\0' && !id_prefix(asked->id))
        plan->answered = true;
    return true;
}

static void add_row(void *context, const struct ps_row *row)
{
    struct pods *pods = context;
    struct pod *pod = NULL;

    if (*row->record.sandbox_id != '\0') {
        struct ps_row *member = arena_alloc(pods->arena, sizeof(*member));

        *member = *row;
        list_push(&pods->members, member);
        return;
    }
    if (strncmp(row->id, pods->asked->id, strlen(pods->asked->id)) != 0 ||
        !pairs_include(&row->record.labels, &pods->asked->labels))
        return;
    pod = arena_alloc(pods->arena, sizeof(*pod));
    pod->sandbox = *row;
    list_init(&pod->members, pods->arena);
    list_push(&pods->pods, pod);
}

/* Puts each member into its pod; the index keeps it linear. */
static void gather(struct pods *pods)
{
    json_t *index = json_object();

    for (size_t i = 0; i < pods->pods.count; i++) {
        const struct pod *pod = pods->pods.items[i];

        json_object_set_new_nocheck(index, pod->sandbox.id, json_integer((json_int_t)i));
    }
    for (size_t i = 0; i < pods->members.count; i++) {
        struct ps_row *member = pods->members.items[i];
        const json_t *at = json_object_get(index, member->record.sandbox_id);

        if (at != NULL) {
            struct pod *pod = pods->pods.items[json_integer_value(at)];

            list_push(&pod->members, member);
        }
    }
}

static void init_pods(struct pods *pods, const struct call *call, const struct asked *asked)
{
    *pods = (struct pods){ .asked = asked, .arena = call->arena };
    list_init(&pods->pods, call->arena);
    list_init(&pods->members, call->arena);
}

static bool read_pods(const struct call *call, const struct docker_result *result,
                      const struct asked *asked, struct pods *pods, struct err *err)
{
    struct ps_filter filter = everything();

    init_pods(pods, call, asked);
    if (!ps_read(call, result, &filter, add_row, pods, err))
        return false;
    gather(pods);
    return true;
}

static CRI(PodSandboxStats) *stats_of(struct arena *arena, const struct pod *pod)
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
    struct asked asked = { .id = request->pod_sandbox_id };

    return id_or_not_found("pod_sandbox_id", request->pod_sandbox_id, err) &&
           plan_pods(&asked, plan);
}

bool parse_pod_sandbox_stats(const struct call *call, const struct docker_result *result,
                             ProtobufCMessage *response, struct err *err)
{
    const CRI(PodSandboxStatsRequest) *request = (const void *)call->request;
    struct asked asked = { .id = request->pod_sandbox_id };
    struct pods pods;

    if (!read_pods(call, result, &asked, &pods, err))
        return false;
    if (pods.pods.count == 0)
        return err_set(err, GRPC_NOT_FOUND, "no running podsandbox of the CRI has the id \"%s\"",
                       request->pod_sandbox_id);
    if (pods.pods.count > 1)
        return err_set(err, GRPC_INVALID_ARGUMENT, "pod_sandbox_id \"%s\": more than one starts so",
                       request->pod_sandbox_id);
    ((CRI(PodSandboxStatsResponse) *)response)->stats = stats_of(call->arena, pods.pods.items[0]);
    return true;
}

/* --- ListPodSandboxStats --- */

static struct asked asked_of(const struct call *call, const CRI(PodSandboxStatsFilter) *filter)
{
    if (filter == NULL)
        return (struct asked){ .id = "" };
    return (struct asked){
        .id = filter->id,
        .labels = pairs_of_map(call->arena, filter->n_label_selector, filter->label_selector),
    };
}

bool plan_list_pod_sandbox_stats(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ListPodSandboxStatsRequest) *request = (const void *)call->request;
    struct asked asked = asked_of(call, request->filter);

    (void)err;
    return plan_pods(&asked, plan);
}

bool parse_list_pod_sandbox_stats(const struct call *call, const struct docker_result *result,
                                  ProtobufCMessage *response, struct err *err)
{
    const CRI(ListPodSandboxStatsRequest) *request = (const void *)call->request;
    CRI(ListPodSandboxStatsResponse) *answer = (void *)response;
    struct asked asked = asked_of(call, request->filter);
    struct pods pods;

    if (!read_pods(call, result, &asked, &pods, err))
        return false;
    for (size_t i = 0; i < pods.pods.count; i++)
        pods.pods.items[i] = stats_of(call->arena, pods.pods.items[i]);
    list_give(&pods.pods, &answer->n_stats, &answer->stats);
    return true;
}

/* --- StreamPodSandboxStats --- */

/* A pod is whole only when the last line is read: what is kept until then is a container's metadata
 * and labels, some hundred bytes. Each pod is an answer of its own. */
typedef bool give_pod(struct arena *arena, struct stream *stream, const struct pod *pod,
                      struct err *err);

static bool stream_pods(const struct call *call, struct stream *stream, const struct asked *asked,
                        const char *line, size_t length, give_pod *give, struct err *err)
{
    struct ps_filter filter = everything();
    struct pods *pods = stream->state;
    struct ps_row row;
    bool passes = false;

    if (pods == NULL) {
        pods = arena_alloc(call->arena, sizeof(*pods));
        init_pods(pods, call, NULL);
        stream->state = pods;
    }
    pods->asked = asked;
    if (line != NULL) {
        if (!ps_read_line(call, &filter, line, length, &row, &passes, err))
            return false;
        if (passes)
            add_row(pods, &row);
        return true;
    }
    gather(pods);
    for (size_t i = 0; i < pods->pods.count; i++)
        if (!give(call->arena, stream, pods->pods.items[i], err))
            return false;
    stream->state = NULL;
    return true;
}

static bool give_stats(struct arena *arena, struct stream *stream, const struct pod *pod,
                       struct err *err)
{
    CRI(StreamPodSandboxStatsResponse) response = CRI_INIT(STREAM_POD_SANDBOX_STATS_RESPONSE);
    CRI(PodSandboxStats) *stats = stats_of(arena, pod);

    response.n_pod_sandbox_stats = 1;
    response.pod_sandbox_stats = &stats;
    return stream->give(stream->context, &response.base, err);
}

bool plan_stream_pod_sandbox_stats(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(StreamPodSandboxStatsRequest) *request = (const void *)call->request;
    struct asked asked = asked_of(call, request->filter);

    (void)err;
    return plan_pods(&asked, plan);
}

bool stream_pod_sandbox_stats(const struct call *call, struct stream *stream, const char *line,
                              size_t length, struct err *err)
{
    const CRI(StreamPodSandboxStatsRequest) *request = (const void *)call->request;
    struct asked asked = asked_of(call, request->filter);

    return stream_pods(call, stream, &asked, line, length, give_stats, err);
}

/* --- ListPodSandboxMetrics, StreamPodSandboxMetrics --- */

/* The labels of cAdvisor's metrics, in the order of metrics_descriptors' first keys, kept in the
 * one metric that parse makes: the after step makes the others from it, and drops it. */
static void give_labels(struct arena *arena, const struct ps_row *row, size_t *count,
                        CRI(Metric) ***metrics)
{
    const struct record *record = &row->record;
    const char *const values[] = {
        record->name.container, row->id,         row->image, name_print(arena, &record->name),
        record->name.namespace, record->name.pod
    };
    CRI(Metric) *labels = arena_alloc(arena, sizeof(*labels));
    struct list list;

    *labels = (CRI(Metric))CRI_INIT(METRIC);
    list_init(&list, arena);
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        list_push(&list, (char *)(uintptr_t)values[i]);
    list_give(&list, &labels->n_label_values, &labels->label_values);
    list_init(&list, arena);
    list_push(&list, labels);
    list_give(&list, count, metrics);
}

static CRI(PodSandboxMetrics) *metrics_of(struct arena *arena, const struct pod *pod)
{
    CRI(PodSandboxMetrics) *metrics = arena_alloc(arena, sizeof(*metrics));
    struct list containers;

    *metrics = (CRI(PodSandboxMetrics))CRI_INIT(POD_SANDBOX_METRICS);
    metrics->pod_sandbox_id = (char *)(uintptr_t)pod->sandbox.id;
    give_labels(arena, &pod->sandbox, &metrics->n_metrics, &metrics->metrics);
    list_init(&containers, arena);
    for (size_t i = 0; i < pod->members.count; i++) {
        const struct ps_row *member = pod->members.items[i];
        CRI(ContainerMetrics) *one = arena_alloc(arena, sizeof(*one));

        *one = (CRI(ContainerMetrics))CRI_INIT(CONTAINER_METRICS);
        one->container_id = (char *)(uintptr_t)member->id;
        give_labels(arena, member, &one->n_metrics, &one->metrics);
        list_push(&containers, one);
    }
    list_give(&containers, &metrics->n_container_metrics, &metrics->container_metrics);
    return metrics;
}

bool plan_pod_sandbox_metrics(const struct call *call, struct plan *plan, struct err *err)
{
    struct asked asked = { .id = "" };

    (void)call;
    (void)err;
    return plan_pods(&asked, plan);
}

bool parse_list_pod_sandbox_metrics(const struct call *call, const struct docker_result *result,
                                    ProtobufCMessage *response, struct err *err)
{
    CRI(ListPodSandboxMetricsResponse) *answer = (void *)response;
    struct asked asked = { .id = "" };
    struct pods pods;

    if (!read_pods(call, result, &asked, &pods, err))
        return false;
    for (size_t i = 0; i < pods.pods.count; i++)
        pods.pods.items[i] = metrics_of(call->arena, pods.pods.items[i]);
    list_give(&pods.pods, &answer->n_pod_metrics, &answer->pod_metrics);
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
    struct asked asked = { .id = "" };

    return stream_pods(call, stream, &asked, line, length, give_metrics, err);
}
