/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what is kept of a long text.
 * It must not know what is looked for in it. */
#include "test.h"

#include "docker/brief.h"

enum { LONG = 100000 };

static char text[LONG + 1];

static const char *brief(size_t *length)
{
    const char *kept = NULL;

    *length = strlen(text);
    kept = brief_text(&arena, text, length);
    assert_int_equal(strlen(kept), *length);
    assert_in_range(*length, 0, 2 * BRIEF_HALF + 8);
    return kept;
}

static void fill_text(char byte)
{
    memset(text, byte, LONG);
    text[LONG] = '\0';
}

static void test_a_short_text_stays(void **state)
{
    size_t length = 0;

    (void)state;
    fill_text('a');
    text[2 * BRIEF_HALF] = '\0';
    assert_ptr_equal(brief(&length), text);
}

static void test_whole_lines_of_both_ends_are_kept(void **state)
{
    size_t length = 0;
    const char *kept = NULL;

    (void)state;
    for (size_t i = 0; i < LONG; i += 10)
        memcpy(text + i, "line here\n", 10);
    memcpy(text, "the first\n", 10);
    memcpy(text + LONG - 10, "the last.\n", 10);
    kept = brief(&length);
    assert_memory_equal(kept, "the first\nline here\n", 20);
    assert_non_null(strstr(kept, "line here\n\n … \nline here\n"));
    assert_string_equal(kept + length - 20, "line here\nthe last.\n");
}

static void test_of_one_line_whole_words_are(void **state)
{
    size_t length = 0;

    (void)state;
    fill_text('a');
    memcpy(text, "begins: ", 8);
    memcpy(text + LONG - 6, " ended", 6);
    assert_string_equal(brief(&length), "begins: \n … \nended");
}

static void test_a_word_without_an_end_is_not(void **state)
{
    size_t length = 0;

    (void)state;
    fill_text('a');
    assert_string_equal(brief(&length), "\n … \n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_short_text_stays),
        TEST(test_whole_lines_of_both_ends_are_kept),
        TEST(test_of_one_line_whole_words_are),
        TEST(test_a_word_without_an_end_is_not),
    };

    return cmocka_run_group_tests_name("docker/brief", tests, NULL, NULL);
}
