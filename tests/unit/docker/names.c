/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what is asked of words in a request: ids, paths, image references, names.
 * It must not know which command they are for. */
#include "test.h"

#include "base/path.h"
#include "docker/id.h"
#include "docker/name.h"
#include "docker/reference.h"

#define DIGITS_16 "0123456789abcdef"
#define DIGITS_64 DIGITS_16 DIGITS_16 DIGITS_16 DIGITS_16

/* --- ids --- */

static void test_an_id_is_12_to_64_digits(void **state)
{
    static const char *const no[] = { "",
                                      "0123456789a",
                                      DIGITS_64 "0",
                                      "0123456789AB",
                                      "0123456789ag",
                                      "0123456789ab ",
                                      " 0123456789ab",
                                      "0123456789ab\n",
                                      "--help",
                                      "-123456789abc",
                                      "k8s_POD_a_b_c_0",
                                      "sha256:" DIGITS_64 };

    (void)state;
    assert_true(id_valid("0123456789ab"));
    assert_true(id_valid("0123456789abc"));
    assert_true(id_valid(DIGITS_64));
    for (size_t i = 0; i < COUNT(no); i++)
        assert_false(id_valid(no[i]));
}

static void test_a_full_id_has_64_digits_and_a_prefix_any(void **state)
{
    (void)state;
    assert_true(id_full(DIGITS_64));
    assert_false(id_full(DIGITS_64 "0"));
    assert_false(id_full(&(DIGITS_64)[1]));
    assert_true(id_prefix("a"));
    assert_true(id_prefix(DIGITS_64));
    assert_false(id_prefix(""));
    assert_false(id_prefix("x"));
    assert_false(id_prefix(DIGITS_64 "0"));
}

static void test_an_images_id_is_written_with_its_algorithm(void **state)
{
    (void)state;
    assert_true(id_of_image("sha256:" DIGITS_64));
    assert_false(id_of_image(DIGITS_64));
    assert_false(id_of_image("sha256:" DIGITS_16));
    assert_false(id_of_image("sha512:" DIGITS_64));
    assert_false(id_of_image("SHA256:" DIGITS_64));
}

/* --- paths --- */

static void test_a_path_that_is_not_absolute_is_refused_by_its_field(void **state)
{
    static const char *const no[] = { "", "a", "./a", "../a", "unconfined", "~/a", " /a" };

    (void)state;
    assert_true(path_check_absolute("host_path", "/a", &err));
    assert_true(path_check_absolute("host_path", "/", &err));
    for (size_t i = 0; i < COUNT(no); i++) {
        assert_false(path_check_absolute("host_path", no[i], &err));
        expect_error(GRPC_INVALID_ARGUMENT, "host_path \"");
    }
}

static void test_a_path_beneath_has_no_part_that_leads_elsewhere(void **state)
{
    static const char *const yes[] = { "a",   "a/b",  "a/b/c.log", "...", "a/...", "..a",
                                       "a..", ".log", "a/.b",      "-",   " " };
    static const char *const no[] = { "",    "/",    "/a",    "a/",     "a//b", ".",     "..",
                                      "./a", "../a", "a/./b", "a/../b", "a/..", "a/b/.", "//" };

    (void)state;
    for (size_t i = 0; i < COUNT(yes); i++)
        if (!path_is_beneath(yes[i]))
            fail_msg("\"%s\" is beneath", yes[i]);
    for (size_t i = 0; i < COUNT(no); i++)
        if (path_is_beneath(no[i]))
            fail_msg("\"%s\" is not beneath", no[i]);
}

/* --- references --- */

static void test_what_docker_must_never_see_as_an_image_is_refused(void **state)
{
    static const char *const no[] = { "",     "-",    "--help", "a b",    " a",
                                      "a\tb", "a\nb", "a\x7f",  "a\x01b", "a\r" };
    static const char *const yes[] = { "a",  "a:b", "host:5000/a/b@sha256:c", "A", "\xc3\xa4",
                                       "a-", "$(a)" };

    (void)state;
    for (size_t i = 0; i < COUNT(no); i++) {
        assert_false(reference_check(no[i], &err));
        expect_error(GRPC_INVALID_ARGUMENT, "image");
    }
    for (size_t i = 0; i < COUNT(yes); i++)
        assert_true(reference_check(yes[i], &err));
}

static void test_an_image_is_named_by_its_id_or_not(void **state)
{
    (void)state;
    assert_true(reference_is_id("sha256:" DIGITS_64));
    assert_true(reference_is_id(DIGITS_64));
    assert_true(reference_is_id("0123456789ab"));
    assert_false(reference_is_id("busybox"));
    assert_false(reference_is_id("abc"));
    assert_false(reference_is_id("busybox@sha256:" DIGITS_64));
}

static void test_references_come_apart(void **state)
{
    static const struct {
        const char *reference;
        const char *registry;
        const char *repository;
    } table[] = {
        { "busybox", "docker.io", "busybox" },
        { "busybox:1.36", "docker.io", "busybox" },
        { "user/app:v1", "docker.io", "user/app" },
        { "docker.io/library/busybox", "docker.io", "docker.io/library/busybox" },
        { "localhost/app", "localhost", "localhost/app" },
        { "localhost:5000/app:v1", "localhost:5000", "localhost:5000/app" },
        { "localhostx/app", "docker.io", "localhostx/app" },
        { "host:5000/app", "host:5000", "host:5000/app" },
        { "registry.k8s.io/pause:3.9", "registry.k8s.io", "registry.k8s.io/pause" },
        { "127.0.0.1:5000/a/b/c:t@sha256:d", "127.0.0.1:5000", "127.0.0.1:5000/a/b/c" },
        { "a@sha256:d", "docker.io", "a" },
        { "[::1]:5000/a:t", "[::1]:5000", "[::1]:5000/a" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_string_equal(reference_registry(&arena, table[i].reference), table[i].registry);
        assert_string_equal(reference_repository(&arena, table[i].reference), table[i].repository);
    }
}

static void test_references_are_the_same_once_defaults_are_written_out(void **state)
{
    static const char *const same[][2] = {
        { "busybox", "busybox:latest" },
        { "busybox", "docker.io/library/busybox" },
        { "busybox:1", "index.docker.io/library/busybox:1" },
        { "user/app", "docker.io/user/app:latest" },
        { "h:5/a", "h:5/a:latest" },
        { "a@sha256:d", "library/a@sha256:d" },
    };
    static const char *const different[][2] = {
        { "busybox", "busybox:1" },         { "busybox", "user/busybox" },
        { "busybox", "localhost/busybox" }, { "h:5/a", "h:6/a" },
        { "h/a", "docker.io/a" },           { "a@sha256:d", "a:latest" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(same); i++)
        assert_true(reference_same(&arena, same[i][0], same[i][1]));
    for (size_t i = 0; i < COUNT(different); i++)
        assert_false(reference_same(&arena, different[i][0], different[i][1]));
}

/* --- names --- */

static const struct name good = { "app", "pod-1.x", "kube-system", "0f-1", 4294967295 };

static void test_a_name_is_printed_as_dockershim_does_and_read_back(void **state)
{
    struct name name;
    const char *text = name_print(&arena, &good);

    (void)state;
    assert_string_equal(text, "k8s_app_pod-1.x_kube-system_0f-1_4294967295");
    assert_true(name_read(&arena, text, &name));
    assert_string_equal(name.container, "app");
    assert_string_equal(name.pod, "pod-1.x");
    assert_string_equal(name.namespace, "kube-system");
    assert_string_equal(name.uid, "0f-1");
    assert_int_equal(name.attempt, 4294967295);
}

static void test_the_seventh_part_of_cri_dockerd_is_passed_over(void **state)
{
    struct name name;

    (void)state;
    assert_true(name_read(&arena, "k8s_POD_pod_ns_uid_2_8f3a", &name));
    assert_string_equal(name.container, NAME_SANDBOX);
    assert_string_equal(name.uid, "uid");
    assert_int_equal(name.attempt, 2);
}

static void test_other_names_are_not_read(void **state)
{
    static const char *const no[] = { "",
                                      "k8s",
                                      "web",
                                      "k8s_a_b_c_d",
                                      "k8s_a_b_c_d_",
                                      "k8s_a_b_c_d_x",
                                      "k8s_a_b_c_d_1x",
                                      "k8s_a_b_c_d_4294967296",
                                      "k8s_a_b_c_d_99999999999999999999999",
                                      "k8s_a_b_c_d_-1",
                                      "k8s_a_b_c_d_1_2_3",
                                      "k8s_a_b_c_d_1_2_",
                                      "/k8s_a_b_c_d_1",
                                      "K8S_a_b_c_d_1" };
    struct name name;

    (void)state;
    for (size_t i = 0; i < COUNT(no); i++)
        if (name_read(&arena, no[i], &name))
            fail_msg("\"%s\" is read", no[i]);
}

static void test_parts_that_cannot_be_in_a_name_are_refused_by_their_field(void **state)
{
    static const char *const no[] = { "", "a_b", "a b", "a/b", "a:b", "\xc3\xa4", "a\n", "$" };

    (void)state;
    assert_true(name_check(&good, &err));
    for (size_t i = 0; i < COUNT(no); i++) {
        struct name name = good;

        name.container = no[i];
        assert_false(name_check(&name, &err));
        expect_error(GRPC_INVALID_ARGUMENT, "metadata.name");
        name = good;
        name.pod = no[i];
        assert_false(name_check(&name, &err));
        expect_error(GRPC_INVALID_ARGUMENT, "sandbox metadata.name");
        name = good;
        name.namespace = no[i];
        assert_false(name_check(&name, &err));
        expect_error(GRPC_INVALID_ARGUMENT, "sandbox metadata.namespace");
        name = good;
        name.uid = no[i];
        assert_false(name_check(&name, &err));
        expect_error(GRPC_INVALID_ARGUMENT, "sandbox metadata.uid");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_an_id_is_12_to_64_digits),
        TEST(test_a_full_id_has_64_digits_and_a_prefix_any),
        TEST(test_an_images_id_is_written_with_its_algorithm),
        TEST(test_a_path_that_is_not_absolute_is_refused_by_its_field),
        TEST(test_a_path_beneath_has_no_part_that_leads_elsewhere),
        TEST(test_what_docker_must_never_see_as_an_image_is_refused),
        TEST(test_an_image_is_named_by_its_id_or_not),
        TEST(test_references_come_apart),
        TEST(test_references_are_the_same_once_defaults_are_written_out),
        TEST(test_a_name_is_printed_as_dockershim_does_and_read_back),
        TEST(test_the_seventh_part_of_cri_dockerd_is_passed_over),
        TEST(test_other_names_are_not_read),
        TEST(test_parts_that_cannot_be_in_a_name_are_refused_by_their_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
