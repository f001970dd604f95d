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
#define IMAGE_ID  "sha256:" DIGITS_16 DIGITS_48

struct bytes {
    const uint8_t *data;
    size_t length;
};

static struct steps steps;
static struct settings settings;
static bool begun;

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
}

static inline bool begin(const char *name, struct bytes request)
{
    finish();
    begun = true;
    err = (struct err){ .code = GRPC_OK };
    return steps_init(&steps, method_called(name), request.data, request.length, &settings, &err);
}

/* The next run is of this RPC, with just these bytes. */
static inline void expect_run(const char *name, struct bytes wanted)
{
    struct buf message;

    assert_int_equal(err.code, GRPC_OK);
    assert_false(steps.answered);
    assert_string_equal(steps_run(&steps)->name, name);
    buf_init(&message, 64 * 1024 * 1024);
    assert_true(steps_message(&steps, &message));
    assert_int_equal(message.length, wanted.length);
    if (wanted.length > 0)
        assert_memory_equal(message.data, wanted.data, wanted.length);
    buf_release(&message);
}

static inline void expect_last(const char *name, struct bytes wanted)
{
    expect_run(name, wanted);
    assert_true(steps_is_last(&steps));
}

static inline bool take(struct bytes result)
{
    assert_false(steps_is_last(&steps));
    return steps_take(&steps, result.data, result.length, &err);
}

/* The run has failed. True when that is well. */
static inline bool refuse(enum grpc_code code, const char *why)
{
    err_set(&err, code, "%s", why);
    return steps_failed(&steps, &err);
}

/* There is nothing more to run, and this is the answer. */
static inline void expect_answer(struct bytes wanted)
{
    assert_int_equal(err.code, GRPC_OK);
    assert_true(steps.answered);
    assert_int_equal(steps.response.length, wanted.length);
    if (wanted.length > 0)
        assert_memory_equal(steps.response.data, wanted.data, wanted.length);
}

/* The RPC has failed, with just this text. */
static inline void expect_end(enum grpc_code code, const char *why)
{
    assert_string_equal(err.text, why);
    expect_error(code, "");
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
