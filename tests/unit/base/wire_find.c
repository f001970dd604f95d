/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the finding of one field in a message's bytes, and the writing of varints.
 * It must not know any message of the CRI. */
#include "test.h"

#include "base/wire.h"

#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

enum { FIELD = 1 };

static void expect_found(const uint8_t *message, size_t length, const char *wanted)
{
    const uint8_t *bytes = NULL;
    size_t size = SIZE_MAX;

    assert_true(wire_find(message, length, FIELD, &bytes, &size));
    assert_int_equal(size, strlen(wanted));
    assert_non_null(bytes);
    assert_memory_equal(bytes, wanted, size);
}

static void expect_garbage(const uint8_t *message, size_t length)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;

    assert_false(wire_find(message, length, FIELD, &bytes, &size));
}

static void test_a_field_is_found_among_others(void **state)
{
    (void)state;
    expect_found(BYTES("\x0a\x03"
                       "abc"),
                 "abc");
    expect_found(BYTES("\x12\x01z\x0a\x03"
                       "abc\x18\x05"),
                 "abc");
    expect_found(BYTES("\xf8\x07\xff\x01\xf9\x07"
                       "12345678"
                       "\xfd\x07"
                       "1234"
                       "\x0a\x01"
                       "a"),
                 "a");
}

static void test_the_last_occurrence_counts(void **state)
{
    (void)state;
    expect_found(BYTES("\x0a\x03"
                       "abc\x0a\x01"
                       "d"),
                 "d");
    expect_found(BYTES("\x0a\x03"
                       "abc\x12\x01z\x0a\x00"),
                 "");
}

static void test_a_field_that_is_not_there_is_empty(void **state)
{
    (void)state;
    expect_found(BYTES(""), "");
    expect_found(BYTES("\x12\x03"
                       "abc"),
                 "");
    expect_found(BYTES("\x0a\x00"), "");
}

/* A message of no bytes need not be anywhere. */
static void test_nothing_is_found_in_nothing(void **state)
{
    const uint8_t *bytes = NULL;
    size_t size = SIZE_MAX;

    (void)state;
    assert_true(wire_find(NULL, 0, FIELD, &bytes, &size));
    assert_int_equal(size, 0);
}

static void test_the_field_within_another_is_not_meant(void **state)
{
    (void)state;
    expect_found(BYTES("\x12\x05\x0a\x03"
                       "abc"),
                 "");
    expect_found(BYTES("\x0a\x05\x0a\x03"
                       "abc"),
                 "\x0a\x03"
                 "abc");
}

static void test_the_field_of_another_wire_type_is_told(void **state)
{
    (void)state;
    expect_garbage(BYTES("\x08\x05"));
    expect_garbage(BYTES("\x09"
                         "12345678"));
    expect_garbage(BYTES("\x0d"
                         "1234"));
    expect_garbage(BYTES("\x0a\x01"
                         "a\x08\x05"));
}

static void test_a_large_field_number_is_no_small_one(void **state)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;

    (void)state;
    /* 2^29 - 1, the largest there is. */
    assert_true(wire_find(BYTES("\xfa\xff\xff\xff\x0f\x01"
                                "a"),
                          0x1fffffff, &bytes, &size));
    assert_int_equal(size, 1);
    expect_found(BYTES("\xfa\xff\xff\xff\x0f\x01"
                       "a"),
                 "");
    /* Field 1 and bit 32: no tag. */
    expect_garbage(BYTES("\x8a\x80\x80\x80\x10\x01"
                         "a"));
}

static void test_what_is_no_protobuf_is_told(void **state)
{
    (void)state;
    expect_garbage(BYTES("\x0a"));
    expect_garbage(BYTES("\x0a\x02"
                         "a"));
    expect_garbage(BYTES("\x0a\x80"));
    expect_garbage(BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                         "a"));
    expect_garbage(BYTES("\x0a\x81\x80\x80\x80\x80\x00"
                         "a"));
    expect_garbage(BYTES("\x02\x01"
                         "a"));        /* field 0 */
    expect_garbage(BYTES("\x0b\x0c")); /* a group */
    expect_garbage(BYTES("\x0e"));     /* no wire type */
    expect_garbage(BYTES("\x0f"));
    expect_garbage(BYTES("\x08"));
    expect_garbage(BYTES("\x09"
                         "1234567"));
    expect_garbage(BYTES("\x0d"
                         "123"));
    expect_garbage(BYTES("\x0a\x01"
                         "a\x80")); /* also after it was found */
    expect_garbage(BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80"));
}

/* What is found lies within the message, whatever its bytes are. */
static void test_any_bytes_are_searched_within_their_bounds(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 200000; round++) {
        uint8_t *message = NULL;
        const uint8_t *bytes = NULL;
        size_t length = 0;
        size_t size = 0;

        random = random * 1664525 + 1013904223;
        length = random >> 16 & 15;
        message = malloc(length + 1); /* of its own, for the sanitizer to guard */
        assert_non_null(message);
        for (size_t i = 0; i < length; i++) {
            random = random * 1664525 + 1013904223;
            message[i] = (uint8_t)(random >> 24 & (random >> 16 & 1 ? 0x0f : 0xff));
        }
        if (wire_find(message, length, FIELD, &bytes, &size) && size > 0)
            assert_true(bytes > message && size < length &&
                        (size_t)(bytes - message) + size <= length);
        free(message);
    }
}

static void test_a_varint_is_written_as_it_is_read(void **state)
{
    static const uint64_t values[] = {
        0, 1, 127, 128, 16383, 16384, (uint64_t)1 << 32, (uint64_t)1 << 63, UINT64_MAX
    };

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        uint8_t bytes[WIRE_VARINT_BYTES];
        size_t length = wire_put_varint(bytes, values[i]);
        uint64_t back = 0;

        assert_in_range(length, 1, WIRE_VARINT_BYTES);
        assert_int_equal(wire_varint(bytes, length, &back), length);
        assert_true(back == values[i]);
        /* As short as can be: the last byte says something. */
        assert_true(length == 1 || bytes[length - 1] != 0);
    }
}

static void test_varints_have_their_lengths(void **state)
{
    uint8_t bytes[WIRE_VARINT_BYTES];

    (void)state;
    for (unsigned bits = 0; bits < 64; bits++)
        assert_int_equal(wire_put_varint(bytes, (uint64_t)1 << bits), bits / 7 + 1);
    assert_int_equal(wire_put_varint(bytes, 300), 2);
    assert_memory_equal(bytes, "\xac\x02", 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_field_is_found_among_others),
        TEST(test_the_last_occurrence_counts),
        TEST(test_a_field_that_is_not_there_is_empty),
        TEST(test_nothing_is_found_in_nothing),
        TEST(test_the_field_within_another_is_not_meant),
        TEST(test_the_field_of_another_wire_type_is_told),
        TEST(test_a_large_field_number_is_no_small_one),
        TEST(test_what_is_no_protobuf_is_told),
        TEST(test_any_bytes_are_searched_within_their_bounds),
        TEST(test_a_varint_is_written_as_it_is_read),
        TEST(test_varints_have_their_lengths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
