/* SPDX-License-Identifier: Apache-2.0 */
/* This file holds what the tests of compositions share: a walk through the steps with made-up
 * results, and protobuf bytes made by hand.
 * It must not know any composition. */
#ifndef TESTS_GATEWAY_STEPS_H
#define TESTS_GATEWAY_STEPS_H

#include "test.h"

#include "base/wire.h"
#include "gateway/steps.h"

#define DIGITS_16 "0123456789abcdef"
#define DIGITS_48 DIGITS_16 DIGITS_16 DIGITS_16
#define SHORT     "5123456789abc" /* crictl's 13 digits */
#define SANDBOX   "5123456789abcdef" DIGITS_48
#define CONTAINER "c123456789abcdef" DIGITS_48
#define MEMBER_1  "1123456789abcdef" DIGITS_48
#define MEMBER_2  "2123456789abcdef" DIGITS_48
#define ATTEMPT   "0a1b2c3d4e5f6071"
#define IMAGE_ID  "sha256:" DIGITS_16 DIGITS_48

struct bytes {
    const uint8_t *data;
    size_t length;
};

static struct steps steps;
static struct settings settings;
static struct task task;
static bool begun;
static bool given;

/* --- protobuf by hand --- */

static inline struct bytes join(struct bytes a, struct bytes b)
{
    uint8_t *data = arena_alloc(&arena, a.length + b.length + 1);

    if (a.length > 0)
        memcpy(data, a.data, a.length);
    if (b.length > 0)
        memcpy(data + a.length, b.data, b.length);
    return (struct bytes){ data, a.length + b.length };
}

static inline struct bytes number_of(uint64_t number)
{
    uint8_t *data = arena_alloc(&arena, WIRE_VARINT_BYTES);

    return (struct bytes){ data, wire_put_varint(data, number) };
}

static inline struct bytes varint(unsigned field, uint64_t value)
{
    return join(number_of((uint64_t)field << 3), number_of(value));
}

static inline struct bytes nest(unsigned field, struct bytes message)
{
    struct bytes head = join(number_of((uint64_t)field << 3 | 2), number_of(message.length));

    return join(head, message);
}

static inline struct bytes text(unsigned field, const char *value)
{
    return nest(field, (struct bytes){ (const uint8_t *)value, strlen(value) });
}

/* A message of no bytes has none: that is how Version is asked. */
static const struct bytes nothing = { NULL, 0 };

/* --- the walk --- */

static inline const struct method *method_called(const char *name)
{
    for (size_t i = 0; i < method_count; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    fail_msg("no RPC is called %s", name);
    return NULL;
}

static inline void finish(void)
{
    if (begun)
        steps_release(&steps);
    begun = false;
    given = false;
}

static inline bool begin(const char *name, struct bytes request)
{
    finish();
    begun = true;
    err = (struct err){ .code = GRPC_OK };
    return steps_init(&steps, method_called(name), request.data, request.length, &settings, ATTEMPT,
                      &err);
}

/* The next task is the current one, until it is taken or refused. */
static inline void next(void)
{
    if (given)
        return;
    assert_true(steps_next(&steps, &task));
    given = true;
}

static inline void expect_message(const struct task *of, struct bytes wanted)
{
    struct buf message;

    buf_init(&message, 64 * 1024 * 1024);
    assert_true(steps_message(&steps, of, &message));
    assert_int_equal(message.length, wanted.length);
    if (wanted.length > 0)
        assert_memory_equal(message.data, wanted.data, wanted.length);
    buf_release(&message);
}

/* The next run is of this RPC, with just these bytes. */
static inline void expect_run(const char *name, struct bytes wanted)
{
    assert_false(steps.over);
    next();
    assert_non_null(steps_method(&steps, &task));
    assert_string_equal(steps_method(&steps, &task)->name, name);
    expect_message(&task, wanted);
}

static inline void expect_last(const char *name, struct bytes wanted)
{
    expect_run(name, wanted);
    assert_true(steps_is_last(&steps, &task));
}

static inline bool is_well(void)
{
    given = false;
    return steps.err.code == GRPC_OK;
}

static inline bool take(struct bytes result)
{
    next();
    assert_false(steps_is_last(&steps, &task));
    steps_take(&steps, &task, result.data, result.length);
    return is_well();
}

/* The RPC's own result has been passed on. */
static inline void pass_on(void)
{
    next();
    assert_true(steps_is_last(&steps, &task));
    steps_take(&steps, &task, NULL, 0);
    assert_true(is_well() && steps.over);
}

/* The run has failed. True when that is well, or is remedied. */
static inline bool refuse(enum grpc_code code, const char *why)
{
    struct err failed = { .code = GRPC_OK };

    next();
    err_set(&failed, code, "%s", why);
    steps_failed(&steps, &task, true, &failed);
    return is_well();
}

/* The next task is done by a process of our own, here by us. */
static inline bool act(void)
{
    struct err failed = { .code = GRPC_OK };

    next();
    assert_null(steps_method(&steps, &task));
    if (steps_act(&steps, &task, &failed))
        steps_take(&steps, &task, NULL, 0);
    else
        steps_failed(&steps, &task, true, &failed);
    return is_well();
}

/* There is nothing more to run, and this is the answer. */
static inline void expect_answer(struct bytes wanted)
{
    assert_string_equal(steps.err.text, "");
    assert_true(steps.over);
    assert_int_equal(steps.response.length, wanted.length);
    if (wanted.length > 0)
        assert_memory_equal(steps.response.data, wanted.data, wanted.length);
}

/* The RPC has failed, with just this text. */
static inline void expect_end(enum grpc_code code, const char *why)
{
    assert_true(steps.over);
    assert_string_equal(steps.err.text, why);
    assert_int_equal(steps.err.code, code);
}

/* With a text that holds this. */
static inline void expect_end_with(enum grpc_code code, const char *why)
{
    assert_true(steps.over);
    if (strstr(steps.err.text, why) == NULL)
        fail_msg("\"%s\" does not hold \"%s\"", steps.err.text, why);
    assert_int_equal(steps.err.code, code);
}

static inline int steps_set_up(void **state)
{
    settings = (struct settings){ .docker_root = "/var/lib/docker", .host_root = "" };
    return set_up(state);
}

static inline int steps_tear_down(void **state)
{
    finish();
    return tear_down(state);
}

/* --- results --- */

static inline struct bytes sandbox_status(const char *id)
{
    return nest(1, text(1, id));
}

static inline struct bytes sandbox_status_in(const char *id, unsigned state)
{
    return nest(1, join(text(1, id), varint(3, state)));
}

static inline struct bytes container_status_in(const char *id, unsigned state)
{
    return nest(1, join(text(1, id), varint(3, state)));
}

static inline struct bytes container_status(const char *id, const char *log_path)
{
    return nest(1, join(text(1, id), *log_path == '\0' ? nothing : text(15, log_path)));
}

static inline struct bytes member(const char *id, const char *sandbox)
{
    return nest(1, join(text(1, id), text(2, sandbox)));
}

static inline struct bytes members(void)
{
    return join(member(MEMBER_1, SANDBOX), member(MEMBER_2, SANDBOX));
}

static inline struct bytes members_of(const char *sandbox, bool running)
{
    return nest(1, join(running ? nest(2, varint(1, 1)) : nothing, text(3, sandbox)));
}

#define STEPS(name) cmocka_unit_test_setup_teardown(name, steps_set_up, steps_tear_down)

#endif
