/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes a call through its steps, in the one order that there is.
 * It must not know what is behind the edges, nor any RPC. */
#include "drive.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/document.h"
#include "cri/hide.h"

/* What an answer that memory has run out for may take on top. */
enum { RESERVE = 1024 * 1024 };

static void exhausted(void *context)
{
    struct drive *drive = context;

    longjmp(*drive->way_out, 1);
}

/* Takes a step. Where the call's memory is exhausted in it the step ends there, and is false: only
 * here, and never while docker runs, is anything jumped over. */
static bool guard(struct drive *drive, bool (*step)(struct drive *drive))
{
    jmp_buf *outer = drive->way_out;
    jmp_buf here;
    bool well = false;

    if (setjmp(here) == 0) {
        drive->way_out = &here;
        well = step(drive);
    } else {
        err_set(&drive->err, GRPC_RESOURCE_EXHAUSTED, "the call takes more than %d MiB of memory",
                EXCHANGE_MEMORY / 1024 / 1024);
        drive->exchange.result = NULL;
        drive->arena.cap = drive->scratch.cap = EXCHANGE_MEMORY + RESERVE;
    }
    drive->way_out = outer;
    return well;
}

/* ==== before docker ==== */

static bool set_up(struct drive *drive)
{
    const struct edges *edges = drive->edges;
    struct call call = { .arena = &drive->arena,
                         .scratch = &drive->scratch,
                         .host = &drive->host,
                         .settings = &drive->settings,
                         .surroundings = &drive->surroundings };

    exchange_init(&drive->exchange, &call);
    edges->surround(edges->context, &drive->arena, &drive->surroundings);
    doc_seed(strtoull(drive->surroundings.nonce, NULL, 16));
    return settings_load(&drive->settings, edges->setting, edges->context, &drive->err);
}

/* Also a request that is going to be refused is read, so that its client gets to the answer. */
static bool read_request(struct drive *drive)
{
    const struct edges *edges = drive->edges;
    int64_t begin_ns = edges->clock_ns(edges->context);
    struct err err = { .code = GRPC_OK };
    enum frame_status status =
        edges->read(edges->context, &drive->settings, &drive->arena, &drive->frame, &err);

    drive->trace.read_ns = edges->clock_ns(edges->context) - begin_ns;
    if (err.code != GRPC_OK)
        err_set(&drive->err, err.code, "%s", err.text);
    return status != FRAME_NONE;
}

static bool decode_and_plan(struct drive *drive)
{
    const struct edges *edges = drive->edges;
    struct exchange *exchange = &drive->exchange;

    if (drive->err.code != GRPC_OK ||
        !exchange_decode(exchange, drive->frame.bytes, drive->frame.length, &drive->err))
        return false;
    if (exchange->method->docker_config)
        edges->surround_docker(edges->context, &drive->arena, &drive->surroundings);
    return exchange_plan(exchange, &drive->err);
}

enum drive_status drive_plan(struct drive *drive)
{
    guard(drive, set_up);
    if (!guard(drive, read_request) && drive->err.code == GRPC_OK)
        return DRIVE_NOTHING;
    drive->planned = guard(drive, decode_and_plan);
    return drive->planned ? DRIVE_PLANNED : DRIVE_REFUSED;
}

/* ==== docker ==== */

static bool write_response(struct drive *drive)
{
    const struct edges *edges = drive->edges;
    size_t length = 0;
    uint8_t *bytes = drive->torn ? NULL : exchange_encode(&drive->exchange, &length);
    bool written = bytes != NULL && edges->write(edges->context, &drive->settings, bytes, length);

    free(bytes);
    drive->torn = !written;
    return written;
}

/* What the host adds to docker's answer. */
static bool take_host_step(struct drive *drive, const struct call *call, ProtobufCMessage *response)
{
    const struct method *method = drive->exchange.method;

    if (method->host_step == NULL)
        return true;
    drive->surroundings.now_ns = drive->edges->now_ns(drive->edges->context);
    return method->host_step(call, response, &drive->err);
}

/* One message of a stream. */
static bool give(void *context, ProtobufCMessage *response, struct err *err)
{
    struct drive *drive = context;
    struct call call = drive->exchange.call;

    call.arena = &drive->lines;
    drive->host.nothing = false;
    if (!take_host_step(drive, &call, response))
        return false;
    if (drive->host.nothing)
        return true;
    exchange_item(&drive->exchange, response);
    return write_response(drive) || err_set(err, GRPC_CANCELLED, RUN_CLIENT_GONE);
}

static bool take_lines(struct drive *drive)
{
    struct printed *printed = &drive->printed;

    printed->taken = exchange_stream(&drive->exchange, &drive->stream, &drive->lines,
                                     printed->bytes, printed->length, printed->end, &drive->err);
    return printed->taken != RUN_STOP;
}

/* A run_consumer. */
static size_t take_output(void *context, const char *bytes, size_t length)
{
    struct drive *drive = context;

    drive->printed = (struct printed){ .bytes = bytes, .length = length };
    return guard(drive, take_lines) ? drive->printed.taken : RUN_STOP;
}

static bool check_host(struct drive *drive)
{
    const struct exchange *exchange = &drive->exchange;

    return exchange->plan.answered || exchange->method->host_check == NULL ||
           exchange->method->host_check(&exchange->call, &drive->err);
}

static bool run_docker(struct drive *drive)
{
    const struct edges *edges = drive->edges;
    const struct exchange *exchange = &drive->exchange;
    struct run_limits limits = { .client = edges->client, .context = drive };
    int64_t begin_ns = edges->clock_ns(edges->context);
    bool done = false;

    if (exchange->request->timeout_ms > 0 && exchange->request->timeout_ms < INT64_MAX / 2)
        limits.deadline_ms = monotonic_ms() + exchange->request->timeout_ms;
    if (exchange->method->stream != NULL)
        limits.consumer = take_output;
    done =
        edges->run(edges->context, &exchange->plan.command, &limits, &drive->output, &drive->err);
    drive->trace.ran = done || drive->output.ended_early;
    drive->trace.exit_code = drive->output.result.exit_code;
    drive->trace.docker_ns = edges->clock_ns(edges->context) - begin_ns;
    return done;
}

static bool clean_host(struct drive *drive)
{
    drive->exchange.method->host_cleanup(&drive->exchange.call);
    return true;
}

/* ==== after docker ==== */

static bool parse_output(struct drive *drive)
{
    struct exchange *exchange = &drive->exchange;
    struct docker_result *result = exchange->plan.answered ? NULL : &drive->output.result;

    if (result != NULL)
        hide_result(&drive->arena, exchange->call.request, &exchange->plan.command, result);
    if (!exchange_parse(exchange, result, &drive->err) || result == NULL)
        return false;
    if (exchange->method->stream == NULL)
        return take_host_step(drive, &exchange->call, exchange->result);
    drive->printed = (struct printed){ .bytes = result->stdout_text,
                                       .length = result->stdout_length,
                                       .end = true };
    return take_lines(drive);
}

static bool answer(struct drive *drive)
{
    exchange_finish(&drive->exchange, &drive->err);
    return write_response(drive);
}

static bool trace(struct drive *drive)
{
    const struct edges *edges = drive->edges;

    edges->trace(
        edges->context, drive->settings.trace,
        trace_line(&drive->exchange, &drive->trace, edges->now_ns(edges->context), &drive->err));
    return true;
}

bool drive_call(struct drive *drive)
{
    const struct edges *edges = drive->edges;
    enum drive_status status = drive_plan(drive);
    bool answered = false;

    if (status == DRIVE_NOTHING)
        return true;
    if (status == DRIVE_PLANNED && guard(drive, check_host) &&
        (drive->exchange.plan.answered || run_docker(drive))) {
        int64_t begin_ns = edges->clock_ns(edges->context);

        guard(drive, parse_output);
        drive->trace.parse_ns = edges->clock_ns(edges->context) - begin_ns;
    }
    if (drive->output.ended_early && drive->exchange.method->host_cleanup != NULL)
        guard(drive, clean_host);
    /* An answer that takes too much memory is given up for the error that says so. */
    answered = guard(drive, answer) || (!drive->torn && guard(drive, answer));
    if (*drive->settings.trace != '\0')
        guard(drive, trace);
    return answered;
}

/* ==== its memory ==== */

void drive_init(struct drive *drive, const struct edges *edges)
{
    *drive = (struct drive){ .edges = edges };
    drive->host.arena = &drive->arena;
    drive->stream = (struct stream){ .give = give, .context = drive };
    arena_init(&drive->arena, EXCHANGE_MEMORY, exhausted, drive);
    arena_init(&drive->scratch, EXCHANGE_MEMORY, exhausted, drive);
    arena_init(&drive->lines, EXCHANGE_MEMORY, exhausted, drive);
}

void drive_release(struct drive *drive)
{
    run_release(&drive->output);
    arena_release(&drive->arena);
    arena_release(&drive->scratch);
    arena_release(&drive->lines);
}
