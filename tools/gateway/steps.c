/* SPDX-License-Identifier: Apache-2.0 */
/* This file walks through the steps of an RPC.
 * It must not know how the translator is run, or HTTP/2. */
#include "gateway/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cri.h"
#include "base/wire.h"
#include "docker/inspect.h"
#include "gateway/composition.h"

enum {
    MEMORY = 64 * 1024 * 1024,
    RESPONSE = 4096,
    NO_FIELD = 0,
    NAMING_FIELD = 1, /* of a composed RPC: it says what the RPC is about */
};

static const struct step *current(const struct steps *steps)
{
    return &steps->composition->steps[steps->index];
}

static void next_member(struct steps *steps)
{
    steps->member++;
    while (current(steps)[-1].each)
        steps->index--;
}

static void advance(struct steps *steps)
{
    if (current(steps)->each && !current(steps)[1].each)
        next_member(steps);
    else
        steps->index++;
}

/* On to the step that runs an RPC, doing what stands before it. */
static bool settle(struct steps *steps, struct err *err)
{
    while (!steps->answered) {
        const struct step *step = current(steps);

        if ((step->each && steps->member == steps->members.count) ||
            (step->wanted != NULL && !step->wanted(steps))) {
            steps->index++;
        } else if (step->call == 0 && step->act == NULL) {
            steps->answered = true;
        } else if (step->act != NULL) {
            if (!step->act(steps, err))
                return false;
            advance(steps);
        } else {
            return true;
        }
    }
    return true;
}

static void out_of_memory(void *context)
{
    (void)context;
    _Exit(EXIT_FAILURE); /* the client sees its connection end */
}

bool steps_init(struct steps *steps, const struct method *method, const uint8_t *request,
                size_t length, const struct settings *settings, struct err *err)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;

    *steps = (struct steps){ .method = method,
                             .composition = composition_find(method->field),
                             .settings = settings,
                             .request = request,
                             .request_length = length,
                             .sandbox = "",
                             .handler = "",
                             .target = "",
                             .container = "",
                             .log_path = "",
                             .image = "" };
    arena_init(&steps->arena, MEMORY, out_of_memory, NULL);
    buf_init(&steps->response, RESPONSE);
    strv_init(&steps->members, &steps->arena);
    return wire_find(request, length, steps->composition == NULL ? NO_FIELD : NAMING_FIELD, &bytes,
                     &size) ||
           err_set(err, GRPC_INVALID_ARGUMENT, "request: is not protobuf");
}

void steps_release(struct steps *steps)
{
    buf_release(&steps->response);
    arena_release(&steps->arena);
}

const struct method *steps_run(const struct steps *steps)
{
    return steps->composition == NULL ? steps->method : method_find(current(steps)->call);
}

bool steps_is_last(const struct steps *steps)
{
    return steps->composition == NULL || (current(steps)->call == steps->method->field &&
                                          current(steps)->result == NULL && !current(steps)->each);
}

const char *steps_runtime_handler(const struct steps *steps)
{
    return steps_run(steps)->field == ONESHOT__V1__REQUEST__CALL_CREATE_CONTAINER ? steps->handler
                                                                                  : "";
}

bool steps_message(struct steps *steps, struct buf *message)
{
    if (steps->composition == NULL)
        return buf_append(message, steps->request, steps->request_length);
    return current(steps)->request(steps, message);
}

/* Which of the steps it was, unless it is the RPC itself. */
static bool fail(const struct steps *steps, struct err *err)
{
    const struct method *run = steps_run(steps);

    if (run == steps->method || steps->composition == NULL)
        return false;
    if (!current(steps)->each)
        return err_wrap(err, "%s", run == NULL ? current(steps)->what : run->name);
    return err_wrap(err, "%s of %s", run == NULL ? current(steps)->what : run->name,
                    steps->members.words[steps->member]);
}

bool steps_take(struct steps *steps, const uint8_t *result, size_t length, struct err *err)
{
    const struct step *step = current(steps);

    if (step->result != NULL && !step->result(steps, result, length, err))
        return fail(steps, err);
    if (!steps->answered)
        advance(steps);
    return settle(steps, err) || fail(steps, err);
}

/* Whether the failure is well. */
static bool is_excused(const struct steps *steps, const struct err *err)
{
    const struct step *step = current(steps);

    if (step->excuse != NULL)
        return step->excuse(steps, err);
    return step->may_be_gone && err->code == GRPC_NOT_FOUND &&
           strncmp(err->text, NOT_THE_CRIS, strlen(NOT_THE_CRIS)) != 0;
}

bool steps_failed(struct steps *steps, struct err *err)
{
    if (steps->composition == NULL || !is_excused(steps, err))
        return fail(steps, err);
    *err = (struct err){ .code = GRPC_OK };
    if (current(steps)->excuse != NULL)
        advance(steps);
    else if (current(steps)->each)
        next_member(steps);
    else
        steps->answered = true;
    return settle(steps, err) || fail(steps, err);
}

/* ==== for people ==== */

static void print_composition(const struct composition *composition)
{
    const struct step *steps = composition->steps;

    printf("%-24s ", method_find(composition->call)->name);
    for (size_t i = 0; steps[i].call != 0 || steps[i].act != NULL; i++) {
        if (i > 0)
            fputs(" -> ", stdout);
        if (steps[i].each && !steps[i - 1].each)
            fputs(steps[i - 1].excuse == NULL ? "(for each: " : "(if not, for each: ", stdout);
        if (steps[i].wanted != NULL)
            fputs("(if asked: ", stdout);
        fputs(steps[i].call == 0 ? steps[i].what : method_find(steps[i].call)->name, stdout);
        if (steps[i].wanted != NULL || (steps[i].each && !steps[i + 1].each))
            putchar(')');
    }
    putchar('\n');
}

void steps_print(void)
{
    for (size_t i = 0; i < composition_count; i++)
        print_composition(&compositions[i]);
}
