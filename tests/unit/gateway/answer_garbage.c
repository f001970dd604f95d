/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what becomes of a translator's bytes that are no Response.
 * It must not know any RPC's messages. */
#include "gateway/answers.h"

/* Just these bytes are garbage. */
static void expect_garbage(const void *garbage, size_t length)
{
    bytes.length = 0;
    assert_true(buf_append(&bytes, garbage, length));
    assert_false(take_all());
    expect_error(GRPC_INTERNAL, "the translator's answer is not one");
    begin("Version", true);
}

static void test_another_rpcs_field_is_garbage(void **state)
{
    (void)state;
    for (size_t i = 0; i < method_count; i++) {
        begin("Version", true);
        put_field(methods[i].field, "a", 1);
        if (take_all() != (&methods[i] == method))
            fail_msg("%s", methods[i].name);
    }
    begin("Version", true);
    put_field(2, "a", 1); /* no field of a Response */
    assert_false(take_all());
    expect_error(GRPC_INTERNAL, "the translator's answer is not one");
    MESSAGES("");
}

static void test_another_wire_type_is_garbage(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 8; type++) {
        uint8_t response[] = { 3, (uint8_t)(method->field << 3 | type), 1, 'a' };

        if (type != 2)
            expect_garbage(response, sizeof(response));
        response[1] = (uint8_t)(OUTCOME_FIELD << 3 | type);
        if (type != 2)
            expect_garbage(response, sizeof(response));
    }
}

static void test_lengths_that_do_not_fit_are_garbage(void **state)
{
    const uint8_t tag = (uint8_t)(method->field << 3 | 2);
    const uint8_t table[][4] = {
        { 2, tag, 1, 'a' },   /* the field is longer than the frame */
        { 4, tag, 1, 'a' },   /* the frame has more than its field */
        { 0, tag, 1, 'a' },   /* an empty Response says nothing */
        { 1, tag, 1, 'a' },   /* it ends after the tag */
        { 127, tag, 1, 'a' }, /* much more */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        expect_garbage(table[i], sizeof(table[i]));
}

/* A length whose sum with the head's bytes is the frame's only because it overflows. */
static void test_lengths_that_overflow_are_garbage(void **state)
{
    (void)state;
    for (uint64_t wrapped = 0; wrapped < 12; wrapped++) {
        uint64_t tag = (uint64_t)method->field << 3 | 2;
        uint64_t length = UINT64_MAX - 11 + wrapped; /* of ten bytes, after a tag of one */

        bytes.length = 0;
        put_number(wrapped);
        put_number(tag);
        put_number(length);
        expect_garbage(arena_strndup(&arena, bytes.data, bytes.length), bytes.length);
    }
}

/* gRPC's prefix has four bytes for the length. */
static void test_a_result_that_no_prefix_can_hold_is_garbage(void **state)
{
    uint64_t length = (uint64_t)UINT32_MAX + 1;
    uint64_t tag = (uint64_t)method->field << 3 | 2;

    (void)state;
    put_number(size_of(tag) + size_of(length) + length);
    put_number(tag);
    put_number(length);
    assert_false(take_all());
    expect_error(GRPC_INTERNAL, "the translator's answer is not one");
    MESSAGES("");
}

static void test_a_number_that_is_none_is_garbage(void **state)
{
    static const char endless[ANSWER_HEAD] = "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80";
    static const char wide[] = "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f";

    (void)state;
    expect_garbage(endless, 10);
    expect_garbage(endless, sizeof(endless));
    expect_garbage(wide, sizeof(wide) - 1);
    expect_garbage(arena_printf(&arena, "\x03%s", wide), sizeof(wide));
    expect_garbage(arena_printf(&arena, "\x03%c%s", (int)(method->field << 3 | 2), wide),
                   sizeof(wide) + 1);
}

/* The head's numbers may be longer than they need to be, until they do not fit the head. */
static void test_overlong_numbers_are_bounded(void **state)
{
    static const char head[] = "\x80\x80\x80\x80\x80\x80\x80\x80\x00"
                               "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00\x80";

    (void)state;
    assert_int_equal(sizeof(head) - 1, ANSWER_HEAD);
    expect_garbage(head, sizeof(head) - 1);
}

static void test_any_byte_changed_is_taken_or_garbage_and_no_more(void **state)
{
    struct buf kept;

    (void)state;
    put_stream();
    buf_init(&kept, CAP);
    assert_true(buf_append(&kept, bytes.data, bytes.length));
    for (size_t at = 0; at < kept.length; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            begin("StreamContainers", true);
            assert_true(buf_append(&bytes, kept.data, kept.length));
            bytes.data[at] = (char)(bytes.data[at] ^ (1 << bit));
            if (!take_all())
                assert_int_not_equal(err.code, GRPC_OK);
            assert_true(messages.length <= bytes.length + 4 * GRPC_PREFIX);
        }
    buf_release(&kept);
}

static void test_messages_without_room_are_refused(void **state)
{
    (void)state;
    put_result("0123456789");
    for (size_t cap = 0; cap < GRPC_PREFIX + 10; cap++) {
        answer_release(&answer);
        answer_init(&answer, method, true);
        buf_release(&messages);
        buf_init(&messages, cap);
        assert_false(take_all());
        expect_error(GRPC_RESOURCE_EXHAUSTED, "the answer is too long");
        assert_true(messages.length <= cap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ANSWER(test_another_rpcs_field_is_garbage),
        ANSWER(test_another_wire_type_is_garbage),
        ANSWER(test_lengths_that_do_not_fit_are_garbage),
        ANSWER(test_lengths_that_overflow_are_garbage),
        ANSWER(test_a_result_that_no_prefix_can_hold_is_garbage),
        ANSWER(test_a_number_that_is_none_is_garbage),
        ANSWER(test_overlong_numbers_are_bounded),
        ANSWER(test_any_byte_changed_is_taken_or_garbage_and_no_more),
        ANSWER(test_messages_without_room_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
