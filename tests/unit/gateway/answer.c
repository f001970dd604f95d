/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the reading of the translator's Responses, however their bytes come.
 * It must not know any RPC's messages. */
#include "gateway/answers.h"

/* --- well --- */

static void test_a_result_gets_grpcs_prefix(void **state)
{
    (void)state;
    put_result("abc");
    assert_true(take_all());
    assert_true(answer.ended);
    MESSAGES("\0\0\0\0\3abc");
}

static void test_a_result_for_a_later_step_gets_none(void **state)
{
    (void)state;
    begin("Version", false);
    put_result("abc");
    assert_true(take_all());
    assert_true(answer.ended);
    MESSAGES("abc");
}

static void test_an_empty_result_is_one(void **state)
{
    (void)state;
    put_result("");
    assert_true(take_all());
    assert_true(answer.ended);
    MESSAGES("\0\0\0\0\0");
}

static void test_a_long_result_passes(void **state)
{
    const size_t length = 1024 * 1024;
    char *text = arena_alloc(&arena, length);

    (void)state;
    memset(text, 'a', length);
    put_field(method->field, text, length);
    assert_true(take_all());
    assert_true(answer.ended);
    assert_int_equal(messages.length, GRPC_PREFIX + length);
    assert_memory_equal(messages.data, "\0\0\x10\0\0a", GRPC_PREFIX + 1);
}

static void test_a_stream_ends_with_its_outcome(void **state)
{
    (void)state;
    begin("GetContainerEvents", true);
    put_result("a");
    put_result("");
    put_result("ccc");
    assert_true(take_all());
    assert_false(answer.ended);
    bytes.length = 0;
    put_outcome(GRPC_OK, "");
    assert_true(take_all());
    assert_true(answer.ended);
    MESSAGES("\0\0\0\0\1a"
             "\0\0\0\0\0"
             "\0\0\0\0\3ccc");
}

static void test_an_empty_stream_is_one(void **state)
{
    (void)state;
    begin("StreamContainers", true);
    put_outcome(GRPC_OK, "");
    assert_true(take_all());
    assert_true(answer.ended);
    MESSAGES("");
}

static void test_every_rpc_is_read_by_its_own_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < method_count; i++) {
        begin(methods[i].name, true);
        put_result("a");
        assert_true(take_all());
        assert_int_equal(answer.ended, method->stream == NULL);
        MESSAGES("\0\0\0\0\1a");
    }
}

/* --- outcomes --- */

static void test_an_outcome_is_the_error(void **state)
{
    (void)state;
    put_outcome(GRPC_NOT_FOUND, "container \"a\": no such thing");
    assert_false(take_all());
    assert_true(answer.ended);
    MESSAGES("");
    assert_string_equal(err.text, "container \"a\": no such thing");
    expect_error(GRPC_NOT_FOUND, "");
}

static void test_an_outcome_without_a_text_is_an_error_too(void **state)
{
    (void)state;
    put_outcome(GRPC_ABORTED, "");
    assert_false(take_all());
    assert_string_equal(err.text, "");
    expect_error(GRPC_ABORTED, "");
}

static void test_an_outcome_after_messages_is_the_streams_error(void **state)
{
    (void)state;
    begin("StreamContainers", true);
    put_result("a");
    put_outcome(GRPC_UNAVAILABLE, "gone");
    assert_false(take_all());
    assert_true(answer.ended);
    MESSAGES("\0\0\0\0\1a");
    expect_error(GRPC_UNAVAILABLE, "gone");
}

static void test_every_code_comes_through_and_others_are_unknown(void **state)
{
    static const int others[] = { -1, 17, 1000, INT32_MAX, INT32_MIN };

    (void)state;
    for (int code = GRPC_CANCELLED; code <= GRPC_UNAUTHENTICATED; code++) {
        begin("Version", true);
        put_outcome(code, "text");
        assert_false(take_all());
        assert_int_equal(err.code, code);
    }
    for (size_t i = 0; i < COUNT(others); i++) {
        begin("Version", true);
        put_outcome(others[i], "text");
        assert_false(take_all());
        assert_int_equal(err.code, GRPC_UNKNOWN);
    }
}

static void test_an_outcome_that_is_ok_is_no_answer_where_there_is_one_result(void **state)
{
    (void)state;
    put_outcome(GRPC_OK, "");
    assert_false(take_all());
    expect_error(GRPC_INTERNAL, "the translator's answer is not one");
}

static void test_an_outcome_over_its_cap_is_garbage(void **state)
{
    const size_t length = ANSWER_OUTCOME + 1;
    char *text = arena_alloc(&arena, length);

    (void)state;
    put_field(OUTCOME_FIELD, text, length);
    /* Its head is enough: nothing of it is kept. */
    bytes.length = 10;
    assert_false(take_all());
    assert_int_equal(answer.outcome.room, 0);
    expect_error(GRPC_INTERNAL, "the translator's answer is not one");
}

static void test_an_outcome_that_is_no_protobuf_is_garbage(void **state)
{
    (void)state;
    put_field(OUTCOME_FIELD, "\x08", 1);
    assert_false(take_all());
    assert_true(answer.ended);
    expect_error(GRPC_INTERNAL, "the translator's answer is not one");
}

/* --- however the bytes come --- */

static void check_split(const struct buf *wanted, size_t first, size_t second)
{
    const uint8_t *start = (const uint8_t *)bytes.data;

    answer_release(&answer);
    answer_init(&answer, method, true);
    messages.length = 0;
    assert_true(answer_take(&answer, start, first, &messages, &err));
    assert_true(answer_take(&answer, start + first, second - first, &messages, &err));
    assert_int_equal(answer_take(&answer, start + second, bytes.length - second, &messages, &err),
                     false);
    assert_true(answer.ended);
    expect_error(GRPC_DATA_LOSS, "the end");
    expect_messages(wanted->data, wanted->length);
}

static void test_the_bytes_may_be_cut_anywhere(void **state)
{
    struct buf wanted;

    (void)state;
    put_stream();
    assert_false(take_all());
    expect_error(GRPC_DATA_LOSS, "the end");
    buf_init(&wanted, CAP);
    assert_true(buf_append(&wanted, messages.data, messages.length));
    for (size_t first = 0; first < bytes.length; first++)
        for (size_t second = first; second < bytes.length; second++)
            check_split(&wanted, first, second);
    buf_release(&wanted);
}

static void test_the_bytes_may_come_one_by_one(void **state)
{
    (void)state;
    put_stream();
    for (size_t i = 0; i + 1 < bytes.length; i++) {
        assert_true(answer_take(&answer, (const uint8_t *)bytes.data + i, 1, &messages, &err));
        assert_false(answer.ended);
    }
    assert_false(
        answer_take(&answer, (const uint8_t *)bytes.data + bytes.length - 1, 1, &messages, &err));
    assert_true(answer.ended);
}

static void test_what_follows_the_end_is_left(void **state)
{
    (void)state;
    put_result("abc");
    put_result("second");
    assert_true(take_all());
    assert_true(take_all());
    MESSAGES("\0\0\0\0\3abc");
    begin("StreamContainers", true);
    put_outcome(GRPC_OK, "");
    put_result("late");
    assert_true(take_all());
    MESSAGES("");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ANSWER(test_a_result_gets_grpcs_prefix),
        ANSWER(test_a_result_for_a_later_step_gets_none),
        ANSWER(test_an_empty_result_is_one),
        ANSWER(test_a_long_result_passes),
        ANSWER(test_a_stream_ends_with_its_outcome),
        ANSWER(test_an_empty_stream_is_one),
        ANSWER(test_every_rpc_is_read_by_its_own_field),
        ANSWER(test_an_outcome_is_the_error),
        ANSWER(test_an_outcome_without_a_text_is_an_error_too),
        ANSWER(test_an_outcome_after_messages_is_the_streams_error),
        ANSWER(test_every_code_comes_through_and_others_are_unknown),
        ANSWER(test_an_outcome_that_is_ok_is_no_answer_where_there_is_one_result),
        ANSWER(test_an_outcome_over_its_cap_is_garbage),
        ANSWER(test_an_outcome_that_is_no_protobuf_is_garbage),
        ANSWER(test_the_bytes_may_be_cut_anywhere),
        ANSWER(test_the_bytes_may_come_one_by_one),
        ANSWER(test_what_follows_the_end_is_left),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
