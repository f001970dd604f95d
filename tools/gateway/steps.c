/* SPDX-License-Identifier: Apache-2.0 */
/* This file walks through the steps of an RPC.
 * It must not know how the translator is run, or HTTP/2. */
#include "gateway/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cri.h"
#include "base/text.h"
#include "base/wire.h"
#include "docker/inspect.h"
#include "gateway/composition.h"

enum {
    MEMORY = 64 * 1024 * 1024,
    RESPONSE = 4096,
    NO_FIELD = 0,
    NAMING_FIELD = 1, /* of a composed RPC: it says what the RPC is about */
};

/* An RPC that is not composed is this one step. */
static const struct step whole = { .call = 0 };

static void steps_without_memory(void *context)
{
    (void)context;
    _Exit(EXIT_FAILURE); /* the client sees its connection end */
}

bool steps_init(struct steps *steps, const struct method *method, const uint8_t *request,
                size_t length, const struct settings *settings, const char *attempt,
                struct err *err)
{
    const struct composition *composition = composition_find(method->field);
    const uint8_t *bytes = NULL;
    size_t size = 0;

    *steps = (struct steps){ .method = method,
                             .composition = composition,
                             .settings = settings,
                             .request = request,
                             .request_length = length,
                             .attempt = attempt,
                             .at = composition == NULL ? &whole : composition->steps,
                             .sandbox = "",
                             .handler = "",
                             .target = "",
                             .container = "",
                             .image = "" };
    arena_init(&steps->arena, MEMORY, steps_without_memory, NULL);
    buf_init(&steps->response, RESPONSE);
    return wire_find(request, length, composition == NULL ? NO_FIELD : NAMING_FIELD, &bytes,
                     &size) ||
           err_set(err, GRPC_INVALID_ARGUMENT, "request: is not protobuf");
}

void steps_release(struct steps *steps)
{
    buf_release(&steps->response);
    arena_release(&steps->arena);
}

/* ==== what is run ==== */

const struct method *steps_method(const struct steps *steps, const struct task *task)
{
    return task->step == &whole ? steps->method : method_find(task->step->call);
}

bool steps_is_last(const struct steps *steps, const struct task *task)
{
    return task->step == &whole || (task->step->call == steps->method->field &&
                                    task->step->result == NULL && !task->step->each);
}

bool steps_message(struct steps *steps, const struct task *task, struct buf *message)
{
    if (task->step == &whole)
        return buf_append(message, steps->request, steps->request_length);
    return task->step->request(steps, task->member, message);
}

static bool can_be_undone(const struct steps *steps)
{
    const struct remedy *const *remedies =
        steps->composition == NULL ? NULL : steps->composition->remedies;

    for (; remedies != NULL && *remedies != NULL; remedies++)
        if ((*remedies)->undoes)
            return true;
    return false;
}

bool steps_may_leave_something(const struct steps *steps, const struct task *task)
{
    return steps_is_last(steps, task) && can_be_undone(steps);
}

const char *steps_attempt(const struct steps *steps, const struct task *task)
{
    return steps_may_leave_something(steps, task) ? steps->attempt : "";
}

const char *steps_runtime_handler(const struct steps *steps, const struct task *task)
{
    const struct method *method = steps_method(steps, task);

    return method != NULL && method->field == ONESHOT__V1__REQUEST__CALL_CREATE_CONTAINER
               ? steps->handler
               : "";
}

bool steps_act(struct steps *steps, const struct task *task, struct err *err)
{
    return task->step->act(steps, task->member, err);
}

bool steps_are_undoing(const struct steps *steps)
{
    return !steps->over && steps->remedy != NULL && steps->remedy->undoes;
}

/* ==== the walk ==== */

static void push_ready(struct steps *steps, struct member *member)
{
    member->next = steps->ready;
    steps->ready = member;
}

static void begin_members(struct steps *steps)
{
    steps->unfinished = steps->member_count;
    for (size_t i = steps->member_count; i > 0; i--) {
        steps->members[i - 1].step = steps->at;
        push_ready(steps, &steps->members[i - 1]);
    }
}

static void end_steps(struct steps *steps)
{
    steps->over = true;
    if (steps->failure.code == GRPC_OK)
        return;
    steps->err = steps->failure;
    if (steps->remedy != NULL && steps->remedy->tell != NULL)
        steps->remedy->tell(steps, &steps->err);
}

static bool is_left_out(struct steps *steps)
{
    const struct step *step = steps->at;

    return (step->each && steps->member_count == 0) ||
           (step->wanted != NULL && !step->wanted(steps));
}

/* docker lists a container a moment before it knows it, so that a removal may have met none: it is
 * gone when it is listed no more. */
static bool is_repeated(const struct steps *steps)
{
    const struct remedy *remedy = steps->remedy;

    return remedy != NULL && steps->member_count > 0 && remedy->is_repeated_for != NULL &&
           remedy->is_repeated_for(&steps->failure);
}

/* To the step at steps->at, or the next one that is to be done. */
static void enter(struct steps *steps)
{
    while (!composition_is_end(steps->at) && is_left_out(steps))
        steps->at++;
    if (composition_is_end(steps->at) && is_repeated(steps)) {
        steps->at = steps->remedy->steps;
        steps->pause_ms = STEPS_PAUSE_MS;
    } else if (composition_is_end(steps->at))
        end_steps(steps);
    else if (steps->at->each)
        begin_members(steps);
}

static void finish_member(struct steps *steps)
{
    if (--steps->unfinished > 0)
        return;
    while (steps->at->each)
        steps->at++;
    enter(steps);
}

static void step_on(struct steps *steps, const struct task *task)
{
    struct member *member = task->member;

    if (member == NULL) {
        steps->at += !steps->again;
        steps->again = false;
        enter(steps);
    } else if ((++member->step)->each) {
        push_ready(steps, member); /* one that was begun is finished before others are begun */
    } else {
        finish_member(steps);
    }
}

bool steps_next(struct steps *steps, struct task *task)
{
    if (steps->over || steps->err.code != GRPC_OK || (steps->at->each && steps->ready == NULL) ||
        ((!steps->at->each || steps->at->in_turn) && steps->out > 0))
        return false;
    *task = (struct task){ .step = steps->at };
    if (steps->at->each) {
        task->member = steps->ready;
        task->step = task->member->step;
        steps->ready = task->member->next;
    }
    steps->out++;
    return true;
}

/* ==== failures ==== */

/* Which of the steps it was, unless it is the RPC itself. */
static void name_step(const struct steps *steps, const struct task *task, struct err *err)
{
    const struct method *run = steps_method(steps, task);
    const char *what = run == NULL ? task->step->what : run->name;

    if (task->member != NULL)
        err_wrap(err, "%s of %s", what, task->member->id);
    else if (run != steps->method)
        err_wrap(err, "%s", what);
}

static bool begin_remedy(struct steps *steps, const struct err *err)
{
    const struct remedy *const *remedies =
        steps->composition == NULL ? NULL : steps->composition->remedies;

    for (unsigned bit = 1; remedies != NULL && *remedies != NULL; remedies++, bit <<= 1) {
        if ((steps->tried & bit) != 0 || !(*remedies)->is_for(err))
            continue;
        steps->tried |= bit;
        steps->remedy = *remedies;
        steps->failure = *err;
        steps->at = steps->remedy->steps;
        steps->member_count = 0;
        steps->looks = 0;
        steps->found = false;
        enter(steps);
        return true;
    }
    return false;
}

/* Of a remedy that fails it is told, but the failure stays what it was. */
static void fail(struct steps *steps, const struct err *err)
{
    if (steps->failure.code != GRPC_OK) {
        steps->err = (struct err){ .code = GRPC_OK };
        err_set(&steps->err, steps->failure.code, "%s; %s", steps->failure.text, err->text);
    } else if (steps->err.code == GRPC_OK) {
        steps->err = *err;
    }
    steps->over = steps->out == 0;
}

/* Nothing is to be done to what is gone; true when that is well. Nor to a member that is not the
 * CRI's: a person's own container, of an image with labels as ours, is listed. */
static bool pass_over(struct steps *steps, const struct task *task, const struct err *err)
{
    const struct step *step = task->step;

    if (!step->may_be_gone || err->code != GRPC_NOT_FOUND ||
        (task->member == NULL && text_begins(err->text, NOT_THE_CRIS)))
        return false;
    if (task->member != NULL)
        finish_member(steps);
    else if (step->goes_on_without != NULL && step->goes_on_without(steps))
        step_on(steps, task);
    else
        end_steps(steps);
    return true;
}

void steps_failed(struct steps *steps, const struct task *task, bool begun, const struct err *err)
{
    struct err named = *err;
    bool is_last = steps_is_last(steps, task);

    steps->out--;
    if (steps->err.code != GRPC_OK) { /* the first one counts */
        steps->over = steps->out == 0;
        return;
    }
    if (is_last)
        steps->failure = (struct err){ .code = GRPC_OK };
    if (is_last && task->step->excuse != NULL && task->step->excuse(steps, err)) {
        step_on(steps, task);
        return;
    }
    if (pass_over(steps, task, err) || (is_last && begun && begin_remedy(steps, err)))
        return;
    name_step(steps, task, &named);
    fail(steps, &named);
}

void steps_take(struct steps *steps, const struct task *task, const uint8_t *result, size_t length)
{
    struct err err = { .code = GRPC_OK };

    if (task->step->result != NULL &&
        !task->step->result(steps, task->member, result, length, &err)) {
        steps_failed(steps, task, true, &err);
        return;
    }
    steps->out--;
    if (steps_is_last(steps, task)) {
        steps->failure = (struct err){ .code = GRPC_OK };
        steps->over = true;
    }
    if (steps->err.code != GRPC_OK)
        steps->over = steps->out == 0;
    else if (steps->over)
        end_steps(steps);
    else
        step_on(steps, task);
}

/* ==== for people ==== */

/* The last step is left out only where there is nothing left to do it to. */
static bool is_optional(const struct step *step)
{
    return step->wanted != NULL && !composition_is_end(&step[1]);
}

static void print_steps(const struct step *steps)
{
    for (size_t i = 0; !composition_is_end(&steps[i]); i++) {
        if (i > 0)
            fputs(" -> ", stdout);
        if (steps[i].each && (i == 0 || !steps[i - 1].each))
            fputs(i == 0 || steps[i - 1].excuse == NULL ? "(for each: " : "(if not, for each: ",
                  stdout);
        if (is_optional(&steps[i]))
            fputs("(if asked: ", stdout);
        fputs(steps[i].call == 0 ? steps[i].what : method_find(steps[i].call)->name, stdout);
        if (is_optional(&steps[i]) || (steps[i].each && !steps[i + 1].each))
            putchar(')');
    }
}

static void print_composition(const struct composition *composition)
{
    printf("%-24s ", method_find(composition->call)->name);
    print_steps(composition->steps);
    for (const struct remedy *const *remedy = composition->remedies; *remedy != NULL; remedy++) {
        printf("; %s: ", (*remedy)->when);
        print_steps((*remedy)->steps);
    }
    putchar('\n');
}

void steps_print(void)
{
    for (size_t i = 0; i < composition_count; i++)
        print_composition(&compositions[i]);
}
