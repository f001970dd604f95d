/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes a call from bytes to bytes, without a docker.
 * It must not know where the bytes come from. */
#include "fuzz.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "hide.h"
#include "show.h"
#include "wire.h"

enum { SEPARATOR = 0x1e };

static jmp_buf out_of_memory;
static struct arena arena;
static struct arena scratch;
static struct arena lines;
static struct settings settings;
static const struct surroundings surroundings = {
    .nonce = "0123456789abcdef",
    .temp_dir = "/tmp",
    .docker_config = "/root/.docker",
    .docker_context = "",
    .docker_cert_path = "",
};

static void exhausted(void *context)
{
    (void)context;
    longjmp(out_of_memory, 1);
}

static const char *default_setting(void *context, const char *name)
{
    (void)context;
    return strcmp(name, "CRI_ONESHOT_DOCKER_VERSION") == 0 ? "28.2" : NULL;
}

/* What the server would write must be what any protobuf library reads. */
static void check_response(struct exchange *exchange)
{
    size_t length = 0;
    uint8_t *bytes = exchange_encode(exchange, &length);
    struct strv unknown;
    struct err err = { .code = GRPC_OK };

    strv_init(&unknown, &arena);
    if (!wire_check(&oneshot__v1__response__descriptor, bytes, length, &unknown, &err) ||
        unknown.count > 0)
        abort();
    free(bytes);
}

static bool give(void *context, ProtobufCMessage *response, struct err *err)
{
    (void)err;
    exchange_item(context, response);
    check_response(context);
    return true;
}

/* The rules of DESIGN.md section 5 that hold for any command. */
static void check_command(const struct command *command)
{
    if (command->argv.count < 2 || command->file_count > COMMAND_FILES)
        abort();
    for (size_t i = 0; i < command->argv.count; i++)
        if (command->argv.words[i] == NULL)
            abort();
    show_argv(&arena, command);
    for (size_t i = 0; i < command->file_count; i++)
        show_file(&arena, command, i);
    for (size_t i = 0; i < command->env.count; i++)
        show_env(&arena, command->env.words[i]);
}

static struct docker_result result_of(const uint8_t *bytes, size_t length)
{
    const uint8_t *text = length > 0 ? bytes + 1 : bytes;
    size_t left = length > 0 ? length - 1 : 0;
    const uint8_t *split = left == 0 ? NULL : memchr(text, SEPARATOR, left);
    size_t first = split == NULL ? left : (size_t)(split - text);
    size_t second = split == NULL ? 0 : left - first - 1;

    return (struct docker_result){
        .exit_code = length > 0 ? bytes[0] : 0,
        .stdout_text = arena_strndup(&arena, (const char *)text, first),
        .stdout_length = first,
        .stderr_text = arena_strndup(&arena, split == NULL ? "" : (const char *)split + 1, second),
        .stderr_length = second,
    };
}

static void parse(struct exchange *exchange, const struct docker_result *result, struct err *err)
{
    struct stream stream = { .give = give, .context = exchange };

    if (exchange_parse(exchange, result, err) && result != NULL && exchange->method->stream != NULL)
        exchange_stream(exchange, &stream, &lines, result->stdout_text, result->stdout_length, true,
                        err);
    exchange_finish(exchange, err);
    check_response(exchange);
}

static void call_through(struct exchange *exchange, const uint8_t *request, size_t request_length,
                         const uint8_t *bytes, size_t length)
{
    struct err err = { .code = GRPC_OK };

    if (exchange_decode(exchange, request, request_length, &err) && exchange_plan(exchange, &err)) {
        if (exchange->plan.answered) {
            parse(exchange, NULL, &err);
        } else {
            struct docker_result result = result_of(bytes, length);

            check_command(&exchange->plan.command);
            hide_result(&arena, exchange->call.request, &exchange->plan.command, &result);
            parse(exchange, &result, &err);
        }
    } else if (err.code == GRPC_OK) {
        abort();
    }
    exchange_finish(exchange, &err);
    check_response(exchange);
}

void fuzz_call(const uint8_t *request, size_t request_length, const uint8_t *result,
               size_t result_length)
{
    static struct exchange exchange;
    struct after_memory after = { .arena = &arena };
    struct err err = { .code = GRPC_OK };
    struct call call = { .arena = &arena,
                         .scratch = &scratch,
                         .after = &after,
                         .settings = &settings,
                         .surroundings = &surroundings };

    arena_init(&arena, EXCHANGE_MEMORY, exhausted, NULL);
    arena_init(&scratch, EXCHANGE_MEMORY, exhausted, NULL);
    arena_init(&lines, EXCHANGE_MEMORY, exhausted, NULL);
    if (!settings_load(&settings, default_setting, NULL, &err))
        abort();
    exchange_init(&exchange, &call);
    if (setjmp(out_of_memory) == 0)
        call_through(&exchange, request, request_length, result, result_length);
    arena_release(&arena);
    arena_release(&scratch);
    arena_release(&lines);
}
