/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads the translator's Responses as they come.
 * It must not know any RPC's messages. */
#include "gateway/answer.h"

#include "base/wire.h"
#include "gateway/grpc.h"
#include "oneshot/v1/oneshot.pb-c.h"

enum { OUTCOME = 1 };

void answer_init(struct answer *answer, const struct method *method, bool prefixed)
{
    *answer = (struct answer){ .method = method, .prefixed = prefixed };
    buf_init(&answer->outcome, ANSWER_OUTCOME);
}

void answer_release(struct answer *answer)
{
    buf_release(&answer->outcome);
}

static bool garbage(struct err *err)
{
    return err_set(err, GRPC_INTERNAL, "the translator's answer is not one");
}

/* The numbers at the start of a Response: the frame's length, the tag and the field's length. 1
 * when they are there, 0 when bytes are missing, -1 when they are garbage. */
static int read_head(const struct answer *answer, uint64_t numbers[3])
{
    size_t at = 0;
    size_t body = 0;

    for (int i = 0; i < 3; i++) {
        int taken = wire_varint(answer->head + at, answer->head_length - at, &numbers[i]);

        if (taken <= 0)
            return answer->head_length == ANSWER_HEAD ? -1 : taken;
        at += (size_t)taken;
        if (i == 0)
            body = at;
    }
    return numbers[0] == at - body + numbers[2] ? 1 : -1;
}

static bool no_room(struct err *err)
{
    return err_set(err, GRPC_RESOURCE_EXHAUSTED, "the answer is too long");
}

static bool begin_field(struct answer *answer, uint64_t tag, uint64_t length, struct buf *messages,
                        struct err *err)
{
    answer->head_length = 0;
    answer->left = (size_t)length;
    answer->is_outcome = tag == wire_tag(OUTCOME, WIRE_BYTES);
    if (answer->is_outcome)
        return length <= ANSWER_OUTCOME || garbage(err);
    if (tag != wire_tag(answer->method->field, WIRE_BYTES) || length > UINT32_MAX)
        return garbage(err);
    return !answer->prefixed || grpc_put_prefix(messages, (size_t)length) || no_room(err);
}

static enum grpc_code code_of(const Oneshot__V1__Outcome *outcome)
{
    return outcome->code < 0 || outcome->code > GRPC_UNAUTHENTICATED
               ? GRPC_UNKNOWN
               : (enum grpc_code)outcome->code;
}

static bool end_with_outcome(struct answer *answer, struct err *err)
{
    Oneshot__V1__Outcome *outcome = oneshot__v1__outcome__unpack(
        NULL, answer->outcome.length, (const uint8_t *)answer->outcome.data);
    bool well = false;

    answer->ended = true;
    if (outcome == NULL)
        return garbage(err);
    if (outcome->code != GRPC_OK)
        err_set(err, code_of(outcome), "%s", outcome->message);
    else if (answer->method->stream != NULL)
        well = true;
    else
        garbage(err); /* it would be well, and there is no result */
    oneshot__v1__outcome__free_unpacked(outcome, NULL);
    return well;
}

static bool end_field(struct answer *answer, struct err *err)
{
    if (answer->is_outcome)
        return end_with_outcome(answer, err);
    answer->ended = answer->method->stream == NULL;
    return true;
}

static bool take_head(struct answer *answer, uint8_t byte, struct buf *messages, struct err *err)
{
    uint64_t numbers[3] = { 0 };
    int status = 0;

    answer->head[answer->head_length++] = byte;
    status = read_head(answer, numbers);
    if (status < 0)
        return garbage(err);
    if (status == 0)
        return true;
    if (!begin_field(answer, numbers[1], numbers[2], messages, err))
        return false;
    return answer->left > 0 || end_field(answer, err);
}

static bool take_field(struct answer *answer, const uint8_t *bytes, size_t length,
                       struct buf *messages, struct err *err)
{
    if (!buf_append(answer->is_outcome ? &answer->outcome : messages, bytes, length))
        return no_room(err);
    answer->left -= length;
    return answer->left > 0 || end_field(answer, err);
}

bool answer_take(struct answer *answer, const uint8_t *bytes, size_t length, struct buf *messages,
                 struct err *err)
{
    while (length > 0 && !answer->ended) {
        size_t taken = answer->left == 0 ? 1 : answer->left < length ? answer->left : length;
        bool well = answer->left == 0 ? take_head(answer, *bytes, messages, err)
                                      : take_field(answer, bytes, taken, messages, err);

        if (!well)
            return false;
        bytes += taken;
        length -= taken;
    }
    return true;
}
