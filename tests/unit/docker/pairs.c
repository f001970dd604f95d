/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests maps of strings, and the JSON that they come from and become.
 * It must not know what the keys mean. */
#include "test.h"

#include "base/cri.h"
#include "base/document.h"
#include "docker/pairs.h"

static int pairs_set_up(void **state)
{
    set_up(state);
    doc_use(&arena);
    return 0;
}

static const json_t *read_text(const char *text)
{
    return doc_read(text, strlen(text), &err);
}

static void test_a_map_becomes_pairs_and_a_map_again(void **state)
{
    struct pair items[] = { { "a", "1" }, { "", "empty" }, { "b", "" } };
    const struct pairs pairs = { items, COUNT(items) };
    CRI(PodSandboxConfig) config = CRI_INIT(POD_SANDBOX_CONFIG);
    struct pairs back;

    (void)state;
    pairs_to_map(&arena, &pairs, CRI_DESCRIPTOR(pod_sandbox_config__labels_entry), &config.n_labels,
                 &config.labels);
    assert_int_equal(config.n_labels, 3);
    assert_string_equal(config.labels[0]->key, "a");
    back = pairs_of_map(&arena, config.n_labels, config.labels);
    assert_int_equal(back.count, 3);
    for (size_t i = 0; i < back.count; i++) {
        assert_string_equal(back.items[i].key, items[i].key);
        assert_string_equal(back.items[i].value, items[i].value);
    }
    assert_int_equal(pairs_of_map(&arena, 0, NULL).count, 0);
}

static void test_members_that_are_no_strings_are_left_out(void **state)
{
    struct pairs pairs =
        pairs_of_json(&arena, read_text("{\"a\": \"1\", \"b\": 2, \"c\": null, \"d\": \"\"}"));

    (void)state;
    assert_int_equal(pairs.count, 2);
    assert_string_equal(pairs_get(&pairs, "a"), "1");
    assert_string_equal(pairs_get(&pairs, "d"), "");
    assert_null(pairs_get(&pairs, "b"));
    assert_int_equal(pairs_of_json(&arena, NULL).count, 0);
    assert_int_equal(pairs_of_json(&arena, read_text("[1]")).count, 0);
}

static void test_of_equal_keys_the_last_one_counts(void **state)
{
    struct pair items[] = { { "a", "first" }, { "b", "x" }, { "a", "last" } };
    const struct pairs pairs = { items, COUNT(items) };

    (void)state;
    assert_string_equal(pairs_get(&pairs, "a"), "last");
    assert_null(pairs_get(&pairs, "c"));
    assert_string_equal(doc_text(pairs_to_json(&pairs), "a"), "last");
}

static void test_pairs_include_others_by_key_and_value(void **state)
{
    struct pair items[] = { { "a", "1" }, { "b", "2" } };
    struct pair one[] = { { "b", "2" } };
    struct pair other[] = { { "b", "3" } };
    struct pair missing[] = { { "c", "" } };
    const struct pairs pairs = { items, 2 };

    (void)state;
    assert_true(pairs_include(&pairs, &(struct pairs){ NULL, 0 }));
    assert_true(pairs_include(&pairs, &(struct pairs){ one, 1 }));
    assert_true(pairs_include(&pairs, &pairs));
    assert_false(pairs_include(&pairs, &(struct pairs){ other, 1 }));
    assert_false(pairs_include(&pairs, &(struct pairs){ missing, 1 }));
}

/* --- JSON --- */

static void test_values_are_found_by_their_path_and_are_empty_where_they_are_not(void **state)
{
    const json_t *json =
        read_text("{\"a\": {\"b\": \"text\", \"n\": 9007199254740993, \"t\": true, "
                  "\"l\": [\"x\", 5]}}");

    (void)state;
    assert_string_equal(doc_text(json, "a.b"), "text");
    assert_string_equal(doc_text(json, "a.n"), "");
    assert_string_equal(doc_text(json, "a.x.y"), "");
    assert_string_equal(doc_text(json, "a.b.c"), "");
    assert_int_equal(doc_number(json, "a.n"), 9007199254740993);
    assert_int_equal(doc_number(json, "a.b"), 0);
    assert_true(doc_flag(json, "a.t"));
    assert_false(doc_flag(json, "a.b"));
    assert_string_equal(doc_text_at(doc_path(json, "a.l"), 0), "x");
    assert_string_equal(doc_text_at(doc_path(json, "a.l"), 1), "");
    assert_string_equal(doc_text_at(doc_path(json, "a.l"), 2), "");
    assert_string_equal(doc_text_at(NULL, 0), "");
    assert_ptr_equal(doc_path(json, ""), json);
    assert_null(doc_path(json, arena_printf(&arena, "%0500d", 1)));
}

static void test_what_is_no_json_is_an_internal_error(void **state)
{
    static const char *const no[] = {
        "", "{", "{\"a\": }", "a", "{} {}", "\"\xff\"", "\"\\ud800\""
    };

    (void)state;
    for (size_t i = 0; i < COUNT(no); i++) {
        assert_null(read_text(no[i]));
        expect_error(GRPC_INTERNAL, "docker's output is not the JSON");
    }
}

static void test_json_is_written_on_one_line_and_read_back(void **state)
{
    static const char text[] = "{\"a\":[1,\"\xc3\xa4\\n\\\"\"],\"b\":{}}";

    (void)state;
    assert_string_equal(doc_compact(&arena, read_text(text)), text);
}

#define PAIRS(name) cmocka_unit_test_setup_teardown(name, pairs_set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        PAIRS(test_a_map_becomes_pairs_and_a_map_again),
        PAIRS(test_members_that_are_no_strings_are_left_out),
        PAIRS(test_of_equal_keys_the_last_one_counts),
        PAIRS(test_pairs_include_others_by_key_and_value),
        PAIRS(test_values_are_found_by_their_path_and_are_empty_where_they_are_not),
        PAIRS(test_what_is_no_json_is_an_internal_error),
        PAIRS(test_json_is_written_on_one_line_and_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
