/* SPDX-License-Identifier: Apache-2.0 */
/* This file holds what the tests of the translator's Responses share: their bytes, and what is made
 * of them. It must not know which rules they check. */
#ifndef TESTS_GATEWAY_ANSWER_H
#define TESTS_GATEWAY_ANSWER_H

#include "test.h"

#include "base/buf.h"
#include "base/wire.h"
#include "gateway/answer.h"
#include "gateway/grpc.h"
#include "oneshot/v1/oneshot.pb-c.h"

enum { CAP = 4 * 1024 * 1024, OUTCOME_FIELD = 1 };

static struct answer answer;
static struct buf bytes;    /* what the translator writes */
static struct buf messages; /* what the client gets */
static const struct method *method;

static inline const struct method *method_called(const char *name)
{
    for (size_t i = 0; i < method_count; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

static inline int answer_set_up(void **state)
{
    set_up(state);
    buf_init(&bytes, CAP);
    buf_init(&messages, CAP);
    method = method_called("Version");
    answer_init(&answer, method, true);
    return 0;
}

static inline int answer_tear_down(void **state)
{
    answer_release(&answer);
    buf_release(&bytes);
    buf_release(&messages);
    return tear_down(state);
}

static inline void begin(const char *name, bool prefixed)
{
    answer_release(&answer);
    method = method_called(name);
    assert_non_null(method);
    answer_init(&answer, method, prefixed);
    bytes.length = 0;
    messages.length = 0;
    err = (struct err){ .code = GRPC_OK };
}

/* --- what the translator writes --- */

static inline void put_number(uint64_t number)
{
    uint8_t varint[WIRE_VARINT_BYTES];

    assert_true(buf_append(&bytes, varint, wire_put_varint(varint, number)));
}

static inline size_t size_of(uint64_t number)
{
    uint8_t varint[WIRE_VARINT_BYTES];

    return wire_put_varint(varint, number);
}

static inline void put_field(unsigned field, const void *value, size_t length)
{
    uint64_t tag = (uint64_t)field << 3 | 2;

    put_number(size_of(tag) + size_of(length) + length);
    put_number(tag);
    put_number(length);
    assert_true(buf_append(&bytes, value, length));
}

static inline void put_result(const char *text)
{
    put_field(method->field, text, strlen(text));
}

static inline void put_outcome(int code, const char *text)
{
    Oneshot__V1__Outcome outcome = ONESHOT__V1__OUTCOME__INIT;
    uint8_t packed[512];

    outcome.code = code;
    outcome.message = arena_strdup(&arena, text);
    assert_true(oneshot__v1__outcome__get_packed_size(&outcome) <= sizeof(packed));
    put_field(OUTCOME_FIELD, packed, oneshot__v1__outcome__pack(&outcome, packed));
}

static inline bool take_all(void)
{
    return answer_take(&answer, (const uint8_t *)bytes.data, bytes.length, &messages, &err);
}

/* --- what the client gets --- */

static inline void expect_messages(const char *wanted, size_t length)
{
    assert_int_equal(messages.length, length);
    assert_memory_equal(messages.data == NULL ? "" : messages.data, wanted, length);
}

#define MESSAGES(text) expect_messages(text, sizeof(text) - 1)

static inline void put_stream(void)
{
    begin("StreamContainers", true);
    put_result("first");
    put_result("");
    put_result(arena_printf(&arena, "%0300d", 0));
    put_outcome(GRPC_DATA_LOSS, "the end");
}

#define ANSWER(name) cmocka_unit_test_setup_teardown(name, answer_set_up, answer_tear_down)

#endif
