/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what keeps bytes: arena, buf, strv and list.
 * It must not know what they are used for. */
#include <stdalign.h>

#include "test.h"

#include "base/buf.h"
#include "base/list.h"
#include "base/strv.h"

enum { CAP = 1024 * 1024 };

static struct arena small;
static jmp_buf jumped;

static void jump_out(void *context)
{
    (*(int *)context)++;
    longjmp(jumped, 1);
}

static int exhaustions;

static int small_set_up(void **state)
{
    exhaustions = 0;
    arena_init(&small, CAP, jump_out, &exhaustions);
    return set_up(state);
}

static int small_tear_down(void **state)
{
    arena_release(&small);
    return tear_down(state);
}

static void test_memory_is_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    for (size_t size = 0; size < 300; size++) {
        unsigned char *memory = arena_alloc(&small, size);

        assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(memory[i], 0);
            memory[i] = 0xff;
        }
    }
}

static void test_memory_is_zeroed_again_after_a_reset(void **state)
{
    (void)state;
    memset(arena_alloc(&small, 1000), 0xff, 1000);
    arena_reset(&small);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(((unsigned char *)arena_alloc(&small, 1))[0], 0);
}

static void test_the_exhausted_callback_may_jump_out(void **state)
{
    volatile size_t taken = 0;

    (void)state;
    if (setjmp(jumped) == 0)
        for (;;) {
            arena_alloc(&small, 1000);
            taken = taken + 1000;
        }
    assert_int_equal(exhaustions, 1);
    assert_true(taken > CAP / 2 && taken <= CAP);
    assert_true(small.total <= small.cap);
}

static void test_a_single_allocation_beyond_the_cap_exhausts(void **state)
{
    static const size_t sizes[] = { CAP + 1, SIZE_MAX / 2, SIZE_MAX - 20, SIZE_MAX };

    (void)state;
    for (volatile size_t i = 0; i < COUNT(sizes); i++) {
        if (setjmp(jumped) == 0) {
            arena_alloc(&small, sizes[i]);
            fail_msg("%zu bytes were given", sizes[i]);
        }
        assert_int_equal(exhaustions, i + 1);
    }
    assert_non_null(arena_alloc(&small, CAP / 2));
}

static void test_a_product_that_overflows_exhausts(void **state)
{
    (void)state;
    if (setjmp(jumped) == 0) {
        arena_array(&small, SIZE_MAX / 8 + 2, 8);
        fail_msg("an overflowed product was given");
    }
    assert_int_equal(exhaustions, 1);
    assert_non_null(arena_array(&small, 0, 8));
    assert_non_null(arena_array(&small, 100, 100));
}

static void test_trying_gives_null_beyond_the_cap_and_calls_nobody(void **state)
{
    (void)state;
    assert_null(arena_try_alloc(&small, CAP + 1));
    assert_null(arena_try_alloc(&small, SIZE_MAX));
    assert_non_null(arena_try_alloc(&small, 1));
    assert_int_equal(exhaustions, 0);
}

static void test_a_reset_gives_the_cap_back_each_time(void **state)
{
    (void)state;
    if (setjmp(jumped) != 0)
        fail_msg("a reset arena is exhausted");
    for (int round = 0; round < 100; round++) {
        arena_alloc(&small, 10);
        arena_alloc(&small, CAP / 2);
        arena_alloc(&small, 10);
        arena_reset(&small);
    }
    assert_true(small.total <= small.cap);
}

static void test_a_released_arena_can_be_used_again(void **state)
{
    (void)state;
    arena_alloc(&small, 100);
    arena_release(&small);
    assert_int_equal(small.total, 0);
    assert_non_null(arena_alloc(&small, 100));
}

static void test_texts_are_copied_and_printed(void **state)
{
    char text[] = "copied";
    const char *whole = arena_strdup(&small, text);
    const char *part = arena_strndup(&small, text, 4);

    (void)state;
    text[0] = 'X';
    assert_string_equal(whole, "copied");
    assert_string_equal(part, "copi");
    assert_string_equal(arena_strndup(&small, "", 0), "");
    assert_string_equal(arena_strndup(&small, NULL, 0), "");
    assert_string_equal(arena_printf(&small, "%s-%d", "a", 5), "a-5");
    assert_int_equal(strlen(arena_printf(&small, "%*s", 100000, "x")), 100000);
}

/* --- buf --- */

static void test_a_buffer_grows_to_its_cap_and_not_beyond(void **state)
{
    char chunk[1000];
    struct buf buf;

    (void)state;
    memset(chunk, 'a', sizeof(chunk));
    buf_init(&buf, 10 * sizeof(chunk));
    for (int i = 0; i < 10; i++)
        assert_true(buf_append(&buf, chunk, sizeof(chunk)));
    assert_int_equal(buf.length, buf.cap);
    assert_int_equal(buf.data[buf.length], '\0');
    assert_false(buf_append(&buf, chunk, 1));
    assert_false(buf_putc(&buf, 'a'));
    assert_true(buf_append(&buf, chunk, 0));
    assert_true(buf_append(&buf, NULL, 0));
    assert_int_equal(buf.length, buf.cap);
    buf_release(&buf);
}

static void test_what_is_too_much_changes_nothing(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 5);
    assert_true(buf_puts(&buf, "abc"));
    assert_false(buf_puts(&buf, "def"));
    assert_false(buf_reserve(&buf, SIZE_MAX));
    assert_string_equal(buf.data, "abc");
    assert_true(buf_puts(&buf, "de"));
    assert_string_equal(buf.data, "abcde");
    buf_release(&buf);
}

static void test_reserved_room_holds_the_bytes_and_a_nul(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 1024 * 1024);
    for (size_t size = 4090; size < 4100; size++) {
        assert_true(buf_reserve(&buf, size));
        memset(buf.data + buf.length, 'b', size);
        buf.length += size;
        buf.data[buf.length] = '\0';
    }
    buf_release(&buf);
}

static void test_a_released_buffer_can_be_used_again(void **state)
{
    struct buf buf;

    (void)state;
    buf_init(&buf, 100);
    assert_true(buf_puts(&buf, "one"));
    buf_release(&buf);
    assert_null(buf.data);
    assert_int_equal(buf.length, 0);
    assert_true(buf_puts(&buf, "two"));
    assert_string_equal(buf.data, "two");
    buf_release(&buf);
    buf_release(&buf);
}

/* --- strv and list --- */

static void test_words_end_with_null_at_every_length(void **state)
{
    struct strv words;
    char word[] = "0";

    (void)state;
    strv_init(&words, &arena);
    assert_int_equal(words.count, 0);
    for (size_t i = 0; i < 100; i++) {
        word[0] = (char)('0' + i % 10);
        strv_push(&words, word);
        assert_int_equal(words.count, i + 1);
        assert_null(words.words[words.count]);
    }
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(words.words[i][0], '0' + i % 10);
}

static void test_words_are_printed_popped_and_taken_over(void **state)
{
    char one[] = "one";
    char two[] = "--two";
    char *list[] = { one, two };
    struct strv words;

    (void)state;
    strv_init(&words, &arena);
    strv_pushf(&words, "--%s=%d", "flag", 7);
    strv_push_all(&words, list, COUNT(list));
    strv_push_all(&words, NULL, 0);
    strv_push(&words, "last");
    strv_pop(&words);
    assert_int_equal(words.count, 3);
    assert_string_equal(words.words[0], "--flag=7");
    assert_string_equal(words.words[1], "one");
    assert_string_equal(words.words[2], "--two");
    assert_null(words.words[3]);
    strv_push(&words, "");
    assert_string_equal(words.words[3], "");
    assert_null(words.words[4]);
}

static void test_a_list_keeps_its_items_in_order_and_gives_them_away(void **state)
{
    int items[50];
    struct list list;
    size_t count = 1;
    int **given = NULL;

    (void)state;
    list_init(&list, &arena);
    list_give(&list, &count, &given);
    assert_int_equal(count, 0);
    for (size_t i = 0; i < COUNT(items); i++)
        list_push(&list, &items[i]);
    list_give(&list, &count, &given);
    assert_int_equal(count, COUNT(items));
    for (size_t i = 0; i < COUNT(items); i++)
        assert_ptr_equal(given[i], &items[i]);
}

#define SMALL(name) cmocka_unit_test_setup_teardown(name, small_set_up, small_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SMALL(test_memory_is_zeroed_aligned_and_apart),
        SMALL(test_memory_is_zeroed_again_after_a_reset),
        SMALL(test_the_exhausted_callback_may_jump_out),
        SMALL(test_a_single_allocation_beyond_the_cap_exhausts),
        SMALL(test_a_product_that_overflows_exhausts),
        SMALL(test_trying_gives_null_beyond_the_cap_and_calls_nobody),
        SMALL(test_a_reset_gives_the_cap_back_each_time),
        SMALL(test_a_released_arena_can_be_used_again),
        SMALL(test_texts_are_copied_and_printed),
        TEST(test_a_buffer_grows_to_its_cap_and_not_beyond),
        TEST(test_what_is_too_much_changes_nothing),
        TEST(test_reserved_room_holds_the_bytes_and_a_nul),
        TEST(test_a_released_buffer_can_be_used_again),
        TEST(test_words_end_with_null_at_every_length),
        TEST(test_words_are_printed_popped_and_taken_over),
        TEST(test_a_list_keeps_its_items_in_order_and_gives_them_away),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
