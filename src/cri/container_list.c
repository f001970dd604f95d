/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the RPCs that list containers, both ways.
 * It must not know how a command is run. */
#include <string.h>

#include "base/cri.h"
#include "base/text.h"
#include "cri/container.h"
#include "cri/messages.h"
#include "docker/id.h"
#include "docker/ps.h"

/* docker's words for each of the CRI's states. It has none for CONTAINER_UNKNOWN. */
static const char *const created[] = { "created", NULL };
static const char *const running[] = { "running", "paused", "restarting", NULL };
static const char *const exited[] = { "exited", "dead", "removing", NULL };
static const char *const known[] = { "created", "running", "paused",   "restarting",
                                     "exited",  "dead",    "removing", NULL };
static const char *const *const statuses[] = {
    [CRI_ENUM(CONTAINER_STATE, CONTAINER_CREATED)] = created,
    [CRI_ENUM(CONTAINER_STATE, CONTAINER_RUNNING)] = running,
    [CRI_ENUM(CONTAINER_STATE, CONTAINER_EXITED)] = exited,
};

static CRI(ContainerState) state_of(const char *status)
{
    for (size_t state = 0; state < sizeof(statuses) / sizeof(statuses[0]); state++)
        for (size_t i = 0; statuses[state][i] != NULL; i++)
            if (strcmp(statuses[state][i], status) == 0)
                return (CRI(ContainerState))state;
    return CRI_ENUM(CONTAINER_STATE, CONTAINER_UNKNOWN);
}

static struct ps_filter container_filter_of(const struct call *call,
                                            const CRI(ContainerFilter) *asked)
{
    struct ps_filter filter = { .type = LABEL_TYPE_CONTAINER, .id = "", .sandbox_id = "" };

    if (asked == NULL)
        return filter;
    filter.id = asked->id;
    filter.sandbox_id = asked->pod_sandbox_id;
    if (asked->state != NULL && asked->state->state == CRI_ENUM(CONTAINER_STATE, CONTAINER_UNKNOWN))
        filter.other_than = known;
    else if (asked->state != NULL)
        filter.statuses = statuses[asked->state->state];
    filter.labels = pairs_of_map(call->arena, asked->n_label_selector, asked->label_selector);
    return filter;
}

/* docker ps knows the image's id where the container was created by it, as the kubelet does. */
static void *container_of(struct arena *arena, const struct ps_row *row)
{
    CRI(Container) *container = arena_alloc(arena, sizeof(*container));

    *container = (CRI(Container))CRI_INIT(CONTAINER);
    container->id = text_borrowed(row->id);
    container->pod_sandbox_id = text_borrowed(row->record.sandbox_id);
    container->metadata = container_metadata(arena, &row->record);
    container->image = container_image(arena, &row->record, row->image);
    container->state = state_of(row->status);
    container->created_at = row->created_at;
    if (id_of_image(row->image)) {
        container->image_ref = text_borrowed(row->image);
        container->image_id = container->image_ref;
    }
    pairs_to_map(arena, &row->record.labels, CRI_DESCRIPTOR(container__labels_entry),
                 &container->n_labels, &container->labels);
    pairs_to_map(arena, &row->record.annotations, CRI_DESCRIPTOR(container__annotations_entry),
                 &container->n_annotations, &container->annotations);
    return container;
}

/* --- ListContainers --- */

bool plan_list_containers(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ListContainersRequest) *request = (const void *)call->request;
    struct ps_filter filter = container_filter_of(call, request->filter);

    (void)err;
    return ps_plan(&filter, plan);
}

bool parse_list_containers(const struct call *call, const struct docker_result *result,
                           ProtobufCMessage *response, struct err *err)
{
    const CRI(ListContainersRequest) *request = (const void *)call->request;
    CRI(ListContainersResponse) *answer = (void *)response;
    struct ps_filter filter = container_filter_of(call, request->filter);

    return ps_list(call, result, &filter, container_of, &answer->n_containers, &answer->containers,
                   err);
}

/* --- StreamContainers --- */

bool plan_stream_containers(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(StreamContainersRequest) *request = (const void *)call->request;
    struct ps_filter filter = container_filter_of(call, request->filter);

    (void)err;
    return ps_plan(&filter, plan);
}

bool stream_containers(const struct call *call, struct stream *stream, const char *line,
                       size_t length, struct err *err)
{
    const CRI(StreamContainersRequest) *request = (const void *)call->request;
    struct ps_filter filter = container_filter_of(call, request->filter);
    CRI(StreamContainersResponse) response = CRI_INIT(STREAM_CONTAINERS_RESPONSE);
    CRI(Container) *one = ps_one(call, &filter, line, length, container_of, err);

    if (one == NULL)
        return err->code == GRPC_OK;
    response.n_containers = 1;
    response.containers = &one;
    return stream->give(stream->context, &response.base, err);
}
