/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates ExecSync, both ways.
 * It must not know how a command is run. */
#include "cri/exec.h"

#include <string.h>

#include "base/cri.h"
#include "base/text.h"
#include "docker/failure.h"
#include "docker/lifecycle.h"

enum {
    OUTPUT_CAP = 16 * 1024 * 1024 - 64 * 1024, /* a gRPC client takes messages of 16 MiB */
    TIMEOUT_MAX = 1000000000,                  /* seconds: beyond, it is none */
    LINE_MAX_BYTES = 4096,                     /* of a message of docker's or its runtime's */
};

bool plan_exec_sync(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ExecSyncRequest) *request = (const void *)call->request;
    struct strv *argv = &plan->command.argv;

    if (!id_or_not_found("container_id", request->container_id, err))
        return false;
    if (request->n_cmd == 0)
        return err_set(err, GRPC_INVALID_ARGUMENT, "cmd: is empty");
    strv_push(argv, "exec");
    strv_pushf(argv, "--env=%s=%s", EXEC_MARKER, call->surroundings->nonce);
    strv_push(argv, "--");
    strv_push(argv, request->container_id);
    strv_push_all(argv, request->cmd, request->n_cmd);
    if (request->timeout > 0 && request->timeout <= TIMEOUT_MAX)
        plan->command.timeout_ms = request->timeout * 1000;
    plan->command.output_cap = OUTPUT_CAP;
    plan->command.drop_excess = true; /* "discarded silently", says the CRI */
    return true;
}

static bool names_id(const char *text, const char *id)
{
    return strstr(text, id) != NULL;
}

/* docker's own failure, and not a command that prints such words itself: exit 1, nothing on stdout,
 * and on stderr one line, which names the container, or the engine that does not answer. */
static bool is_dockers_failure(const struct docker_result *result, const char *id)
{
    static const char *const own[] = { "no such container: ", "is not running", "is paused",
                                       "is restarting" };
    static const char *const engine[] = { "cannot connect to the docker daemon at ",
                                          "permission denied while trying to connect to the ",
                                          "failed to connect to the docker api at ",
                                          "error during connect: ",
                                          "unable to resolve docker endpoint" };
    const char *text = result->stderr_text;
    size_t line = strcspn(text, "\n");

    if (result->exit_code != 1 || result->stdout_length != 0 || line > LINE_MAX_BYTES ||
        text[line] == '\0' || text[line + 1] != '\0')
        return false;
    for (size_t i = 0; i < sizeof(engine) / sizeof(engine[0]); i++)
        if (failure_matches(text, engine[i]))
            return true;
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (names_id(text, id) && failure_matches(text, own[i]) && (strncmp(text, "Error", 5) == 0))
            return true;
    return false;
}

/* The runtime's failure to start the command: its text is on stdout (seen on 20.10 to 28). */
static bool is_runtimes(const struct docker_result *result)
{
    static const char start[] = "OCI runtime exec failed: ";

    return (result->exit_code == 126 || result->exit_code == 127) &&
           text_begins(result->stdout_text, start);
}

static const char *first_line(struct arena *arena, const char *text)
{
    size_t length = strcspn(text, "\r\n");

    return arena_strndup(arena, text, length < LINE_MAX_BYTES ? length : LINE_MAX_BYTES);
}

static ProtobufCBinaryData bytes_of(const char *text, size_t length)
{
    return (ProtobufCBinaryData){ .len = length, .data = (uint8_t *)(uintptr_t)text };
}

bool parse_exec_sync(const struct call *call, const struct docker_result *result,
                     ProtobufCMessage *response, struct err *err)
{
    const CRI(ExecSyncRequest) *request = (const void *)call->request;
    CRI(ExecSyncResponse) *answer = (void *)response;

    if (result->signal != 0 || is_dockers_failure(result, request->container_id))
        return failure_set(call->arena, result, err);
    if (is_runtimes(result)) {
        const char *line = first_line(call->arena, result->stdout_text);

        return err_set(err, failure_code(line), "%s", line);
    }
    answer->stdout = bytes_of(result->stdout_text, result->stdout_length);
    answer->stderr = bytes_of(result->stderr_text, result->stderr_length);
    answer->exit_code = result->exit_code;
    return true;
}
