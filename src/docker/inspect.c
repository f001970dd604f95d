/* SPDX-License-Identifier: Apache-2.0 */
/* This file plans and parses docker inspect of one container.
 * It must not know any RPC's messages. */
#include "docker/inspect.h"

#include <string.h>

#include "base/document.h"
#include "base/text.h"
#include "docker/failure.h"
#include "docker/id.h"
#include "docker/lifecycle.h"

bool plan_inspect(const char *what, const char *id, struct plan *plan, struct err *err)
{
    if (!id_or_not_found(what, id, err))
        return false;
    strv_push(&plan->command.argv, "inspect");
    strv_push(&plan->command.argv, "--type=container");
    strv_push(&plan->command.argv, "--");
    strv_push(&plan->command.argv, id);
    return true;
}

static bool not_found(const char *type, const char *id, struct err *err)
{
    return err_set(err, GRPC_NOT_FOUND, "no %s of the CRI has the id \"%s\"", type, id);
}

static bool not_the_cris(const char *type, const char *id, struct err *err)
{
    return err_set(err, GRPC_NOT_FOUND, NOT_THE_CRIS " \"%s\" is not a %s of the CRI", id, type);
}

static const char *sandbox_id_of(const struct pairs *labels)
{
    const char *id = pairs_get(labels, LABEL_SANDBOX_ID);

    return id == NULL ? "" : id;
}

static bool joins(const json_t *json, const char *path, const char *sandbox_id)
{
    static const char start[] = "container:";
    const char *mode = doc_text(json, path);

    return text_begins(mode, start) && strcmp(mode + strlen(start), sandbox_id) == 0;
}

/* A container of a person's, from an image with labels as ours, joins no sandbox; ours and
 * cri-dockerd's always do, also where the pod's namespaces are the host's. docker has a word for
 * each container's IPC since 17.11: where there is none nothing can be told. */
static bool joins_its_sandbox(const struct inspected *inspected)
{
    static const char ipc[] = "HostConfig.IpcMode";
    const json_t *json = inspected->json;
    const struct record *record = &inspected->record;

    return record->sandbox || *doc_text(json, ipc) == '\0' ||
           joins(json, ipc, record->sandbox_id) ||
           joins(json, "HostConfig.NetworkMode", record->sandbox_id);
}

bool parse_inspect(const struct call *call, const struct docker_result *result, const char *id,
                   const char *type, struct inspected *inspected, struct err *err)
{
    const json_t *json = NULL;
    const char *label = NULL;
    const char *pieces[RECORD_PIECES];

    if (result->exit_code != 0 && failure_is_unknown(result, id))
        return not_found(type, id, err);
    if (result->exit_code != 0)
        return failure_set(call->arena, result, err);
    json = doc_read(result->stdout_text, result->stdout_length, err);
    if (json == NULL)
        return false;
    json = json_array_get(json, 0);
    if (!id_full(doc_text(json, "Id")) || doc_path(json, "State") == NULL)
        return err_set(err, GRPC_INTERNAL, "docker inspect: the output is not a container");
    inspected->json = json;
    inspected->labels = pairs_of_json(call->arena, doc_path(json, "Config.Labels"));
    label = pairs_get(&inspected->labels, LABEL_TYPE);
    if (label == NULL || strcmp(label, type) != 0 ||
        strncmp(doc_text(json, "Id"), id, strlen(id)) != 0)
        return not_the_cris(type, id, err);
    record_pieces(call->arena, &inspected->labels, pieces);
    if (!record_read(call->arena, pieces, &inspected->labels,
                     record_own_name(call->arena, doc_text(json, "Name")),
                     sandbox_id_of(&inspected->labels), &inspected->record) ||
        !joins_its_sandbox(inspected))
        return not_the_cris(type, id, err);
    return true;
}

void redact_environment(json_t *inspected)
{
    json_t *environment = json_object_get(json_object_get(inspected, "Config"), "Env");

    json_object_del(inspected, "ContainerConfig"); /* of images up to engine 26: says it again */
    for (size_t i = 0; i < json_array_size(environment); i++) {
        const char *variable = doc_text_at(environment, i);
        int length = (int)strcspn(variable, "=");

        json_array_set_new(environment, i, json_sprintf("%.*s=<redacted>", length, variable));
    }
}

struct pairs verbose_info(const struct call *call, const struct inspected *inspected)
{
    struct pairs info = { .items = arena_array(call->arena, 1, sizeof(struct pair)), .count = 1 };
    json_t *docker = json_deep_copy(inspected->json);
    json_t *object = json_object();

    redact_environment(docker);
    if (!inspected->record.sandbox)
        doc_put_text(object, "sandboxID", inspected->record.sandbox_id);
    json_object_set_new(object, "pid", json_integer(doc_number(inspected->json, "State.Pid")));
    json_object_set_new(object, "docker", docker);
    info.items[0] = (struct pair){ .key = "info", .value = doc_compact(call->arena, object) };
    return info;
}
