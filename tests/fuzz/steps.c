/* SPDX-License-Identifier: Apache-2.0 */
/* This file fuzzes the walk through a composition: a byte for the RPC, then parts, each a byte for
 * what it is and two for its length (the lower first): the request, and after it what each run came
 * to, a result or an error.
 * It must not know any composition. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "gateway/steps.h"

enum { HEAD = 3, RUNS = 100000, TASKS = 8, CAP = 1024 * 1024, ID_DIGITS = 64 };

struct input {
    const uint8_t *next;
    const uint8_t *end;
};

struct part {
    uint8_t kind; /* a code; 0: a result */
    const uint8_t *bytes;
    size_t length;
};

static bool next_part(struct input *input, struct part *part)
{
    size_t left = (size_t)(input->end - input->next);

    if (left < HEAD)
        return false;
    part->kind = input->next[0];
    part->length = (size_t)input->next[1] | (size_t)input->next[2] << 8;
    if (part->length > left - HEAD)
        part->length = left - HEAD;
    part->bytes = input->next + HEAD;
    input->next = part->bytes + part->length;
    return true;
}

/* What is asked is protobuf, and where the id was completed it is whole. */
static void check_message(struct steps *steps, const struct task *task)
{
    const uint8_t *id = NULL;
    size_t length = 0;
    struct buf message;

    buf_init(&message, CAP);
    if (!steps_message(steps, task, &message) ||
        (steps->composition != NULL &&
         !wire_find((const uint8_t *)message.data, message.length, 1, &id, &length)))
        abort();
    if (steps->composition != NULL && *steps->container != '\0' && steps_is_last(steps, task) &&
        length != ID_DIGITS)
        abort();
    buf_release(&message);
}

static void end_task(struct steps *steps, const struct task *task, const struct part *part)
{
    struct err err = { .code = (enum grpc_code)(part->kind % (GRPC_UNAUTHENTICATED + 1)) };
    size_t length = part->length < sizeof(err.text) ? part->length : sizeof(err.text) - 1;

    memcpy(err.text, part->bytes, length);
    if (err.code != GRPC_OK)
        steps_failed(steps, task, (part->kind & 0x80) == 0, &err);
    else if (steps_is_last(steps, task) || steps_method(steps, task) == NULL)
        steps_take(steps, task, NULL, 0);
    else
        steps_take(steps, task, part->bytes, part->length);
}

/* Tasks end in the order in which they began, or, where the part says so, the newest first. */
static void walk(struct steps *steps, struct input *input)
{
    struct task tasks[TASKS];
    struct part part = { .kind = 0 };
    size_t count = 0;

    for (size_t runs = 0; !steps->over; runs++) {
        while (count < TASKS && steps_next(steps, &tasks[count])) {
            if (steps_method(steps, &tasks[count]) != NULL)
                check_message(steps, &tasks[count]);
            count++;
        }
        if (steps->over)
            break;
        if (runs > RUNS || count == 0)
            abort();
        if (!next_part(input, &part))
            return;
        if ((part.kind & 0x40) == 0) {
            struct task first = tasks[0];

            memmove(tasks, tasks + 1, (count - 1) * sizeof(*tasks));
            tasks[count - 1] = first;
        }
        end_task(steps, &tasks[--count], &part);
    }
    if (count > 0 || steps->out > 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static const struct settings settings = { .docker_root = "/var/lib/docker",
                                              .host_root = "/nonexistent" };
    static struct steps steps;
    struct err err = { .code = GRPC_OK };
    struct part request = { .kind = 0 };
    struct input input = { .next = bytes + 1, .end = bytes + length };

    if (length < 1 || !next_part(&input, &request))
        return 0;
    if (steps_init(&steps, &methods[bytes[0] % method_count], request.bytes, request.length,
                   &settings, "0123456789abcdef", &err))
        walk(&steps, &input);
    else if (err.code == GRPC_OK)
        abort();
    steps_release(&steps);
    return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}
