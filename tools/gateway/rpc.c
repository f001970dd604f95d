/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes one RPC from its headers to the last byte of its answer.
 * It must not know HTTP/2's frames. */
#include "gateway/rpc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "docker/run.h"

enum {
    OUT_ENOUGH = 64 * 1024, /* the client has to read first */
    OUT_CAP = 1024 * 1024,
    SLACK_MS = RUN_GRACE_MS + 1000, /* the translator ends at the deadline by itself */
    UNDO_MS = 10000,
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
    buf_init(&rpc->message, gateway->settings.max_request);
    buf_init(&rpc->out, OUT_CAP);
    return rpc;
}

static void release_message(struct rpc *rpc)
{
    rpc->gateway->held -= rpc->message.length;
    buf_release(&rpc->message);
}

void rpc_end(struct rpc *rpc)
{
    rpc->state = RPC_ENDED;
    while (rpc->errands != NULL) {
        struct errand *errand = rpc->errands;

        rpc->errands = errand->next;
        errand_free(errand);
    }
    if (rpc->stepping)
        steps_release(&rpc->steps);
    rpc->stepping = false;
    release_message(rpc);
}

void rpc_free(struct rpc *rpc)
{
    rpc_end(rpc);
    buf_release(&rpc->out);
    free(rpc);
}

void rpc_fail(struct rpc *rpc, enum grpc_code code, const char *text)
{
    if (rpc->state == RPC_ENDED)
        return;
    err_set(&rpc->err, code, "%s", text);
    rpc_end(rpc);
}

void rpc_malformed(struct rpc *rpc, const char *text)
{
    if (!rpc->responded)
        rpc->http_status = "400";
    rpc_fail(rpc, GRPC_INTERNAL, text);
}

/* ==== its errands ==== */

/* Until when what is done now has to be done; 0: there is no such time. */
static int64_t work_deadline_ms(const struct rpc *rpc)
{
    return rpc->left || (rpc->stepping && steps_are_undoing(&rpc->steps)) ? rpc->undo_by_ms
                                                                          : rpc->deadline_ms;
}

static bool is_over(int64_t due_ms, int64_t now_ms)
{
    return due_ms != 0 && now_ms >= due_ms;
}

/* What was found out for the steps may be that something is to be undone, or waited for. */
static void note_steps(struct rpc *rpc)
{
    if (rpc->undo_by_ms == 0 && steps_are_undoing(&rpc->steps))
        rpc->undo_by_ms = monotonic_ms() + UNDO_MS;
    if (rpc->steps.pause_ms != 0)
        rpc->not_before_ms = monotonic_ms() + rpc->steps.pause_ms;
    rpc->steps.pause_ms = 0;
}

static void fail_task(struct rpc *rpc, const struct task *task, bool begun, const struct err *err)
{
    steps_failed(&rpc->steps, task, begun, err);
    note_steps(rpc);
}

static void end_errand(struct rpc *rpc, struct errand *errand, const struct err *err)
{
    child_close(&errand->child);
    errand->ended = true;
    if (err->code != GRPC_OK) {
        fail_task(rpc, &errand->task, true, err);
        return;
    }
    rpc->passed_on = rpc->passed_on || steps_is_last(&rpc->steps, &errand->task);
    steps_take(&rpc->steps, &errand->task, (const uint8_t *)errand->result.data,
               errand->result.length);
    note_steps(rpc);
}

static void add_errand(struct rpc *rpc, struct errand *errand)
{
    struct errand **last = &rpc->errands;

    while (*last != NULL)
        last = &(*last)->next;
    *last = errand;
    rpc->gateway->running++;
}

/* A docker that is ended at once may have done its work all the same: none is begun too late. */
static void begin_errand(struct rpc *rpc, const struct task *task)
{
    struct gateway *gateway = rpc->gateway;
    struct errand *errand = errand_new(task);
    int64_t deadline_ms = work_deadline_ms(rpc);
    int64_t left_ms = deadline_ms == 0 ? 0 : deadline_ms - monotonic_ms();
    struct err err = { .code = GRPC_OK };

    if (errand == NULL) {
        err_set(&err, GRPC_RESOURCE_EXHAUSTED, "out of memory");
    } else if (deadline_ms != 0 && left_ms <= 0) {
        err_set(&err, GRPC_DEADLINE_EXCEEDED, "not done in time");
    } else if (errand_begin(errand, &rpc->steps, gateway->translator, &gateway->mask, left_ms,
                            &err)) {
        add_errand(rpc, errand);
        return;
    }
    if (errand != NULL)
        errand_free(errand);
    fail_task(rpc, task, false, &err);
}

static void forget_ended(struct rpc *rpc)
{
    struct errand **link = &rpc->errands;

    while (*link != NULL) {
        struct errand *errand = *link;

        if (!errand->ended) {
            link = &errand->next;
            continue;
        }
        *link = errand->next;
        errand_free(errand);
    }
}

static void answer_steps(struct rpc *rpc)
{
    const struct buf *response = &rpc->steps.response;

    if (rpc->steps.err.code != GRPC_OK)
        rpc->err = rpc->steps.err;
    else if (!rpc->passed_on && !(grpc_put_prefix(&rpc->out, response->length) &&
                                  buf_append(&rpc->out, response->data, response->length)))
        err_set(&rpc->err, GRPC_RESOURCE_EXHAUSTED, "the answer is too long");
    rpc_end(rpc);
}

/* One that would be too late is to be told so, whether it may be begun or not. */
static bool may_begin(const struct rpc *rpc)
{
    int64_t now_ms = monotonic_ms();

    return is_over(work_deadline_ms(rpc), now_ms) ||
           (rpc->gateway->running < rpc->gateway->children && now_ms >= rpc->not_before_ms);
}

void rpc_go_on(struct rpc *rpc)
{
    struct task task;

    forget_ended(rpc);
    while (rpc->state == RPC_RUNNING && may_begin(rpc) && steps_next(&rpc->steps, &task))
        begin_errand(rpc, &task);
    if (rpc->state == RPC_RUNNING && rpc->steps.over)
        answer_steps(rpc);
}

/* As long as docker's ids, so that recordings give it a stable name, too. */
static void name_attempt(char attempt[ATTEMPT_DIGITS + 1])
{
    unsigned char bytes[ATTEMPT_DIGITS / 2] = { 0 };

    /* No more than 256 bytes are always given at once (getrandom(2)). */
    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        memcpy(bytes, &(int64_t){ monotonic_ns() }, sizeof(int64_t));
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(attempt + 2 * i, 3, "%02x", bytes[i]);
}

void rpc_start(struct rpc *rpc)
{
    rpc->state = RPC_RUNNING;
    rpc->stepping = true;
    name_attempt(rpc->attempt);
    if (steps_init(&rpc->steps, rpc->method, (const uint8_t *)rpc->message.data,
                   rpc->message.length, &rpc->gateway->settings, rpc->attempt, &rpc->err))
        rpc_go_on(rpc);
    else
        rpc_end(rpc);
}

bool rpc_wants_to_write(const struct errand *errand)
{
    return errand->child.in >= 0;
}

bool rpc_wants_to_read(const struct rpc *rpc, const struct errand *errand)
{
    return errand->child.out >= 0 && rpc->out.length - rpc->out_at < OUT_ENOUGH;
}

void rpc_write(struct errand *errand)
{
    if (rpc_wants_to_write(errand))
        child_push(&errand->child);
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

void rpc_read(struct rpc *rpc, struct errand *errand)
{
    struct err err = { .code = GRPC_OK };

    if (!rpc_wants_to_read(rpc, errand))
        return;
    forget_what_was_given(rpc);
    if (errand_read(errand, &rpc->steps, &rpc->out, &err))
        end_errand(rpc, errand, &err);
}

/* ==== a client that has gone ==== */

/* docker's command line has to be gone before it is looked what it has left. */
static void cut_errand_off(struct rpc *rpc, struct errand *errand)
{
    static const struct err err = { .code = GRPC_CANCELLED, .text = "the client has gone" };

    child_close(&errand->child);
    if (errand->child.pid == 0)
        end_errand(rpc, errand, &err);
    else
        errand->cut_off = true;
}

void rpc_reaped(struct rpc *rpc, pid_t pid)
{
    for (struct errand *errand = rpc->errands; errand != NULL; errand = errand->next) {
        if (errand->child.pid != pid)
            continue;
        errand->child.pid = 0;
        if (errand->cut_off)
            cut_errand_off(rpc, errand);
    }
}

bool rpc_leave(struct rpc *rpc)
{
    bool undoes = rpc->state == RPC_RUNNING && steps_are_undoing(&rpc->steps);

    rpc->left = true;
    if (rpc->undo_by_ms == 0)
        rpc->undo_by_ms = monotonic_ms() + UNDO_MS;
    if (rpc->state != RPC_RUNNING)
        return false;
    for (struct errand *errand = rpc->errands; errand != NULL; errand = errand->next)
        if (!errand->ended && steps_may_leave_something(&rpc->steps, &errand->task)) {
            undoes = true;
            cut_errand_off(rpc, errand);
        }
    return undoes;
}

/* ==== time ==== */

static bool has_errands(const struct rpc *rpc)
{
    for (const struct errand *errand = rpc->errands; errand != NULL; errand = errand->next)
        if (!errand->ended)
            return true;
    return false;
}

/* When its errands have to have ended; or the next one be begun, where there are none. */
static int64_t errands_due_ms(const struct rpc *rpc)
{
    int64_t deadline_ms = work_deadline_ms(rpc);

    if (has_errands(rpc))
        return deadline_ms == 0 ? 0 : deadline_ms + SLACK_MS;
    if (rpc->not_before_ms > monotonic_ms() &&
        (deadline_ms == 0 || rpc->not_before_ms < deadline_ms))
        return rpc->not_before_ms;
    return deadline_ms;
}

/* When it has to have got on by itself, or with the client's request; 0: never. */
static int64_t work_due_ms(const struct rpc *rpc)
{
    int64_t deadline_ms = rpc->deadline_ms;

    if (rpc->state == RPC_ENDED)
        return 0;
    if (rpc->state == RPC_RUNNING)
        return errands_due_ms(rpc);
    if (rpc->state == RPC_READING && (deadline_ms == 0 || rpc->read_deadline_ms < deadline_ms))
        return rpc->read_deadline_ms;
    return deadline_ms;
}

/* When the client has to have read. */
static int64_t reader_due_ms(const struct rpc *rpc)
{
    return rpc->shut_since_ms == 0 || rpc->given_up
               ? 0
               : rpc->shut_since_ms + rpc->gateway->settings.read_timeout_ms;
}

int64_t rpc_due_ms(const struct rpc *rpc)
{
    int64_t due_ms = work_due_ms(rpc);
    int64_t other_ms = reader_due_ms(rpc);

    return other_ms != 0 && (due_ms == 0 || other_ms < due_ms) ? other_ms : due_ms;
}

/* Translators end by themselves at the deadline; these hang. */
static void expire_errands(struct rpc *rpc)
{
    static const struct err late = { .code = GRPC_DEADLINE_EXCEEDED, .text = "not done in time" };

    for (struct errand *errand = rpc->errands; errand != NULL; errand = errand->next)
        if (!errand->ended)
            end_errand(rpc, errand, &late);
}

void rpc_expire(struct rpc *rpc, int64_t now_ms)
{
    if (is_over(reader_due_ms(rpc), now_ms)) {
        rpc->given_up = true;
        rpc_fail(rpc, GRPC_DEADLINE_EXCEEDED, "the client does not read");
    }
    if (!is_over(work_due_ms(rpc), now_ms))
        return;
    if (rpc->state == RPC_RUNNING)
        expire_errands(rpc);
    else
        rpc_fail(rpc, GRPC_DEADLINE_EXCEEDED,
                 rpc->state == RPC_READING ? "the request was not complete in time"
                                           : "not begun in time: too many calls at once");
}
