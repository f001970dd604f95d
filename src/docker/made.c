/* SPDX-License-Identifier: Apache-2.0 */
/* This file tells how a docker run or create failed.
 * It must not know which RPC failed. */
#include "docker/made.h"

#include <string.h>

#include "docker/failure.h"
#include "docker/id.h"

/* The id of the container that has the name; "": docker does not say it. */
static const char *holder_of(struct arena *arena, const char *text)
{
    static const char before[] = "already in use by container \"";
    const char *found = strstr(text, before);
    const char *id = "";

    if (found != NULL)
        id = arena_strndup(arena, found + strlen(before), strcspn(found + strlen(before), "\""));
    return id_full(id) ? id : "";
}

bool made_failure(struct arena *arena, const struct docker_result *result, const char *what,
                  struct err *err)
{
    const char *text = failure_text(arena, result);
    const char *holder = holder_of(arena, text);

    if (result->signal != 0 || failure_code(text) != GRPC_ALREADY_EXISTS)
        return failure_set(arena, result, err);
    if (*holder == '\0')
        return err_set(err, GRPC_ALREADY_EXISTS, "%s is there already", what);
    return err_set(err, GRPC_ALREADY_EXISTS, "%s" HELD_BY "%s", what, holder);
}
