/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes one RPC from its headers to the last byte of its answer.
 * It must not know HTTP/2's frames. */
#include "gateway/rpc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/wire.h"
#include "docker/run.h"
#include "oneshot/v1/oneshot.pb-c.h"

enum {
    HELD_BYTES = 64 * 1024 * 1024, /* of all requests of a connection */
    READ_BYTES = 64 * 1024,
    OUT_ENOUGH = 64 * 1024, /* the client has to read first */
    OUT_CAP = 1024 * 1024,
    RESULT_CAP = 64 * 1024 * 1024,
    SLACK_MS = RUN_GRACE_MS + 1000, /* the translator ends at the deadline by itself */
    HEAD_CAP = 4096,                /* of which a runtime handler is most */
    TIMEOUT_FIELD = 1,
    HANDLER_FIELD = 2,
};

struct rpc *rpc_new(struct gateway *gateway, int32_t stream)
{
    struct rpc *rpc = calloc(1, sizeof(*rpc));

    if (rpc == NULL)
        return NULL;
    rpc->gateway = gateway;
    rpc->stream = stream;
    rpc->http_status = "200";
    rpc->read_deadline_ms = monotonic_ms() + gateway->settings.read_timeout_ms;
    child_init(&rpc->child);
    buf_init(&rpc->message, gateway->settings.max_request);
    buf_init(&rpc->result, RESULT_CAP);
    buf_init(&rpc->out, OUT_CAP);
    return rpc;
}

static void release_message(struct rpc *rpc)
{
    rpc->gateway->held -= rpc->message.length;
    buf_release(&rpc->message);
}

/* Nothing is to be run for it any more. */
static void end(struct rpc *rpc)
{
    rpc->state = RPC_ENDED;
    child_close(&rpc->child);
    answer_release(&rpc->answer);
    buf_release(&rpc->result);
    if (rpc->stepping)
        steps_release(&rpc->steps);
    rpc->stepping = false;
    release_message(rpc);
}

void rpc_free(struct rpc *rpc)
{
    end(rpc);
    buf_release(&rpc->out);
    free(rpc);
}

void rpc_fail(struct rpc *rpc, enum grpc_code code, const char *text)
{
    if (rpc->state == RPC_ENDED)
        return;
    err_set(&rpc->err, code, "%s", text);
    end(rpc);
}

void rpc_malformed(struct rpc *rpc, const char *text)
{
    if (!rpc->responded)
        rpc->http_status = "400";
    rpc_fail(rpc, GRPC_INTERNAL, text);
}

/* ==== the request ==== */

void rpc_headers_end(struct rpc *rpc)
{
    const struct headers *headers = &rpc->headers;

    if (rpc->state != RPC_READING)
        return;
    rpc->http_status = headers_end(&rpc->headers, &rpc->err);
    rpc->method = headers->method;
    if (headers->has_timeout)
        rpc->deadline_ms = monotonic_ms() + headers->timeout_ms;
    if (rpc->err.code == GRPC_OK && rpc->gateway->err.code != GRPC_OK)
        rpc->err = rpc->gateway->err;
    if (rpc->err.code != GRPC_OK)
        end(rpc);
}

static size_t take_prefix(struct rpc *rpc, const uint8_t *bytes, size_t length)
{
    size_t wanted = GRPC_PREFIX - rpc->prefix_length;
    size_t taken = length < wanted ? length : wanted;
    const uint8_t *prefix = rpc->prefix;

    memcpy(rpc->prefix + rpc->prefix_length, bytes, taken);
    rpc->prefix_length += taken;
    if (rpc->prefix_length < GRPC_PREFIX)
        return taken;
    rpc->message_length =
        (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
    if (prefix[0] != 0)
        rpc_fail(rpc, GRPC_INTERNAL, "a compressed message without a grpc-encoding");
    else if (rpc->message_length > rpc->gateway->settings.max_request)
        rpc_fail(rpc, GRPC_RESOURCE_EXHAUSTED,
                 "the request is longer than CRI_ONESHOT_MAX_REQUEST allows");
    return taken;
}

static size_t take_message(struct rpc *rpc, const uint8_t *bytes, size_t length)
{
    size_t wanted = rpc->message_length - rpc->message.length;
    size_t taken = length < wanted ? length : wanted;

    if (wanted == 0) {
        rpc_fail(rpc, GRPC_UNIMPLEMENTED, "more than one message, where the RPC takes one");
        return length;
    }
    if (rpc->gateway->held + taken > HELD_BYTES || !buf_append(&rpc->message, bytes, taken)) {
        rpc_fail(rpc, GRPC_RESOURCE_EXHAUSTED, "too many long requests at once");
        return length;
    }
    rpc->gateway->held += taken;
    return taken;
}

void rpc_body(struct rpc *rpc, const uint8_t *bytes, size_t length)
{
    while (length > 0 && rpc->state == RPC_READING) {
        size_t taken = rpc->prefix_length < GRPC_PREFIX ? take_prefix(rpc, bytes, length)
                                                        : take_message(rpc, bytes, length);

        bytes += taken;
        length -= taken;
    }
}

void rpc_body_end(struct rpc *rpc)
{
    if (rpc->state != RPC_READING)
        return;
    if (rpc->prefix_length == 0)
        rpc_fail(rpc, GRPC_UNIMPLEMENTED, "no message, where the RPC takes one");
    else if (rpc->prefix_length < GRPC_PREFIX || rpc->message.length < rpc->message_length)
        rpc_fail(rpc, GRPC_INTERNAL, "the request ends before its message does");
    else
        rpc->state = RPC_WAITING;
}

/* ==== the runs ==== */

static bool put_varint(struct buf *buf, uint64_t value)
{
    uint8_t varint[WIRE_VARINT_BYTES];

    return buf_append(buf, varint, wire_put_varint(varint, value));
}

/* What stands before the call's message in a Request that holds it, unlooked at. */
static bool put_head(const struct rpc *rpc, unsigned field, size_t length, struct buf *head)
{
    int64_t left_ms = rpc->deadline_ms == 0 ? 0 : rpc->deadline_ms - monotonic_ms();
    const char *handler = steps_runtime_handler(&rpc->steps);

    if (*handler != '\0' &&
        !(put_varint(head, wire_tag(HANDLER_FIELD, WIRE_BYTES)) &&
          put_varint(head, strlen(handler)) && buf_append(head, handler, strlen(handler))))
        return false;
    if (rpc->deadline_ms != 0 && !(put_varint(head, wire_tag(TIMEOUT_FIELD, WIRE_VARINT)) &&
                                   put_varint(head, left_ms < 1 ? 1 : (uint64_t)left_ms)))
        return false;
    return put_varint(head, wire_tag(field, WIRE_BYTES)) && put_varint(head, length);
}

static bool put_frame(struct rpc *rpc, unsigned field)
{
    struct buf *frame = &rpc->child.unsent;
    struct buf message;
    struct buf head;
    bool well = false;

    buf_init(&message, HELD_BYTES);
    buf_init(&head, HEAD_CAP);
    well = steps_message(&rpc->steps, &message) && put_head(rpc, field, message.length, &head) &&
           put_varint(frame, head.length + message.length) &&
           buf_append(frame, head.data, head.length) &&
           buf_append(frame, message.data, message.length);
    buf_release(&message);
    buf_release(&head);
    return well || err_set(&rpc->err, GRPC_RESOURCE_EXHAUSTED, "the request is too long");
}

/* A docker that is ended at once may have done its work all the same: none is begun too late. */
static bool is_in_time(struct rpc *rpc)
{
    return rpc->deadline_ms == 0 || monotonic_ms() < rpc->deadline_ms ||
           err_set(&rpc->err, GRPC_DEADLINE_EXCEEDED, "not done in time");
}

static void begin_run(struct rpc *rpc)
{
    const struct method *method = steps_run(&rpc->steps);

    rpc->result.length = 0;
    answer_init(&rpc->answer, method, steps_is_last(&rpc->steps));
    if (is_in_time(rpc) && put_frame(rpc, method->field) &&
        child_start(&rpc->child, rpc->gateway->translator, &rpc->gateway->mask, &rpc->err))
        rpc->gateway->running++;
    else
        end(rpc);
}

/* Runs what is to be run next, or answers. */
static void go_on(struct rpc *rpc, bool well)
{
    const struct buf *response = &rpc->steps.response;

    if (well && !rpc->steps.answered) {
        begin_run(rpc);
        return;
    }
    if (well && !(grpc_put_prefix(&rpc->out, response->length) &&
                  buf_append(&rpc->out, response->data, response->length)))
        err_set(&rpc->err, GRPC_RESOURCE_EXHAUSTED, "the answer is too long");
    end(rpc);
}

void rpc_start(struct rpc *rpc)
{
    rpc->state = RPC_RUNNING;
    rpc->stepping = true;
    go_on(rpc, steps_init(&rpc->steps, rpc->method, (const uint8_t *)rpc->message.data,
                          rpc->message.length, &rpc->gateway->settings, &rpc->err));
}

/* A run has ended, with err or without. */
static void end_run(struct rpc *rpc)
{
    child_close(&rpc->child);
    answer_release(&rpc->answer);
    if (rpc->err.code != GRPC_OK)
        go_on(rpc, steps_failed(&rpc->steps, &rpc->err));
    else if (steps_is_last(&rpc->steps))
        end(rpc);
    else
        go_on(rpc, steps_take(&rpc->steps, (const uint8_t *)rpc->result.data, rpc->result.length,
                              &rpc->err));
}

bool rpc_wants_to_write(const struct rpc *rpc)
{
    return rpc->child.in >= 0;
}

bool rpc_wants_to_read(const struct rpc *rpc)
{
    return rpc->child.out >= 0 && rpc->out.length - rpc->out_at < OUT_ENOUGH;
}

void rpc_write(struct rpc *rpc)
{
    if (rpc_wants_to_write(rpc))
        child_push(&rpc->child);
}

static void forget_what_was_given(struct rpc *rpc)
{
    struct buf *out = &rpc->out;

    if (rpc->out_at == 0)
        return;
    out->length -= rpc->out_at;
    memmove(out->data, out->data + rpc->out_at, out->length);
    rpc->out_at = 0;
}

void rpc_read(struct rpc *rpc)
{
    uint8_t bytes[READ_BYTES];
    struct buf *messages = NULL;
    ssize_t count = 0;

    if (!rpc_wants_to_read(rpc))
        return;
    count = read(rpc->child.out, bytes, sizeof(bytes));
    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    messages = steps_is_last(&rpc->steps) ? &rpc->out : &rpc->result;
    forget_what_was_given(rpc);
    if (count <= 0)
        err_set(&rpc->err, GRPC_INTERNAL, "the translator ended before its answer did");
    else
        answer_take(&rpc->answer, bytes, (size_t)count, messages, &rpc->err);
    if (rpc->err.code != GRPC_OK || rpc->answer.ended)
        end_run(rpc);
}

/* ==== time ==== */

/* When it has to have got on by itself, or with the client's request; 0: never. */
static int64_t work_due_ms(const struct rpc *rpc)
{
    int64_t deadline_ms = rpc->deadline_ms;

    if (rpc->state == RPC_ENDED)
        return 0;
    if (rpc->state == RPC_RUNNING)
        return deadline_ms == 0 ? 0 : deadline_ms + SLACK_MS;
    if (rpc->state == RPC_READING && (deadline_ms == 0 || rpc->read_deadline_ms < deadline_ms))
        return rpc->read_deadline_ms;
    return deadline_ms;
}

/* When the client has to have read. */
static int64_t client_due_ms(const struct rpc *rpc)
{
    return rpc->shut_since_ms == 0 || rpc->given_up
               ? 0
               : rpc->shut_since_ms + rpc->gateway->settings.read_timeout_ms;
}

int64_t rpc_due_ms(const struct rpc *rpc)
{
    int64_t due_ms = work_due_ms(rpc);
    int64_t other_ms = client_due_ms(rpc);

    return other_ms != 0 && (due_ms == 0 || other_ms < due_ms) ? other_ms : due_ms;
}

static bool is_over(int64_t due_ms, int64_t now_ms)
{
    return due_ms != 0 && now_ms >= due_ms;
}

void rpc_expire(struct rpc *rpc, int64_t now_ms)
{
    if (is_over(client_due_ms(rpc), now_ms)) {
        rpc->given_up = true;
        rpc_fail(rpc, GRPC_DEADLINE_EXCEEDED, "the client does not read");
    }
    if (is_over(work_due_ms(rpc), now_ms))
        rpc_fail(rpc, GRPC_DEADLINE_EXCEEDED,
                 rpc->state == RPC_READING   ? "the request was not complete in time"
                 : rpc->state == RPC_WAITING ? "not begun in time: too many calls at once"
                                             : "not done in time");
}
