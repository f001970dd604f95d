/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what the RPCs on pods and on containers plan and parse alike.
 * It must not know any RPC's messages. */
#ifndef COMMON_H
#define COMMON_H

#include <jansson.h>

#include "call.h"
#include "record.h"

/* NOT_FOUND for an id that cannot be one, without asking docker. */
bool id_or_not_found(const char *what, const char *id, struct err *err);

/* docker stop -t=SECONDS -- ID; answered when the id cannot be one: stopping is idempotent. */
bool plan_stop(const char *id, int64_t seconds, struct plan *plan);

/* docker rm --force --volumes -- ID; answered when the id cannot be one. */
bool plan_remove(const char *id, struct plan *plan);

/* docker inspect --type=container -- ID. */
bool plan_inspect(const char *what, const char *id, struct plan *plan, struct err *err);

/* docker info --format={{json .}}. */
bool plan_info(struct plan *plan);

/* What docker info printed; NULL with the error when the engine did not answer, which some versions
 * say in the JSON ("ServerErrors") with exit 0. */
const json_t *parse_info(const struct call *call, const struct docker_result *result,
                         struct err *err);

/* Success, or a failure that means that there is nothing (any more) to do it to. */
bool parse_idempotent(const struct call *call, const struct docker_result *result, const char *id,
                      struct err *err);

/* The id that docker run and docker create print as the last line of stdout; "" if there is
 * none. */
const char *parse_id(struct arena *arena, const struct docker_result *result);

/* The --cgroup-parent for a pod's cgroup: docker's systemd driver wants the name of a slice, where
 * the CRI gives its path. */
const char *docker_cgroup_parent(const char *path);

/* --runtime=HANDLER; nothing for "", docker's default runtime. False with INVALID_ARGUMENT for what
 * is no name; whether the engine has it, is docker's to say. */
bool push_runtime(const char *handler, struct plan *plan, struct err *err);

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
