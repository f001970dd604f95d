/* SPDX-License-Identifier: Apache-2.0 */
/* This file runs errands.
 * It must not know what the RPC is composed of, or HTTP/2. */
#include "gateway/errand.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/wire.h"
#include "oneshot/v1/oneshot.pb-c.h"

enum {
    MESSAGE_CAP = 64 * 1024 * 1024,
    RESULT_CAP = 64 * 1024 * 1024,
    HEAD_CAP = 4096, /* of which a runtime handler is most */
    READ_BYTES = 64 * 1024,
    TIMEOUT_FIELD = 1,
    HANDLER_FIELD = 2,
    ATTEMPT_FIELD = 3,
};

struct errand *errand_new(const struct task *task)
{
    struct errand *errand = calloc(1, sizeof(*errand));

    if (errand == NULL)
        return NULL;
    errand->task = *task;
    child_init(&errand->child);
    buf_init(&errand->result, RESULT_CAP);
    return errand;
}

void errand_free(struct errand *errand)
{
    child_close(&errand->child);
    answer_release(&errand->answer);
    buf_release(&errand->result);
    free(errand);
}

/* ==== the frame that the translator gets ==== */

static bool put_varint(struct buf *buf, uint64_t value)
{
    uint8_t varint[WIRE_VARINT_BYTES];

    return buf_append(buf, varint, wire_put_varint(varint, value));
}

static bool put_field(struct buf *buf, unsigned field, size_t length)
{
    return put_varint(buf, wire_tag(field, WIRE_BYTES)) && put_varint(buf, length);
}

/* Nothing where it is empty. */
static bool put_text_field(struct buf *buf, unsigned field, const char *text)
{
    return *text == '\0' || (put_field(buf, field, strlen(text)) && buf_puts(buf, text));
}

/* What stands before the call's message in a Request that holds it, unlooked at. */
static bool put_head(struct buf *head, const struct steps *steps, const struct task *task,
                     int64_t timeout_ms, size_t length)
{
    if (timeout_ms != 0 && !(put_varint(head, wire_tag(TIMEOUT_FIELD, WIRE_VARINT)) &&
                             put_varint(head, (uint64_t)timeout_ms)))
        return false;
    return put_text_field(head, HANDLER_FIELD, steps_runtime_handler(steps, task)) &&
           put_text_field(head, ATTEMPT_FIELD, steps_attempt(steps, task)) &&
           put_field(head, steps_method(steps, task)->field, length);
}

static bool put_frame(struct errand *errand, struct steps *steps, int64_t timeout_ms,
                      struct err *err)
{
    struct buf *frame = &errand->child.unsent;
    struct buf message;
    struct buf head;
    bool well = false;

    buf_init(&message, MESSAGE_CAP);
    buf_init(&head, HEAD_CAP);
    well = steps_message(steps, &errand->task, &message) &&
           put_head(&head, steps, &errand->task, timeout_ms, message.length) &&
           put_varint(frame, head.length + message.length) &&
           buf_append(frame, head.data, head.length) &&
           buf_append(frame, message.data, message.length);
    buf_release(&message);
    buf_release(&head);
    return well || err_set(err, GRPC_RESOURCE_EXHAUSTED, "the request is too long");
}

/* ==== a process of our own: it says with which error it ended ==== */

struct acting {
    struct steps *steps;
    const struct task *task;
};

static void act(void *context)
{
    const struct acting *acting = context;
    struct err err = { .code = GRPC_OK };
    ssize_t written = 0;

    steps_act(acting->steps, acting->task, &err);
    written = write(STDOUT_FILENO, &err, sizeof(err)); /* less than a pipe takes at once */
    (void)written;
}

/* ==== its life ==== */

bool errand_begin(struct errand *errand, struct steps *steps, const char *program,
                  const sigset_t *mask, int64_t timeout_ms, struct err *err)
{
    const struct method *method = steps_method(steps, &errand->task);
    struct acting acting = { .steps = steps, .task = &errand->task };

    if (method == NULL) {
        errand->begun = child_fork(&errand->child, act, &acting, err);
        return errand->begun;
    }
    answer_init(&errand->answer, method, steps_is_last(steps, &errand->task));
    errand->begun = put_frame(errand, steps, timeout_ms, err) &&
                    child_start(&errand->child, program, mask, err);
    return errand->begun;
}

/* True: the task has ended. */
static bool take_act(const uint8_t *bytes, size_t length, struct err *err)
{
    if (length == sizeof(*err))
        memcpy(err, bytes, length);
    else
        err_set(err, GRPC_INTERNAL, "its process ended before it was done");
    return true;
}

bool errand_read(struct errand *errand, const struct steps *steps, struct buf *out, struct err *err)
{
    uint8_t bytes[READ_BYTES];
    ssize_t count = read(errand->child.out, bytes, sizeof(bytes));

    if (count < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (steps_method(steps, &errand->task) == NULL)
        return take_act(bytes, count < 0 ? 0 : (size_t)count, err);
    if (count <= 0)
        err_set(err, GRPC_INTERNAL, "the translator ended before its answer did");
    else
        answer_take(&errand->answer, bytes, (size_t)count,
                    steps_is_last(steps, &errand->task) ? out : &errand->result, err);
    return err->code != GRPC_OK || errand->answer.ended;
}
