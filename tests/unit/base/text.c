/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests UTF-8 at the edges of RFC 3629, and the errors whose text must be it.
 * It must not know where errors come from. */
#include "test.h"

#include "base/utf8.h"

struct sequence {
    const char *bytes;
    size_t length; /* of the character; 0: none */
};

static void test_characters_are_valid_up_to_the_edges_of_rfc_3629(void **state)
{
    static const struct sequence table[] = {
        { "\x01", 1 },
        { "\x7f", 1 },
        { "\x80", 0 },             /* a continuation alone */
        { "\xbf", 0 },             /* and the last of them */
        { "\xc0\x80", 0 },         /* overlong NUL */
        { "\xc1\xbf", 0 },         /* overlong U+007F */
        { "\xc2\x80", 2 },         /* U+0080 */
        { "\xdf\xbf", 2 },         /* U+07FF */
        { "\xc2\x7f", 0 },         /* not continued */
        { "\xc2\xc0", 0 },         /* not continued */
        { "\xe0\x9f\xbf", 0 },     /* overlong U+07FF */
        { "\xe0\xa0\x80", 3 },     /* U+0800 */
        { "\xec\xbf\xbf", 3 },     /* U+CFFF */
        { "\xed\x9f\xbf", 3 },     /* U+D7FF */
        { "\xed\xa0\x80", 0 },     /* surrogate U+D800 */
        { "\xed\xbf\xbf", 0 },     /* surrogate U+DFFF */
        { "\xee\x80\x80", 3 },     /* U+E000 */
        { "\xef\xbf\xbf", 3 },     /* U+FFFF */
        { "\xef\xbf\x7f", 0 },     /* third byte not continued */
        { "\xf0\x8f\xbf\xbf", 0 }, /* overlong U+FFFF */
        { "\xf0\x90\x80\x80", 4 }, /* U+10000 */
        { "\xf3\xbf\xbf\xbf", 4 }, /* U+FFFFF */
        { "\xf4\x8f\xbf\xbf", 4 }, /* U+10FFFF */
        { "\xf4\x90\x80\x80", 0 }, /* U+110000 */
        { "\xf5\x80\x80\x80", 0 },
        { "\xf0\x90\x80\xc0", 0 }, /* fourth byte not continued */
        { "\xf8\x88\x80\x80\x80", 0 },
        { "\xfe", 0 },
        { "\xff", 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        size_t length = strlen(table[i].bytes);

        if (utf8_length(table[i].bytes, length) != table[i].length)
            fail_msg("row %zu: %zu", i, utf8_length(table[i].bytes, length));
        assert_int_equal(utf8_valid(table[i].bytes, length), table[i].length == length);
    }
}

static void test_a_character_that_is_cut_off_is_none(void **state)
{
    static const char *const characters[] = { "\xc2\x80", "\xe0\xa0\x80", "\xf0\x90\x80\x80" };

    (void)state;
    assert_int_equal(utf8_length("a", 0), 0);
    assert_true(utf8_valid("", 0));
    for (size_t i = 0; i < COUNT(characters); i++)
        for (size_t left = 1; left < strlen(characters[i]); left++) {
            /* On the heap, so that reading beyond it is seen. */
            char *part = malloc(left);

            memcpy(part, characters[i], left);
            assert_int_equal(utf8_length(part, left), 0);
            assert_false(utf8_valid(part, left));
            free(part);
        }
}

static void test_a_nul_is_a_character(void **state)
{
    (void)state;
    assert_true(utf8_valid("a\0b", 3));
}

static void test_a_cut_never_parts_a_character(void **state)
{
    static const char text[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z"; /* 1 2 3 4 1 bytes */
    static const size_t wanted[] = { 0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10, 11 };

    (void)state;
    for (size_t limit = 0; limit < COUNT(wanted); limit++)
        assert_int_equal(utf8_cut(text, strlen(text), limit), wanted[limit]);
    assert_int_equal(utf8_cut(text, strlen(text), 1000), strlen(text));
    assert_int_equal(utf8_cut("", 0, 0), 0);
}

static void test_cleaning_replaces_each_byte_that_is_no_part_of_a_character(void **state)
{
    char text[] = "a\x80\xc3\xa4\xed\xa0\x80z\xc3";

    (void)state;
    utf8_clean(text);
    assert_string_equal(text, "a?\xc3\xa4???z?");
    text[0] = '\0';
    utf8_clean(text);
    assert_string_equal(text, "");
}

/* --- err --- */

static void test_the_first_error_wins(void **state)
{
    (void)state;
    assert_false(err_set(&err, GRPC_NOT_FOUND, "no %s", "first"));
    assert_false(err_set(&err, GRPC_INTERNAL, "second"));
    assert_int_equal(err.code, GRPC_NOT_FOUND);
    assert_string_equal(err.text, "no first");
}

static void test_a_wrap_adds_a_prefix_and_keeps_the_code(void **state)
{
    (void)state;
    err_set(&err, GRPC_NOT_FOUND, "gone");
    assert_false(err_wrap(&err, "container %d", 5));
    assert_int_equal(err.code, GRPC_NOT_FOUND);
    assert_string_equal(err.text, "container 5: gone");
    err_wrap(&err, "start");
    assert_string_equal(err.text, "start: container 5: gone");
}

static void test_a_text_is_cut_between_characters(void **state)
{
    static char text[3 * sizeof(err.text)];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        memset(text, 'a', shift);
        for (size_t i = 0; i < sizeof(err.text); i++)
            memcpy(text + shift + 2 * i, "\xc3\xa4", 2);
        text[shift + 2 * sizeof(err.text)] = '\0';
        err = (struct err){ .code = GRPC_OK };
        err_set(&err, GRPC_INTERNAL, "%s", text);
        assert_true(strlen(err.text) >= sizeof(err.text) - 2);
        assert_true(utf8_valid(err.text, strlen(err.text)));
        assert_null(strchr(err.text, '?'));
        assert_memory_equal(err.text, text, strlen(err.text));
    }
}

static void test_a_wrapped_text_is_cut_between_characters_at_every_length_of_prefix(void **state)
{
    static char long_text[sizeof(err.text)];
    static char prefix[sizeof(err.text) + 10];

    (void)state;
    for (size_t i = 0; i + 3 < sizeof(long_text); i += 3)
        memcpy(long_text + i, "\xe2\x82\xac", 3);
    for (size_t length = 0; length < sizeof(prefix); length++) {
        memset(prefix, 'p', length);
        prefix[length] = '\0';
        err = (struct err){ .code = GRPC_OK };
        err_set(&err, GRPC_NOT_FOUND, "%s", long_text);
        err_wrap(&err, "%s", prefix);
        assert_int_equal(err.code, GRPC_NOT_FOUND);
        assert_true(strlen(err.text) < sizeof(err.text));
        assert_true(utf8_valid(err.text, strlen(err.text)));
        assert_null(strchr(err.text, '?'));
    }
}

static void test_text_that_is_not_utf8_is_made_so(void **state)
{
    (void)state;
    err_set(&err, GRPC_UNKNOWN, "docker said %s", "\xff\xfe b\xc3\xa4r \xc3");
    assert_string_equal(err.text, "docker said ?? b\xc3\xa4r ?");
}

static void test_codes_have_the_names_of_grpc(void **state)
{
    (void)state;
    assert_string_equal(grpc_code_name(GRPC_OK), "OK");
    assert_string_equal(grpc_code_name(GRPC_NOT_FOUND), "NOT_FOUND");
    assert_string_equal(grpc_code_name(GRPC_UNAUTHENTICATED), "UNAUTHENTICATED");
    assert_string_equal(grpc_code_name((enum grpc_code)17), "UNKNOWN");
    assert_string_equal(grpc_code_name((enum grpc_code)(-1)), "UNKNOWN");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_characters_are_valid_up_to_the_edges_of_rfc_3629),
        TEST(test_a_character_that_is_cut_off_is_none),
        TEST(test_a_nul_is_a_character),
        TEST(test_a_cut_never_parts_a_character),
        TEST(test_cleaning_replaces_each_byte_that_is_no_part_of_a_character),
        TEST(test_the_first_error_wins),
        TEST(test_a_wrap_adds_a_prefix_and_keeps_the_code),
        TEST(test_a_text_is_cut_between_characters),
        TEST(test_a_wrapped_text_is_cut_between_characters_at_every_length_of_prefix),
        TEST(test_text_that_is_not_utf8_is_made_so),
        TEST(test_codes_have_the_names_of_grpc),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
