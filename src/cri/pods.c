/* SPDX-License-Identifier: Apache-2.0 */
/* This file puts docker's one list of all our containers together to pods.
 * It must not know which message a pod becomes. */
#include "cri/pods.h"

#include <string.h>

#include "base/document.h"
#include "base/text.h"
#include "docker/id.h"

/* Sandboxes and containers alike: the sandbox's lines are filtered by what is asked, and decide. */
static struct ps_filter everything(void)
{
    static const char *const running[] = { "running", "paused", NULL };

    return (struct ps_filter){ .type = "", .id = "", .sandbox_id = "", .statuses = running };
}

bool pods_plan(const struct pods_asked *asked, struct plan *plan)
{
    struct ps_filter filter = everything();

    ps_plan(&filter, plan);
    if (*asked->id != '\0' && !id_prefix(asked->id))
        plan->answered = true;
    return true;
}

static void add_pod(struct pods *pods, const struct ps_row *row)
{
    struct pod *pod = NULL;

    if (*row->record.cgroup_parent != '\0')
        list_push(&pods->parents, text_borrowed(row->record.cgroup_parent));
    if (!text_begins(row->id, pods->asked->id) ||
        !pairs_include(&row->record.labels, &pods->asked->labels))
        return;
    pod = arena_alloc(pods->arena, sizeof(*pod));
    *pod = (struct pod){ .sandbox = *row, .own_cgroup = "" };
    list_init(&pod->members, pods->arena);
    list_push(&pods->pods, pod);
}

static void add_row(void *context, const struct ps_row *row)
{
    struct pods *pods = context;
    struct ps_row *member = NULL;

    if (*row->record.sandbox_id == '\0') {
        add_pod(pods, row);
        return;
    }
    member = arena_alloc(pods->arena, sizeof(*member));
    *member = *row;
    list_push(&pods->members, member);
}

/* Puts each member into its pod; the index keeps it linear. */
static void gather_members(struct pods *pods)
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

/* A parent that two sandboxes were made with is neither's. */
static void find_own_cgroups(struct pods *pods)
{
    json_t *uses = json_object();

    for (size_t i = 0; i < pods->parents.count; i++) {
        const char *parent = pods->parents.items[i];
        json_int_t count = json_integer_value(json_object_get(uses, parent));

        json_object_set_new_nocheck(uses, parent, json_integer(count + 1));
    }
    for (size_t i = 0; i < pods->pods.count; i++) {
        struct pod *pod = pods->pods.items[i];
        const char *parent = pod->sandbox.record.cgroup_parent;

        if (json_integer_value(json_object_get(uses, parent)) == 1)
            pod->own_cgroup = parent;
    }
}

static void init_pods(struct pods *pods, const struct call *call)
{
    *pods = (struct pods){ .arena = call->arena };
    list_init(&pods->pods, call->arena);
    list_init(&pods->members, call->arena);
    list_init(&pods->parents, call->arena);
}

bool pods_read(const struct call *call, const struct docker_result *result,
               const struct pods_asked *asked, struct pods *pods, struct err *err)
{
    struct ps_filter filter = everything();

    init_pods(pods, call);
    pods->asked = asked;
    if (!ps_read(call, result, &filter, add_row, pods, err))
        return false;
    gather_members(pods);
    find_own_cgroups(pods);
    call->host->pods = pods->pods.items;
    return true;
}

static bool give_all(const struct call *call, struct stream *stream, const struct pods *pods,
                     pods_give *give, struct err *err)
{
    for (size_t i = 0; i < pods->pods.count; i++) {
        call->host->pods = &pods->pods.items[i];
        if (!give(call->arena, stream, pods->pods.items[i], err))
            return false;
    }
    return true;
}

bool pods_stream(const struct call *call, struct stream *stream, const struct pods_asked *asked,
                 const char *line, size_t length, pods_give *give, struct err *err)
{
    struct ps_filter filter = everything();
    struct pods *pods = stream->state;
    struct ps_row row;
    bool passes = false;

    if (pods == NULL) {
        pods = arena_alloc(call->arena, sizeof(*pods));
        init_pods(pods, call);
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
    gather_members(pods);
    find_own_cgroups(pods);
    if (!give_all(call, stream, pods, give, err))
        return false;
    stream->state = NULL;
    return true;
}
