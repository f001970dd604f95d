/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the statistics RPCs on containers, both ways.
 * It must not know where the figures come from. */
#include "cri/stats.h"

#include "base/cri.h"
#include "base/document.h"
#include "cri/messages.h"
#include "docker/inspect.h"
#include "docker/ps.h"

static const char *const running[] = { "running", "paused", NULL };

/* --- ContainerStats --- */

bool plan_container_stats(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ContainerStatsRequest) *request = (const void *)call->request;

    return plan_inspect("container_id", request->container_id, plan, err);
}

bool parse_container_stats(const struct call *call, const struct docker_result *result,
                           ProtobufCMessage *response, struct err *err)
{
    const CRI(ContainerStatsRequest) *request = (const void *)call->request;
    CRI(ContainerStatsResponse) *answer = (void *)response;
    struct inspected container;

    if (!parse_inspect(call, result, request->container_id, LABEL_TYPE_CONTAINER, &container, err))
        return false;
    answer->stats = container_stats(
        call->arena, arena_strdup(call->arena, doc_text(container.json, "Id")), &container.record);
    return true;
}

/* --- ListContainerStats --- */

static struct ps_filter container_stats_filter(const struct call *call,
                                               const CRI(ContainerStatsFilter) *asked)
{
    struct ps_filter filter = {
        .type = LABEL_TYPE_CONTAINER, .id = "", .sandbox_id = "", .statuses = running
    };

    if (asked == NULL)
        return filter;
    filter.id = asked->id;
    filter.sandbox_id = asked->pod_sandbox_id;
    filter.labels = pairs_of_map(call->arena, asked->n_label_selector, asked->label_selector);
    return filter;
}

bool plan_list_container_stats(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ListContainerStatsRequest) *request = (const void *)call->request;
    struct ps_filter filter = container_stats_filter(call, request->filter);

    (void)err;
    return ps_plan(&filter, plan);
}

static void *container_stats_of(struct arena *arena, const struct ps_row *row)
{
    return container_stats(arena, row->id, &row->record);
}

bool parse_list_container_stats(const struct call *call, const struct docker_result *result,
                                ProtobufCMessage *response, struct err *err)
{
    const CRI(ListContainerStatsRequest) *request = (const void *)call->request;
    CRI(ListContainerStatsResponse) *answer = (void *)response;
    struct ps_filter filter = container_stats_filter(call, request->filter);

    return ps_list(call, result, &filter, container_stats_of, &answer->n_stats, &answer->stats,
                   err);
}

/* --- StreamContainerStats --- */

bool plan_stream_container_stats(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(StreamContainerStatsRequest) *request = (const void *)call->request;
    struct ps_filter filter = container_stats_filter(call, request->filter);

    (void)err;
    return ps_plan(&filter, plan);
}

bool stream_container_stats(const struct call *call, struct stream *stream, const char *line,
                            size_t length, struct err *err)
{
    const CRI(StreamContainerStatsRequest) *request = (const void *)call->request;
    struct ps_filter filter = container_stats_filter(call, request->filter);
    CRI(StreamContainerStatsResponse) response = CRI_INIT(STREAM_CONTAINER_STATS_RESPONSE);
    CRI(ContainerStats) *one = ps_one(call, &filter, line, length, container_stats_of, err);

    if (one == NULL)
        return err->code == GRPC_OK;
    response.n_container_stats = 1;
    response.container_stats = &one;
    return stream->give(stream->context, &response.base, err);
}
