/* SPDX-License-Identifier: Apache-2.0 */
/* This file serves one call: it reads, plans, runs, parses and answers, in this order.
 * It must not know any RPC. */
#include "serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "exchange.h"
#include "frame.h"
#include "hide.h"
#include "inherit.h"
#include "run.h"
#include "show.h"
#include "surroundings.h"
#include "trace.h"

struct server {
    struct arena arena;
    struct arena scratch;
    struct settings settings;
    struct surroundings surroundings;
    struct exchange exchange;
    struct err err;
    struct trace trace;
    bool explaining; /* it only says what it would do */
    bool answered;
    struct after_memory after;
    struct arena lines; /* of a stream */
    struct stream stream;
};

static double clock_ms(void)
{
    struct timespec now = { 0 };

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static bool write_response(struct server *server)
{
    size_t length = 0;
    uint8_t *bytes = exchange_encode(&server->exchange, &length);
    bool written = bytes != NULL &&
                   frame_write(STDOUT_FILENO, bytes, length, server->settings.read_timeout_ms);

    free(bytes);
    return written;
}

static int answer(struct server *server)
{
    bool written = false;

    exchange_finish(&server->exchange, &server->err);
    written = write_response(server);
    server->answered = true;
    if (*server->settings.trace != '\0')
        trace_write(&server->exchange, &server->trace, &server->err);
    return written ? 0 : 1;
}

static int refuse(const struct server *server)
{
    fprintf(stderr, "%s: %s\n", grpc_code_name(server->err.code), server->err.text);
    return 1;
}

/* No memory of the call is of use any more: the answer gets new. */
static void exhausted(void *context)
{
    struct server *server = context;

    if (server->answered) /* it was the trace's line that took too much */
        exit(0);
    arena_init(&server->arena, EXCHANGE_MEMORY, exhausted, server);
    arena_init(&server->scratch, EXCHANGE_MEMORY, exhausted, server);
    server->err = (struct err){ .code = GRPC_OK };
    err_set(&server->err, GRPC_RESOURCE_EXHAUSTED, "the call takes more than %d MiB of memory",
            EXCHANGE_MEMORY / 1024 / 1024);
    server->exchange.result = NULL;
    exit(server->explaining ? refuse(server) : answer(server));
}

/* One message of a stream, with what the host adds to it. */
static bool give(void *context, ProtobufCMessage *response, struct err *err)
{
    struct server *server = context;
    const struct method *method = server->exchange.method;
    struct call call = server->exchange.call;

    call.arena = &server->lines;
    server->after.nothing = false;
    if (method->after != NULL && !method->after(&call, response, err))
        return false;
    if (server->after.nothing)
        return true;
    exchange_item(&server->exchange, response);
    return write_response(server) ||
           err_set(err, GRPC_CANCELLED, "the client has gone or does not read");
}

static size_t consume(void *context, const char *bytes, size_t length)
{
    struct server *server = context;

    return exchange_stream(&server->exchange, &server->stream, &server->lines, bytes, length, false,
                           &server->err);
}

static bool start(struct server *server)
{
    struct call call = { .arena = &server->arena,
                         .scratch = &server->scratch,
                         .after = &server->after,
                         .settings = &server->settings,
                         .surroundings = &server->surroundings };

    *server = (struct server){ .stream = { .give = give, .context = server },
                               .after = { .arena = &server->arena } };
    signal(SIGPIPE, SIG_IGN);
    arena_init(&server->arena, EXCHANGE_MEMORY, exhausted, server);
    arena_init(&server->scratch, EXCHANGE_MEMORY, exhausted, server);
    arena_init(&server->lines, EXCHANGE_MEMORY, exhausted, server);
    exchange_init(&server->exchange, &call);
    surroundings_read(&server->arena, &server->surroundings);
    return settings_load(&server->settings, surroundings_variable, NULL, &server->err);
}

/* Also a request that is going to be refused is read, so that its client gets to the answer. */
static enum frame_status read_request(struct server *server, struct frame *frame)
{
    double begin = clock_ms();
    struct err err = { .code = GRPC_OK };
    enum frame_status status =
        frame_read(STDIN_FILENO, server->settings.max_request,
                   monotonic_ms() + server->settings.read_timeout_ms, &server->arena, frame, &err);

    server->trace.read_ms = clock_ms() - begin;
    if (status == FRAME_BAD)
        err_set(&server->err, err.code, "%s", err.text);
    return status;
}

static bool decode_and_plan(struct server *server, const struct frame *frame)
{
    struct exchange *exchange = &server->exchange;

    if (server->err.code != GRPC_OK ||
        !exchange_decode(exchange, frame->bytes, frame->length, &server->err))
        return false;
    if (exchange->method->docker_config)
        surroundings_read_docker(&server->arena, &server->surroundings);
    return exchange_plan(exchange, &server->err);
}

static bool run_docker(struct server *server, struct run_output *output)
{
    struct exchange *exchange = &server->exchange;
    struct run_limits limits = { .client = STDOUT_FILENO, .context = server };
    double begin = clock_ms();
    bool done = false;

    if (exchange->request->timeout_ms > 0 && exchange->request->timeout_ms < INT64_MAX / 2)
        limits.deadline_ms = monotonic_ms() + exchange->request->timeout_ms;
    if (exchange->method->stream != NULL)
        limits.consumer = consume;
    done = run(&exchange->plan.command, &limits, output, &server->err);
    server->trace.ran = done || output->ended_early;
    server->trace.exit_code = output->result.exit_code;
    server->trace.docker_ms = clock_ms() - begin;
    if (output->ended_early && exchange->method->abandon != NULL)
        exchange->method->abandon(&exchange->call);
    return done;
}

static void parse_output(struct server *server, const struct docker_result *result)
{
    struct exchange *exchange = &server->exchange;

    if (!exchange_parse(exchange, result, &server->err) || result == NULL)
        return;
    if (exchange->method->stream != NULL)
        exchange_stream(exchange, &server->stream, &server->lines, result->stdout_text,
                        result->stdout_length, true, &server->err);
    else if (exchange->method->after != NULL)
        exchange->method->after(&exchange->call, exchange->result, &server->err);
}

int serve(void)
{
    static struct server server; /* static: what is never freed stays reachable for LeakSanitizer */
    struct frame frame = { .length = 0 };
    struct run_output output = { .ended_early = false };

    inherit_fill();
    inherit_silence_stderr();
    if (start(&server))
        inherit_check_transport(server.settings.allow_tcp, &server.err);
    if (read_request(&server, &frame) == FRAME_NONE)
        return 0;
    if (decode_and_plan(&server, &frame)) {
        if (server.exchange.plan.answered || run_docker(&server, &output)) {
            double begin = clock_ms();

            hide_result(&server.arena, server.exchange.call.request, &server.exchange.plan.command,
                        &output.result);
            parse_output(&server, server.exchange.plan.answered ? NULL : &output.result);
            server.trace.parse_ms = clock_ms() - begin;
        }
    }
    /* The memory is the system's to take back: the process ends here. */
    return answer(&server);
}

static int print_command(struct server *server)
{
    const struct command *command = &server->exchange.plan.command;

    if (server->exchange.plan.answered) {
        puts("# answered without docker");
        return 0;
    }
    puts(show_argv(&server->arena, command));
    for (size_t i = 0; i < command->file_count; i++)
        printf("# /dev/fd/%d:\n%s", COMMAND_FIRST_FD + (int)i,
               show_file(&server->arena, command, i));
    for (size_t i = 0; i < command->env.count; i++)
        printf("# environment: %s\n", show_env(&server->arena, command->env.words[i]));
    for (size_t i = 0; i < server->exchange.plan.ignored.count; i++)
        printf("# not honoured: %s\n", server->exchange.plan.ignored.words[i]);
    return 0;
}

int explain(void)
{
    static struct server server; /* static: what is never freed stays reachable for LeakSanitizer */
    struct frame frame = { .length = 0 };

    start(&server);
    server.explaining = true;
    if (read_request(&server, &frame) == FRAME_NONE)
        return 0;
    return decode_and_plan(&server, &frame) ? print_command(&server) : refuse(&server);
}
