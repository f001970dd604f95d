/* SPDX-License-Identifier: Apache-2.0 */
/* This file plans and parses what the RPCs on pods and on containers have in common.
 * It must not know any RPC's messages. */
#include "common.h"

#include <string.h>

#include "failure.h"
#include "id.h"
#include "json.h"

/* The engine counts a grace period in nanoseconds: a longer one would overflow to none. */
enum { STOP_SECONDS_MAX = 1000000000 };

bool id_or_not_found(const char *what, const char *id, struct err *err)
{
    if (!id_valid(id))
        return err_set(err, GRPC_NOT_FOUND, "%s \"%s\": is not an id (12 to 64 digits of 0-9a-f)",
                       what, id);
    return true;
}

bool plan_stop(const char *id, int64_t seconds, struct plan *plan)
{
    plan->answered = !id_valid(id);
    strv_push(&plan->command.argv, "stop");
    /* Neither --time, which 28 answers with a notice on stdout, nor --timeout, unknown to 20.10. */
    seconds = seconds < 0 ? 0 : seconds > STOP_SECONDS_MAX ? STOP_SECONDS_MAX : seconds;
    strv_pushf(&plan->command.argv, "-t=%lld", (long long)seconds);
    strv_push(&plan->command.argv, "--");
    strv_push(&plan->command.argv, id);
    return true;
}

bool plan_remove(const char *id, struct plan *plan)
{
    plan->answered = !id_valid(id);
    strv_push(&plan->command.argv, "rm");
    strv_push(&plan->command.argv, "--force");
    strv_push(&plan->command.argv, "--volumes");
    strv_push(&plan->command.argv, "--");
    strv_push(&plan->command.argv, id);
    return true;
}

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

bool plan_info(struct plan *plan)
{
    strv_push(&plan->command.argv, "info");
    strv_push(&plan->command.argv, "--format={{json .}}");
    return true;
}

const json_t *parse_info(const struct call *call, const struct docker_result *result,
                         struct err *err)
{
    const json_t *json = NULL;
    const char *said = NULL;

    if (result->exit_code != 0 && result->stdout_length == 0) {
        failure_set(call->arena, result, err);
        return NULL;
    }
    json = json_read(result->stdout_text, result->stdout_length, err);
    if (json == NULL)
        return NULL;
    said = json_text_at(json_path(json, "ServerErrors"), 0);
    if (*said == '\0' && result->exit_code == 0)
        return json;
    if (*said == '\0')
        failure_set(call->arena, result, err);
    else
        err_set(err, failure_code(said), "%s", said);
    return NULL;
}

bool parse_idempotent(const struct call *call, const struct docker_result *result, const char *id,
                      struct err *err)
{
    if (result->exit_code == 0 || failure_is_unknown(result, id) ||
        failure_matches(result->stderr_text, "removal of container*is already in progress"))
        return true;
    return failure_set(call->arena, result, err);
}

const char *parse_id(struct arena *arena, const struct docker_result *result)
{
    size_t end = result->stdout_length;
    size_t start = 0;
    const char *id = NULL;

    while (end > 0 && strchr("\r\n", result->stdout_text[end - 1]) != NULL)
        end--;
    start = end;
    while (start > 0 && result->stdout_text[start - 1] != '\n')
        start--;
    id = arena_strndup(arena, result->stdout_text + start, end - start);
    return id_full(id) ? id : "";
}

const char *docker_cgroup_parent(const char *path)
{
    size_t length = strlen(path);
    const char *slash = strrchr(path, '/');

    if (slash != NULL && length > 6 && strcmp(path + length - 6, ".slice") == 0)
        return slash + 1;
    return path;
}

/* A path would be a program of the caller's choice: engines from 23 on run one as a runtime. */
bool push_runtime(const char *handler, struct plan *plan, struct err *err)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_.-";

    if (handler[strspn(handler, characters)] != '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "runtime_handler \"%s\": is not the name of a runtime", handler);
    if (*handler != '\0')
        strv_pushf(&plan->command.argv, "--runtime=%s", handler);
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
    json = json_read(result->stdout_text, result->stdout_length, err);
    if (json == NULL)
        return false;
    json = json_array_get(json, 0);
    if (!id_full(json_text(json, "Id")) || json_path(json, "State") == NULL)
        return err_set(err, GRPC_INTERNAL, "docker inspect: the output is not a container");
    inspected->json = json;
    inspected->labels = pairs_of_json(call->arena, json_path(json, "Config.Labels"));
    label = pairs_get(&inspected->labels, LABEL_TYPE);
    if (label == NULL || strcmp(label, type) != 0 ||
        strncmp(json_text(json, "Id"), id, strlen(id)) != 0)
        return not_the_cris(type, id, err);
    record_pieces(call->arena, &inspected->labels, pieces);
    if (!record_read(call->arena, pieces, &inspected->labels,
                     record_own_name(call->arena, json_text(json, "Name")), &inspected->record))
        return not_the_cris(type, id, err);
    if (!inspected->record.sandbox)
        inspected->record.sandbox_id = sandbox_id_of(&inspected->labels);
    return true;
}

void redact_environment(json_t *inspected)
{
    json_t *environment = json_object_get(json_object_get(inspected, "Config"), "Env");

    json_object_del(inspected, "ContainerConfig"); /* of images up to engine 26: says it again */
    for (size_t i = 0; i < json_array_size(environment); i++) {
        const char *variable = json_text_at(environment, i);
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
        json_put_text(object, "sandboxID", inspected->record.sandbox_id);
    json_object_set_new(object, "pid", json_integer(json_number(inspected->json, "State.Pid")));
    json_object_set_new(object, "docker", docker);
    info.items[0] = (struct pair){ .key = "info", .value = json_compact(call->arena, object) };
    return info;
}
