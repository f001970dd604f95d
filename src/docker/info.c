/* SPDX-License-Identifier: Apache-2.0 */
/* This file plans and parses docker info.
 * It must not know any RPC's messages. */
#include "docker/info.h"

#include "base/document.h"
#include "docker/failure.h"

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
    json = doc_read(result->stdout_text, result->stdout_length, err);
    if (json == NULL)
        return NULL;
    said = doc_text_at(doc_path(json, "ServerErrors"), 0);
    if (*said == '\0' && result->exit_code == 0)
        return json;
    if (*said == '\0')
        failure_set(call->arena, result, err);
    else
        err_set(err, failure_code(said), "%s", said);
    return NULL;
}
