/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes a call from bytes to bytes, but for the running of its command.
 * It must not know how anything is read, run or written. */
#include "exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/document.h"
#include "base/wire.h"
#include "cri/fields.h"
#include "docker/client_config.h"
#include "docker/failure.h"

static void *allocate(void *arena, size_t size)
{
    return arena_try_alloc(arena, size);
}

static void keep(void *arena, void *block)
{
    (void)arena;
    (void)block;
}

ProtobufCAllocator exchange_allocator(struct arena *arena)
{
    return (ProtobufCAllocator){ allocate, keep, arena };
}

void exchange_init(struct exchange *exchange, const struct call *call)
{
    *exchange = (struct exchange){ .call = *call };
    oneshot__v1__response__init(&exchange->response);
    strv_init(&exchange->plan.ignored, call->arena);
    strv_init(&exchange->plan.command.argv, call->arena);
    strv_init(&exchange->plan.command.env, call->arena);
    exchange->plan.command.output_cap = OUTPUT_CAP_DEFAULT;
    doc_use(call->scratch);
}

/* The member of a oneof that a field number names. */
static ProtobufCMessage **member(ProtobufCMessage *message, unsigned number)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(message->descriptor, number);

    return (ProtobufCMessage **)(void *)((char *)message + field->offset);
}

static bool unpack(struct exchange *exchange, const uint8_t *bytes, size_t length, struct err *err)
{
    ProtobufCAllocator allocator = exchange_allocator(exchange->call.arena);

    exchange->request = oneshot__v1__request__unpack(&allocator, length, bytes);
    if (exchange->request != NULL)
        return true;
    /* wire_check has passed, so it is not malformed: there was no memory left for it. */
    return err_set(err, GRPC_RESOURCE_EXHAUSTED,
                   "request: takes more than %d MiB of memory when it is unpacked",
                   EXCHANGE_MEMORY / 1024 / 1024);
}

static bool check_attempt(const char *attempt, struct err *err)
{
    static const char allowed[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    enum { ATTEMPT_MAX = 64 };

    return (attempt[strspn(attempt, allowed)] == '\0' && strlen(attempt) <= ATTEMPT_MAX) ||
           err_set(err, GRPC_INVALID_ARGUMENT,
                   "request: attempt \"%s\": is not 1 to %d of 0-9a-zA-Z", attempt, ATTEMPT_MAX);
}

bool exchange_decode(struct exchange *exchange, const uint8_t *bytes, size_t length,
                     struct err *err)
{
    struct strv *ignored = &exchange->plan.ignored;

    if (!wire_check(&oneshot__v1__request__descriptor, bytes, length, ignored, err) ||
        !unpack(exchange, bytes, length, err))
        return false;
    if (exchange->request->call_case == ONESHOT__V1__REQUEST__CALL__NOT_SET && ignored->count > 0)
        return err_set(err, GRPC_UNIMPLEMENTED, "request: its call (field %s) is not known here",
                       ignored->words[0]);
    if (exchange->request->call_case == ONESHOT__V1__REQUEST__CALL__NOT_SET)
        return err_set(err, GRPC_INVALID_ARGUMENT, "request: has no call");
    if (exchange->request->timeout_ms < 0)
        return err_set(err, GRPC_INVALID_ARGUMENT, "request: timeout_ms: is negative");
    if (!check_attempt(exchange->request->attempt, err))
        return false;
    exchange->call.attempt = exchange->request->attempt;
    exchange->method = method_find(exchange->request->call_case);
    exchange->call.request =
        *member(&exchange->request->base, (unsigned)exchange->request->call_case);
    exchange->call.runtime_handler = exchange->request->runtime_handler;
    if (*exchange->call.runtime_handler != '\0' &&
        exchange->request->call_case != ONESHOT__V1__REQUEST__CALL_CREATE_CONTAINER)
        strv_push(ignored, "runtime_handler");
    return true;
}

bool exchange_plan(struct exchange *exchange, struct err *err)
{
    const struct method *method = exchange->method;
    struct plan *plan = &exchange->plan;

    if (method->plan == NULL)
        return err_set(err, GRPC_UNIMPLEMENTED, "%s: %s", method->name, method->refusal);
    strv_push(&plan->command.argv, exchange->call.settings->docker);
    client_config_use(&exchange->call, plan);
    if (!fields_check(exchange->call.request, &plan->ignored, err))
        return false;
    return method->plan(&exchange->call, plan, err);
}

bool exchange_parse(struct exchange *exchange, const struct docker_result *result, struct err *err)
{
    const ProtobufCMessageDescriptor *descriptor =
        protobuf_c_message_descriptor_get_field(&oneshot__v1__response__descriptor,
                                                exchange->method->field)
            ->descriptor;

    exchange->result = arena_alloc(exchange->call.arena, descriptor->sizeof_message);
    protobuf_c_message_init(descriptor, exchange->result);
    if (result == NULL && exchange->method->answer != NULL)
        exchange->method->answer(&exchange->call, exchange->result);
    if (result == NULL)
        return true;
    /* But for ExecSync's, whose output is a command's own, docker prints text. */
    if (!exchange->plan.command.drop_excess && strlen(result->stdout_text) != result->stdout_length)
        return err_set(err, GRPC_INTERNAL, "docker's output has a NUL byte");
    if (exchange->method->parse == NULL) /* a stream has been read: how docker ended is left */
        return result->exit_code == 0 || failure_set(exchange->call.arena, result, err);
    return exchange->method->parse(&exchange->call, result, exchange->result, err);
}

static bool stream_line(const struct call *call, const struct method *method, struct stream *stream,
                        const char *line, size_t length, struct err *err)
{
    bool well = false;

    do {
        stream->again = false;
        well = method->stream(call, stream, line, length, err);
        if (stream->state == NULL)
            arena_reset(call->arena);
        arena_reset(call->scratch);
    } while (well && stream->again);
    return well;
}

size_t exchange_stream(struct exchange *exchange, struct stream *stream, struct arena *lines,
                       const char *bytes, size_t length, bool end, struct err *err)
{
    struct call call = exchange->call;
    size_t taken = 0;

    call.arena = lines;
    while (taken < length) {
        const char *line = bytes + taken;
        const char *next = memchr(line, '\n', length - taken);
        size_t size = next == NULL ? length - taken : (size_t)(next - line);

        if (next == NULL && !end)
            break;
        if (!stream_line(&call, exchange->method, stream, line, size, err))
            return SIZE_MAX;
        taken += size + (next != NULL);
    }
    if (end && !stream_line(&call, exchange->method, stream, NULL, 0, err))
        return SIZE_MAX;
    return taken;
}

void exchange_item(struct exchange *exchange, ProtobufCMessage *result)
{
    Oneshot__V1__Response *response = &exchange->response;

    oneshot__v1__response__init(response);
    response->result_case = (Oneshot__V1__Response__ResultCase)exchange->method->field;
    *member(&response->base, exchange->method->field) = result;
}

void exchange_finish(struct exchange *exchange, const struct err *err)
{
    Oneshot__V1__Response *response = &exchange->response;

    if (err->code == GRPC_OK && exchange->method->stream == NULL) {
        exchange_item(exchange, exchange->result);
        return;
    }
    oneshot__v1__response__init(response);
    response->outcome = arena_alloc(exchange->call.arena, sizeof(*response->outcome));
    oneshot__v1__outcome__init(response->outcome);
    response->outcome->code = (int32_t)err->code;
    response->outcome->message = arena_strdup(exchange->call.arena, err->text);
}

uint8_t *exchange_encode(const struct exchange *exchange, size_t *length)
{
    uint8_t *bytes = NULL;

    *length = oneshot__v1__response__get_packed_size(&exchange->response);
    bytes = malloc(*length + 1);
    if (bytes != NULL)
        oneshot__v1__response__pack(&exchange->response, bytes);
    return bytes;
}
