/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests which labels are not the CRI's: an image's, and our own of an attempt.
 * It must not know any docker command. */

#include "test.h"

#include "base/document.h"
#include "docker/record.h"

#define NAME "k8s_app_pod_ns_uid_0"

static const char json[] = "{\"pod\":{\"name\":\"pod\",\"namespace\":\"ns\",\"uid\":\"uid\"},"
                           "\"container\":{\"name\":\"app\"},\"sandbox\":\"0123\","
                           "\"labels\":{\"forged\":\"yes\"},\"log_path\":\"/etc/forged\"}";

static int foreign_set_up(void **state)
{
    int failed = set_up(state);

    doc_use(&arena);
    return failed;
}

static void read_with(const char *record, const char *sandbox_id, struct record *back)
{
    struct pair items[] = { { LABEL_RECORD, record },
                            { LABEL_SANDBOX_ID, sandbox_id },
                            { "app", "own" },
                            { LABEL_ATTEMPT, "0123456789abcdef" } };
    const struct pairs labels = { .items = items, .count = COUNT(items) };
    const char *pieces[RECORD_PIECES];

    record_pieces(&arena, &labels, pieces);
    assert_true(record_read(&arena, pieces, &labels, NAME, sandbox_id, back));
    assert_string_equal(back->sandbox_id, sandbox_id);
}

/* As an image may have it that was made before the sandbox was. */
static void test_the_record_of_another_sandbox_is_not_believed(void **state)
{
    struct record back;

    (void)state;
    read_with(json, "0123", &back);
    assert_true(back.exact);
    assert_string_equal(pairs_get(&back.labels, "forged"), "yes");
    read_with(json, "4567", &back);
    assert_false(back.exact);
    assert_null(pairs_get(&back.labels, "forged"));
    assert_string_equal(pairs_get(&back.labels, "app"), "own");
    assert_string_equal(back.log_path, "");
}

static void test_what_is_no_record_leaves_the_other_labels(void **state)
{
    struct record back;

    (void)state;
    read_with("x", "4567", &back);
    assert_int_equal(back.labels.count, 1);
    assert_string_equal(pairs_get(&back.labels, "app"), "own");
}

static void test_an_attempt_is_a_label_that_docker_filters_by(void **state)
{
    const struct record record = { .sandbox = true,
                                   .name = { "POD", "pod", "ns", "uid", 0 },
                                   .attempt = "0123456789abcdef" };
    struct strv argv;
    size_t found = 0;

    (void)state;
    strv_init(&argv, &arena);
    assert_true(record_push_labels(&record, &argv, &err));
    for (size_t i = 0; i < argv.count; i++)
        found += strcmp(argv.words[i], "--label=cri-oneshot.v1.attempt=0123456789abcdef") == 0;
    assert_int_equal(found, 1);
    assert_true(record_label_is_plain("cri-oneshot.v1.attempt", "0123456789abcdef"));
    assert_false(record_label_is_plain("cri-oneshot.v1", "x"));
}

#define FOREIGN(name) cmocka_unit_test_setup_teardown(name, foreign_set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOREIGN(test_the_record_of_another_sandbox_is_not_believed),
        FOREIGN(test_what_is_no_record_leaves_the_other_labels),
        FOREIGN(test_an_attempt_is_a_label_that_docker_filters_by),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
