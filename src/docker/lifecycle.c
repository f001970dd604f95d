/* SPDX-License-Identifier: Apache-2.0 */
/* This file plans the commands by a container's id that end it, and parses their results.
 * It must not know any RPC's messages. */
#include "docker/lifecycle.h"

#include <string.h>

#include "docker/failure.h"
#include "docker/id.h"

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
