/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates GetContainerEvents, both ways.
 * It must not know how a command is run. */
#include "cri/events.h"

#include <stdlib.h>
#include <string.h>

#include "base/cri.h"
#include "base/document.h"
#include "base/list.h"
#include "base/strv.h"
#include "base/text.h"
#include "cri/messages.h"
#include "docker/id.h"
#include "docker/record.h"

/* The CRI's events, docker's names for them, and what they say of a container. */
static const struct event {
    const char *action;
    CRI(ContainerEventType) type;
    CRI(ContainerState) state;
} events[] = {
    { "create", CRI_ENUM(CONTAINER_EVENT_TYPE, CONTAINER_CREATED_EVENT),
      CRI_ENUM(CONTAINER_STATE, CONTAINER_CREATED) },
    { "start", CRI_ENUM(CONTAINER_EVENT_TYPE, CONTAINER_STARTED_EVENT),
      CRI_ENUM(CONTAINER_STATE, CONTAINER_RUNNING) },
    { "die", CRI_ENUM(CONTAINER_EVENT_TYPE, CONTAINER_STOPPED_EVENT),
      CRI_ENUM(CONTAINER_STATE, CONTAINER_EXITED) },
    { "destroy", CRI_ENUM(CONTAINER_EVENT_TYPE, CONTAINER_DELETED_EVENT),
      CRI_ENUM(CONTAINER_STATE, CONTAINER_EXITED) },
};
enum { EVENTS = sizeof(events) / sizeof(events[0]) };

bool plan_get_container_events(const struct call *call, struct plan *plan, struct err *err)
{
    struct strv *argv = &plan->command.argv;

    (void)call;
    (void)err;
    strv_push(argv, "events");
    strv_push(argv, "--filter=type=container");
    strv_push(argv, "--filter=label=" LABEL_TYPE);
    for (size_t i = 0; i < EVENTS; i++)
        strv_pushf(argv, "--filter=event=%s", events[i].action);
    strv_push(argv, "--format={{json .}}");
    return true;
}

static const struct event *event_of(const char *action)
{
    for (size_t i = 0; i < EVENTS; i++)
        if (strcmp(events[i].action, action) == 0)
            return &events[i];
    return NULL;
}

/* What a docker event tells. */
struct seen {
    const struct event *event;
    const json_t *json;
    const char *id;
    int64_t at;
    bool forged; /* the exit code is not docker's */
    struct record record;
};

/* The pod, in an event of its sandbox. In one of another container docker says nothing of it, and
 * a PodSandboxStatus cannot leave its state out: the state 0 is READY. */
static CRI(PodSandboxStatus) *pod_of(struct arena *arena, const struct seen *seen)
{
    CRI(PodSandboxStatus) *pod = arena_alloc(arena, sizeof(*pod));
    const struct record *record = &seen->record;
    bool is_down = seen->event->state != CRI_ENUM(CONTAINER_STATE, CONTAINER_RUNNING);

    *pod = (CRI(PodSandboxStatus))CRI_INIT(POD_SANDBOX_STATUS);
    pod->id = text_borrowed(seen->id);
    pod->metadata = pod_metadata(arena, record);
    pod->state = is_down ? CRI_ENUM(POD_SANDBOX_STATE, SANDBOX_NOTREADY)
                         : CRI_ENUM(POD_SANDBOX_STATE, SANDBOX_READY);
    pairs_to_map(arena, &record->labels, CRI_DESCRIPTOR(pod_sandbox_status__labels_entry),
                 &pod->n_labels, &pod->labels);
    pairs_to_map(arena, &record->annotations, CRI_DESCRIPTOR(pod_sandbox_status__annotations_entry),
                 &pod->n_annotations, &pod->annotations);
    return pod;
}

static void give_times(const struct seen *seen, CRI(ContainerStatus) *status)
{
    if (seen->event->type == CRI_ENUM(CONTAINER_EVENT_TYPE, CONTAINER_CREATED_EVENT))
        status->created_at = seen->at;
    if (seen->event->type == CRI_ENUM(CONTAINER_EVENT_TYPE, CONTAINER_STARTED_EVENT))
        status->started_at = seen->at;
    if (seen->event->type == CRI_ENUM(CONTAINER_EVENT_TYPE, CONTAINER_STOPPED_EVENT)) {
        const char *code = doc_text(seen->json, "Actor.Attributes.exitCode");

        status->finished_at = seen->at;
        status->exit_code = (int32_t)strtol(code, NULL, 10);
        status->reason = text_borrowed(status->exit_code == 0 ? "Completed" : "Error");
    }
}

static CRI(ContainerStatus) *container_of_event(struct arena *arena, const struct seen *seen)
{
    CRI(ContainerStatus) *status = arena_alloc(arena, sizeof(*status));
    const struct record *record = &seen->record;

    *status = (CRI(ContainerStatus))CRI_INIT(CONTAINER_STATUS);
    status->id = text_borrowed(seen->id);
    status->metadata = container_metadata(arena, record);
    status->state = seen->event->state;
    give_times(seen, status);
    status->image = container_image(arena, record, doc_text(seen->json, "Actor.Attributes.image"));
    status->log_path = text_borrowed(record->log_path);
    pairs_to_map(arena, &record->labels, CRI_DESCRIPTOR(container_status__labels_entry),
                 &status->n_labels, &status->labels);
    pairs_to_map(arena, &record->annotations, CRI_DESCRIPTOR(container_status__annotations_entry),
                 &status->n_annotations, &status->annotations);
    return status;
}

static CRI(ContainerEventResponse) *response_of(struct arena *arena, const struct seen *seen)
{
    CRI(ContainerEventResponse) *response = arena_alloc(arena, sizeof(*response));
    struct list statuses;

    *response = (CRI(ContainerEventResponse))CRI_INIT(CONTAINER_EVENT_RESPONSE);
    response->container_id = text_borrowed(seen->id);
    response->container_event_type = seen->event->type;
    response->created_at = seen->at;
    if (seen->record.sandbox)
        response->pod_sandbox_status = pod_of(arena, seen);
    list_init(&statuses, arena);
    if (!seen->record.sandbox && !seen->forged)
        list_push(&statuses, container_of_event(arena, seen));
    list_give(&statuses, &response->n_containers_statuses, &response->containers_statuses);
    return response;
}

static bool is_dockers_attribute(const char *key)
{
    static const char *const keys[] = {
        "image", "name", "exitCode", "execDuration", "signal", NULL
    };

    return text_is_one_of(key, keys);
}

/* The attributes are the labels and a few words of docker's own, which stand in place of labels of
 * such names. */
static struct pairs labels_of(struct arena *arena, const struct pairs *attributes)
{
    struct pairs labels = { .items = arena_array(arena, attributes->count, sizeof(struct pair)) };

    for (size_t i = 0; i < attributes->count; i++)
        if (!is_dockers_attribute(attributes->items[i].key))
            labels.items[labels.count++] = attributes->items[i];
    return labels;
}

static bool read_record(struct arena *arena, struct seen *seen)
{
    struct pairs attributes = pairs_of_json(arena, doc_path(seen->json, "Actor.Attributes"));
    struct pairs labels = labels_of(arena, &attributes);
    const char *sandbox_id = pairs_get(&labels, LABEL_SANDBOX_ID);
    const char *name = pairs_get(&attributes, "name");
    const char *pieces[RECORD_PIECES];

    record_pieces(arena, &labels, pieces);
    return name != NULL && record_read(arena, pieces, &labels, name,
                                       sandbox_id == NULL ? "" : sandbox_id, &seen->record);
}

/* ==== an exit code that is not docker's ==== */

/* A label "exitCode" stands in place of docker's own attribute when a container ends. Before that
 * docker says none, so that one which is there is a label; from then on we remember it. The
 * containers' ids, as long as they are there: */
static struct strv *remembered(const struct call *call)
{
    struct host_memory *memory = call->host;

    if (memory->state == NULL) {
        memory->state = arena_alloc(memory->arena, sizeof(struct strv));
        strv_init(memory->state, memory->arena);
    }
    return memory->state;
}

static size_t find_remembered(const struct strv *ids, const char *id)
{
    size_t i = 0;

    while (i < ids->count && strcmp(ids->words[i], id) != 0)
        i++;
    return i;
}

static void forget(struct strv *ids, size_t at)
{
    if (at == ids->count)
        return;
    ids->words[at] = ids->words[ids->count - 1];
    strv_pop(ids);
}

static bool is_forged(const struct call *call, const struct seen *seen)
{
    struct strv *ids = remembered(call);
    size_t at = find_remembered(ids, seen->id);
    bool ends = seen->event->type == CRI_ENUM(CONTAINER_EVENT_TYPE, CONTAINER_STOPPED_EVENT);
    bool is_label = !ends && doc_path(seen->json, "Actor.Attributes.exitCode") != NULL;

    if (seen->event->type == CRI_ENUM(CONTAINER_EVENT_TYPE, CONTAINER_DELETED_EVENT))
        forget(ids, at);
    else if (is_label && at == ids->count)
        strv_push(ids, seen->id);
    return ends && (at < ids->count || pairs_get(&seen->record.labels, "exitCode") != NULL);
}

bool stream_get_container_events(const struct call *call, struct stream *stream, const char *line,
                                 size_t length, struct err *err)
{
    struct seen seen = { .json = line == NULL ? NULL : doc_read(line, length, err) };

    if (seen.json == NULL)
        return line == NULL;
    seen.event = event_of(doc_text(seen.json, "Action"));
    seen.id = arena_strdup(call->arena, doc_text(seen.json, "Actor.ID"));
    seen.at = doc_number(seen.json, "timeNano");
    if (!id_full(seen.id))
        return err_set(err, GRPC_INTERNAL, "docker events: a line is not an event of a container");
    if (seen.event == NULL || !read_record(call->arena, &seen)) /* not what was asked for */
        return true;
    seen.forged = is_forged(call, &seen);
    return stream->give(stream->context, &response_of(call->arena, &seen)->base, err);
}
