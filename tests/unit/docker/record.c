/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the record of a pod or container in docker's labels, both ways.
 * It must not know any docker command. */
#include "test.h"

#include "base/document.h"
#include "base/utf8.h"
#include "docker/record.h"

enum { KIB = 1024, ARGUMENT_MAX = 128 * KIB };

static char image_name[] = "busybox:1";
static char image_ref[] = "sha256:abc";
static CRI(ImageSpec) image;

static int record_set_up(void **state)
{
    set_up(state);
    doc_use(&arena);
    image = (CRI(ImageSpec))CRI_INIT(IMAGE_SPEC);
    image.image = image_name;
    image.image_ref = image_ref;
    return 0;
}

static struct record container_record(struct pair *labels, size_t label_count,
                                      struct pair *annotations, size_t annotation_count)
{
    return (struct record){
        .name = { "app", "pod", "ns", "uid", 3 },
        .pod_attempt = 2,
        .sandbox_id = "0123",
        .labels = { labels, label_count },
        .annotations = { annotations, annotation_count },
        .image = &image,
        .log_path = "/var/log/pods/x/app_3.log",
    };
}

/* The labels as docker keeps them: the last of a key wins. */
static struct pairs labels_of(const struct strv *argv)
{
    struct pairs labels = { arena_array(&arena, argv->count, sizeof(struct pair)), 0 };

    for (size_t i = 0; i < argv->count; i++) {
        const char *word = argv->words[i];
        size_t length = 0;

        assert_true(strlen(word) < ARGUMENT_MAX);
        assert_int_equal(strncmp(word, "--label=", 8), 0);
        word += 8;
        length = strcspn(word, "=");
        assert_int_equal(word[length], '=');
        labels.items[labels.count++] =
            (struct pair){ arena_strndup(&arena, word, length), word + length + 1 };
    }
    return labels;
}

static struct pairs written(const struct record *record)
{
    struct strv argv;

    strv_init(&argv, &arena);
    assert_true(record_push_labels(record, &argv, &err));
    return labels_of(&argv);
}

static bool read_labels(const struct pairs *labels, const char *name, struct record *record)
{
    const char *id = pairs_get(labels, LABEL_SANDBOX_ID);
    const char *pieces[RECORD_PIECES];

    record_pieces(&arena, labels, pieces);
    return record_read(&arena, pieces, labels, name, id == NULL ? "" : id, record);
}

static struct record there_and_back(const struct record *record)
{
    const struct pairs labels = written(record);
    struct record back;

    assert_true(read_labels(&labels, name_print(&arena, &record->name), &back));
    return back;
}

static void expect_pairs(const struct pairs *seen, const struct pairs *wanted)
{
    assert_int_equal(seen->count, wanted->count);
    for (size_t i = 0; i < wanted->count; i++) {
        const char *value = pairs_get(seen, wanted->items[i].key);

        if (value == NULL || strcmp(value, wanted->items[i].value) != 0)
            fail_msg("\"%s\"", wanted->items[i].key);
    }
}

static void expect_record(const struct record *record)
{
    struct record back = there_and_back(record);

    assert_int_equal(back.sandbox, record->sandbox);
    assert_string_equal(back.name.container, record->name.container);
    assert_string_equal(back.name.pod, record->name.pod);
    assert_string_equal(back.name.namespace, record->name.namespace);
    assert_string_equal(back.name.uid, record->name.uid);
    assert_int_equal(back.name.attempt, record->name.attempt);
    assert_int_equal(back.pod_attempt, record->pod_attempt);
    expect_pairs(&back.labels, &record->labels);
    expect_pairs(&back.annotations, &record->annotations);
    assert_int_equal(back.pid_mode, record->pid_mode);
}

/* --- ours --- */

static void test_a_container_comes_back_whole(void **state)
{
    struct pair labels[] = { { "a", "b" }, { "io.kubernetes.container.name", "app" } };
    struct pair annotations[] = { { "note", "text, with \"all\" = of\nit \xc3\xa4" } };
    struct record record = container_record(labels, 2, annotations, 1);
    struct record back = there_and_back(&record);

    (void)state;
    expect_record(&record);
    assert_string_equal(back.sandbox_id, "0123");
    assert_string_equal(back.log_path, "/var/log/pods/x/app_3.log");
    assert_string_equal(back.image->image, "busybox:1");
    assert_string_equal(back.image->image_ref, "sha256:abc");
    assert_string_equal(back.image->user_specified_image, "");
}

static void test_a_sandbox_comes_back_whole(void **state)
{
    struct record record = {
        .sandbox = true,
        .name = { NAME_SANDBOX, "pod", "ns", "uid", 4 },
        .pod_attempt = 4,
        .log_directory = "/var/log/pods/x",
        .cgroup_parent = "/kubepods",
        .pid_mode = CRI_ENUM(NAMESPACE_MODE, NODE),
    };
    struct record back = there_and_back(&record);

    (void)state;
    expect_record(&record);
    assert_string_equal(back.log_directory, "/var/log/pods/x");
    assert_string_equal(back.cgroup_parent, "/kubepods");
    assert_null(back.image);
}

static void test_docker_sees_the_labels_of_cri_dockerd(void **state)
{
    struct pair labels[] = { { "a", "b" } };
    struct pair annotations[] = { { "note", "n" } };
    struct record record = container_record(labels, 1, annotations, 1);
    struct pairs seen = written(&record);

    (void)state;
    assert_string_equal(pairs_get(&seen, "a"), "b");
    assert_string_equal(pairs_get(&seen, "annotation.note"), "n");
    assert_string_equal(pairs_get(&seen, "io.kubernetes.docker.type"), "container");
    assert_string_equal(pairs_get(&seen, "io.kubernetes.sandbox.id"), "0123");
    assert_string_equal(pairs_get(&seen, "io.kubernetes.container.logpath"),
                        "/var/log/pods/x/app_3.log");
    record.sandbox = true;
    seen = written(&record);
    assert_string_equal(pairs_get(&seen, "io.kubernetes.docker.type"), "podsandbox");
    assert_string_equal(pairs_get(&seen, "io.kubernetes.container.name"), "POD");
}

static void test_keys_that_docker_cannot_hold_are_in_the_json_alone(void **state)
{
    struct pair odd[] = { { "", "empty" },      { "a=b", "equals" },
                          { "a b", "blank" },   { "a\tb", "tab" },
                          { "=", "=" },         { "good", "" },
                          { "new\nline", "x" }, { "\xc3\xa4", "\xe2\x82\xac" } };
    struct record record = container_record(odd, COUNT(odd), odd, COUNT(odd));
    struct pairs seen = written(&record);

    (void)state;
    expect_record(&record);
    for (size_t i = 0; i < seen.count; i++) {
        assert_true(*seen.items[i].key != '\0');
        assert_null(strpbrk(seen.items[i].key, " \t"));
        assert_string_not_equal(seen.items[i].key, "a");
        assert_string_not_equal(seen.items[i].key, "annotation.a");
    }
    assert_string_equal(pairs_get(&seen, "good"), "");
}

static void test_a_clients_label_is_never_taken_for_ours(void **state)
{
    struct pair forged[] = {
        { LABEL_TYPE, LABEL_TYPE_SANDBOX }, { LABEL_SANDBOX_ID, "forged" },
        { LABEL_LOG_PATH, "/forged" },      { LABEL_RECORD, "{\"pod\":{\"name\":\"forged\"}}" },
        { LABEL_RECORD ".1", "forged" },    { LABEL_RECORD ".7", "forged" },
        { "annotation.forged", "x" }
    };
    struct record record = container_record(forged, COUNT(forged), NULL, 0);
    struct pairs seen = written(&record);

    (void)state;
    expect_record(&record);
    assert_string_equal(pairs_get(&seen, LABEL_TYPE), LABEL_TYPE_CONTAINER);
    assert_string_equal(pairs_get(&seen, LABEL_SANDBOX_ID), "0123");
}

/* docker run and create add an image's labels to those of the command. */
static void test_an_images_label_is_never_taken_for_ours(void **state)
{
    struct pair items[100] = { { LABEL_RECORD ".1", "garbage" }, { LABEL_RECORD ".2", "}" } };
    struct record record = container_record(NULL, 0, NULL, 0);
    const struct pairs seen = written(&record);
    struct pairs labels = { items, 2 };
    struct record back;

    (void)state;
    for (size_t i = 0; i < seen.count; i++)
        items[labels.count++] = seen.items[i];
    assert_true(read_labels(&labels, "k8s_app_pod_ns_uid_3", &back));
    assert_int_equal(back.pod_attempt, 2);
    assert_string_equal(back.image->image, "busybox:1");
}

static void test_the_record_of_another_name_is_not_believed(void **state)
{
    struct pair annotations[] = { { "forged", "yes" } };
    struct record record = container_record(NULL, 0, annotations, 1);
    const struct pairs labels = written(&record);
    struct record back;

    (void)state;
    assert_true(read_labels(&labels, "k8s_app_other_ns_uid_3", &back));
    assert_string_equal(back.name.pod, "other");
    assert_null(back.image);
    assert_false(read_labels(&labels, "web", &back));
}

static char *long_text(size_t length)
{
    char *text = arena_alloc(&arena, length + 1);

    for (size_t i = 0; i + 3 <= length; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    return text;
}

static void test_an_annotation_of_200_kib_goes_on_in_pieces_cut_between_characters(void **state)
{
    struct pair annotations[] = { { "long", "" }, { "short", "s" } };
    struct record record = container_record(NULL, 0, annotations, 2);

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        struct pairs seen;
        size_t pieces = 0;

        annotations[0].value =
            arena_printf(&arena, "%.*s%s", (int)shift, "abc", long_text((size_t)200 * KIB));
        seen = written(&record);
        for (size_t i = 0; i < seen.count; i++)
            if (strncmp(seen.items[i].key, LABEL_RECORD, strlen(LABEL_RECORD)) == 0) {
                assert_true(utf8_valid(seen.items[i].value, strlen(seen.items[i].value)));
                pieces += *seen.items[i].value != '\0';
            }
        assert_int_equal(pieces, 2);
        assert_null(pairs_get(&seen, "annotation.long"));
        assert_string_equal(pairs_get(&seen, "annotation.short"), "s");
        expect_record(&record);
    }
}

static void test_what_fills_all_pieces_comes_back_and_more_is_refused(void **state)
{
    struct pair annotations[] = { { "long", long_text((size_t)RECORD_PIECES * LABEL_MAX - 1000) } };
    struct record record = container_record(NULL, 0, annotations, 1);
    struct strv argv;

    (void)state;
    expect_record(&record);
    annotations[0].value = long_text((size_t)RECORD_PIECES * LABEL_MAX);
    strv_init(&argv, &arena);
    assert_false(record_push_labels(&record, &argv, &err));
    expect_error(GRPC_RESOURCE_EXHAUSTED, "labels and annotations: ");
}

/* --- cri-dockerd's, without our JSON --- */

static void test_a_container_of_cri_dockerd_is_read_from_its_labels_and_name(void **state)
{
    struct pair items[] = { { LABEL_TYPE, LABEL_TYPE_CONTAINER },
                            { LABEL_SANDBOX_ID, "abc" },
                            { LABEL_LOG_PATH, "/log" },
                            { LABEL_CONTAINER_NAME, "app" },
                            { "io.kubernetes.pod.name", "pod" },
                            { "user", "label" },
                            { "annotation.io.kubernetes.container.hash", "f00" } };
    const struct pairs labels = { items, COUNT(items) };
    struct record record;

    (void)state;
    assert_true(read_labels(&labels, "k8s_app_pod_ns_uid_5", &record));
    assert_false(record.sandbox);
    assert_string_equal(record.name.container, "app");
    assert_string_equal(record.name.namespace, "ns");
    assert_int_equal(record.name.attempt, 5);
    assert_int_equal(record.pod_attempt, 0);
    assert_string_equal(record.sandbox_id, "abc");
    assert_string_equal(record.log_path, "/log");
    assert_int_equal(record.labels.count, 3);
    assert_string_equal(pairs_get(&record.labels, LABEL_CONTAINER_NAME), "app");
    assert_null(pairs_get(&record.labels, LABEL_TYPE));
    assert_int_equal(record.annotations.count, 1);
    assert_string_equal(pairs_get(&record.annotations, "io.kubernetes.container.hash"), "f00");
    assert_null(record.image);
}

static void test_a_sandbox_of_cri_dockerd_hides_its_container_name(void **state)
{
    struct pair items[] = { { LABEL_TYPE, LABEL_TYPE_SANDBOX },
                            { LABEL_CONTAINER_NAME, "POD" },
                            { "app", "web" } };
    const struct pairs labels = { items, COUNT(items) };
    struct record record;

    (void)state;
    assert_true(read_labels(&labels, "k8s_POD_pod_ns_uid_6", &record));
    assert_true(record.sandbox);
    assert_int_equal(record.name.attempt, 6);
    assert_int_equal(record.pod_attempt, 6);
    assert_int_equal(record.labels.count, 1);
    assert_string_equal(pairs_get(&record.labels, "app"), "web");
}

/* A person's container of an image that was made from one of ours. */
static void test_a_container_of_another_name_is_not_the_cris(void **state)
{
    struct pair items[] = { { LABEL_TYPE, LABEL_TYPE_CONTAINER }, { LABEL_CONTAINER_NAME, "app" } };
    const struct pairs labels = { items, COUNT(items) };
    struct record record;

    (void)state;
    assert_false(read_labels(&labels, "web", &record));
    assert_false(read_labels(&labels, "", &record));
}

static void test_json_that_is_none_is_passed_over(void **state)
{
    static const char *const no[] = { "", "{", "[]", "5", "null", "\"text\"", "{}", "garbage" };
    struct record record;

    (void)state;
    for (size_t i = 0; i < COUNT(no); i++) {
        struct pair items[] = { { LABEL_RECORD, no[i] } };
        const struct pairs labels = { items, 1 };

        assert_true(read_labels(&labels, "k8s_POD_pod_ns_uid_6", &record));
        assert_string_equal(record.name.pod, "pod");
        assert_int_equal(record.name.attempt, 6);
    }
}

static void test_of_dockers_names_its_own_has_no_further_slash(void **state)
{
    (void)state;
    assert_string_equal(record_own_name(&arena, "/name"), "name");
    assert_string_equal(record_own_name(&arena, "name"), "name");
    assert_string_equal(record_own_name(&arena, "other/alias,name"), "name");
    assert_string_equal(record_own_name(&arena, "name,other/alias"), "name");
    assert_string_equal(record_own_name(&arena, "other/alias"), "");
    assert_string_equal(record_own_name(&arena, ""), "");
}

#define RECORD(name) cmocka_unit_test_setup_teardown(name, record_set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        RECORD(test_a_container_comes_back_whole),
        RECORD(test_a_sandbox_comes_back_whole),
        RECORD(test_docker_sees_the_labels_of_cri_dockerd),
        RECORD(test_keys_that_docker_cannot_hold_are_in_the_json_alone),
        RECORD(test_a_clients_label_is_never_taken_for_ours),
        RECORD(test_an_images_label_is_never_taken_for_ours),
        RECORD(test_the_record_of_another_name_is_not_believed),
        RECORD(test_an_annotation_of_200_kib_goes_on_in_pieces_cut_between_characters),
        RECORD(test_what_fills_all_pieces_comes_back_and_more_is_refused),
        RECORD(test_a_container_of_cri_dockerd_is_read_from_its_labels_and_name),
        RECORD(test_a_sandbox_of_cri_dockerd_hides_its_container_name),
        RECORD(test_a_container_of_another_name_is_not_the_cris),
        RECORD(test_json_that_is_none_is_passed_over),
        RECORD(test_of_dockers_names_its_own_has_no_further_slash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
