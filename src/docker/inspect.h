/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares docker inspect of one container.
 * It must not know any RPC's messages. */
#ifndef INSPECT_H
#define INSPECT_H

#include <jansson.h>

#include "docker/call.h"
#include "docker/record.h"

/* docker inspect --type=container -- ID. */
bool plan_inspect(const char *what, const char *id, struct plan *plan, struct err *err);

/* A container as docker inspect shows it. */
struct inspected {
    const json_t *json;
    struct pairs labels; /* docker's, all of them */
    struct record record;
};

/* Begins the text of a NOT_FOUND when docker has a container of this id, but it is not the one that
 * the CRI means. */
#define NOT_THE_CRIS "what has the id"

/* Reads the one container of docker inspect. NOT_FOUND when it is not there, and with NOT_THE_CRIS
 * when it is not ours, is of the other type (LABEL_TYPE_…), or was named by something else than its
 * id. */
bool parse_inspect(const struct call *call, const struct docker_result *result, const char *id,
                   const char *type, struct inspected *inspected, struct err *err);

/* The verbose answers' one entry, "info": JSON with what people look for by name (pid, sandboxID)
 * and all that docker inspect says, the environment's values replaced by "<redacted>". */
struct pairs verbose_info(const struct call *call, const struct inspected *inspected);

/* Replaces the value of each NAME=VALUE in docker's "Config.Env" by "<redacted>". */
void redact_environment(json_t *inspected);

#endif
