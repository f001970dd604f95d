/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the making of log links in a tree of its own.
 * It must not know any RPC. */
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#include "host/loglink.h"

#define DIGITS_16 "0123456789abcdef"
#define ID        DIGITS_16 DIGITS_16 DIGITS_16 DIGITS_16
#define TARGET    "/var/lib/docker/containers/" ID "/" ID "-json.log"

static char root[PATH_MAX];

static const char *at(const char *path)
{
    return arena_printf(&arena, "%s%s", root, path);
}

static int link_set_up(void **state)
{
    set_up(state);
    temp_path(root, "cri-oneshot-test.XXXXXX");
    assert_non_null(mkdtemp(root));
    assert_int_equal(mkdir(at("/logs"), 0755), 0);
    assert_int_equal(mkdir(at("/logs/app"), 0755), 0);
    assert_int_equal(mkdir(at("/elsewhere"), 0755), 0);
    return 0;
}

static int link_tear_down(void **state)
{
    static const char *const names[] = { "/logs/app/0.log", "/logs/0.log",      "/logs/link",
                                         "/logs/app/name",  "/elsewhere/0.log", "/folder" };
    static const char *const folders[] = { "/logs/app/name", "/logs/app", "/logs", "/elsewhere",
                                           "" };

    for (size_t i = 0; i < COUNT(names); i++)
        unlink(at(names[i]));
    for (size_t i = 0; i < COUNT(folders); i++)
        rmdir(at(folders[i]));
    assert_int_not_equal(access(root, F_OK), 0);
    return tear_down(state);
}

static bool make(const char *directory, const char *name)
{
    return loglink_make(root, directory, name, TARGET, &err);
}

static void expect_link(const char *path, const char *target)
{
    char text[1024] = "";

    assert_true(readlink(at(path), text, sizeof(text) - 1) > 0);
    assert_string_equal(text, target);
}

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(at(path), "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_a_link_is_made_and_leads_to_the_target(void **state)
{
    (void)state;
    assert_true(make("/logs", "0.log"));
    expect_link("/logs/0.log", TARGET);
}

static void test_a_link_is_made_in_a_folder_within(void **state)
{
    (void)state;
    assert_true(make("/logs", "app/0.log"));
    expect_link("/logs/app/0.log", TARGET);
    assert_true(make("/logs/", "0.log"));
    expect_link("/logs/0.log", TARGET);
}

static void test_no_link_is_followed_below_the_directory(void **state)
{
    (void)state;
    assert_int_equal(symlink(at("/elsewhere"), at("/logs/link")), 0);
    assert_false(make("/logs", "link/0.log"));
    expect_error(GRPC_FAILED_PRECONDITION, "log path \"/logs/link/0.log\": ");
    assert_int_not_equal(access(at("/elsewhere/0.log"), F_OK), 0);
}

/* /var/log is one on some hosts. */
static void test_the_directory_itself_may_be_reached_by_a_link(void **state)
{
    (void)state;
    assert_int_equal(symlink(at("/elsewhere"), at("/folder")), 0);
    assert_true(make("/folder", "0.log"));
    assert_int_equal(unlink(at("/elsewhere/0.log")), 0);
}

static void test_a_link_of_our_kind_is_replaced(void **state)
{
    (void)state;
    assert_int_equal(symlink("/other" TARGET, at("/logs/0.log")), 0);
    assert_true(make("/logs", "0.log"));
    expect_link("/logs/0.log", TARGET);
    assert_true(make("/logs", "0.log"));
    expect_link("/logs/0.log", TARGET);
}

static void test_another_link_is_kept(void **state)
{
    static const char *const others[] = { "/etc/passwd",
                                          "/a-json.log",
                                          "/c/" ID "/" DIGITS_16 "-json.log",
                                          "/c/" DIGITS_16 "/" ID "-json.log",
                                          "/" ID "-json.log",
                                          ID "/" ID "-json.log",
                                          TARGET ".1",
                                          TARGET "/" };

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(symlink(others[i], at("/logs/0.log")), 0);
        assert_false(make("/logs", "0.log"));
        expect_error(GRPC_FAILED_PRECONDITION, "log path \"/logs/0.log\": File exists");
        expect_link("/logs/0.log", others[i]);
        assert_int_equal(unlink(at("/logs/0.log")), 0);
    }
}

static void test_a_file_is_kept_and_said_to_exist(void **state)
{
    struct stat status = { 0 };

    (void)state;
    write_file("/logs/0.log", "precious");
    assert_false(make("/logs", "0.log"));
    assert_int_equal(lstat(at("/logs/0.log"), &status), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(status.st_size, 8);
    expect_error(GRPC_FAILED_PRECONDITION, "log path \"/logs/0.log\": File exists");
}

static void test_a_folder_is_kept_and_said_to_exist(void **state)
{
    (void)state;
    assert_int_equal(mkdir(at("/logs/app/name"), 0755), 0);
    assert_false(make("/logs", "app/name"));
    assert_int_equal(access(at("/logs/app/name"), F_OK), 0);
    expect_error(GRPC_FAILED_PRECONDITION, "log path \"/logs/app/name\": File exists");
}

static void test_a_folder_that_is_missing_is_told(void **state)
{
    (void)state;
    assert_false(make("/nowhere", "0.log"));
    expect_error(GRPC_FAILED_PRECONDITION,
                 "log path \"/nowhere/0.log\": No such file or directory");
    assert_false(make("/logs", "nowhere/0.log"));
    expect_error(GRPC_FAILED_PRECONDITION, "log path \"/logs/nowhere/0.log\": No such file");
}

static void test_a_file_where_a_folder_should_be_is_told(void **state)
{
    (void)state;
    write_file("/logs/0.log", "");
    assert_false(make("/logs", "0.log/1.log"));
    expect_error(GRPC_FAILED_PRECONDITION, "log path \"/logs/0.log/1.log\": Not a directory");
}

static void test_names_that_are_too_long_are_told(void **state)
{
    const char *part = arena_printf(&arena, "%0300d", 0);
    const char *path = arena_printf(&arena, "/%05000d", 0);

    (void)state;
    assert_false(make("/logs", part));
    expect_error(GRPC_FAILED_PRECONDITION, "File name too long");
    assert_false(make("/logs", arena_printf(&arena, "%s/0.log", part)));
    expect_error(GRPC_FAILED_PRECONDITION, "File name too long");
    assert_false(make(path, "0.log"));
    expect_error(GRPC_FAILED_PRECONDITION, "File name too long");
}

static bool look(const char *directory, const char *name)
{
    return loglink_check(root, directory, name, &err);
}

static void test_what_would_fail_is_told_before_and_nothing_is_changed(void **state)
{
    (void)state;
    assert_true(look("/logs", "0.log"));
    assert_true(look("/logs/", "app/0.log"));
    assert_int_not_equal(access(at("/logs/0.log"), F_OK), 0);
    assert_false(look("/nowhere", "0.log"));
    expect_error(GRPC_FAILED_PRECONDITION,
                 "log path \"/nowhere/0.log\": No such file or directory");
    assert_false(look("/logs", "nowhere/0.log"));
    expect_error(GRPC_FAILED_PRECONDITION, "log path \"/logs/nowhere/0.log\": No such file");
    assert_int_equal(symlink(TARGET, at("/logs/0.log")), 0);
    assert_true(look("/logs", "0.log"));
    expect_link("/logs/0.log", TARGET);
    write_file("/logs/app/0.log", "precious");
    assert_false(look("/logs", "app/0.log"));
    expect_error(GRPC_FAILED_PRECONDITION, "log path \"/logs/app/0.log\": File exists");
}

static bool take_away(const char *path)
{
    return loglink_remove(root, path, TARGET, &err);
}

static void test_only_the_link_to_just_the_target_is_removed(void **state)
{
    static const char *const others[] = { "/other" TARGET, TARGET "/", "/etc/passwd",
                                          "/var/lib/docker/containers/" ID };

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(symlink(others[i], at("/logs/0.log")), 0);
        assert_true(take_away("/logs/0.log"));
        expect_link("/logs/0.log", others[i]);
        assert_int_equal(unlink(at("/logs/0.log")), 0);
    }
    assert_true(make("/logs", "app/0.log"));
    assert_true(take_away("/logs/app/0.log"));
    assert_int_not_equal(access(at("/logs/app/0.log"), F_OK), 0);
    assert_int_equal(access(at("/logs/app"), F_OK), 0);
}

static void test_a_removal_where_nothing_is_ours_is_well(void **state)
{
    (void)state;
    write_file("/logs/0.log", "precious");
    assert_true(take_away("/logs/0.log"));
    assert_int_equal(access(at("/logs/0.log"), F_OK), 0);
    assert_true(take_away("/logs/app"));
    assert_int_equal(access(at("/logs/app"), F_OK), 0);
    assert_true(take_away("/logs/nothing"));
    assert_true(take_away("/nowhere/0.log"));
    assert_true(take_away("/logs/0.log/1.log"));
    assert_true(take_away("no path"));
    assert_true(take_away(""));
}

static void test_a_removal_that_fails_is_told(void **state)
{
    const char *part = arena_printf(&arena, "/%0300d/0.log", 0);

    (void)state;
    assert_false(take_away(part));
    expect_error(GRPC_FAILED_PRECONDITION, "File name too long");
}

static void test_a_containers_log_is_below_dockers_folder(void **state)
{
    (void)state;
    assert_string_equal(loglink_target(&arena, "/var/lib/docker", ID), TARGET);
}

#define LINK(name) cmocka_unit_test_setup_teardown(name, link_set_up, link_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINK(test_a_link_is_made_and_leads_to_the_target),
        LINK(test_a_link_is_made_in_a_folder_within),
        LINK(test_no_link_is_followed_below_the_directory),
        LINK(test_the_directory_itself_may_be_reached_by_a_link),
        LINK(test_a_link_of_our_kind_is_replaced),
        LINK(test_another_link_is_kept),
        LINK(test_a_file_is_kept_and_said_to_exist),
        LINK(test_a_folder_is_kept_and_said_to_exist),
        LINK(test_a_folder_that_is_missing_is_told),
        LINK(test_a_file_where_a_folder_should_be_is_told),
        LINK(test_names_that_are_too_long_are_told),
        LINK(test_what_would_fail_is_told_before_and_nothing_is_changed),
        LINK(test_only_the_link_to_just_the_target_is_removed),
        LINK(test_a_removal_where_nothing_is_ours_is_well),
        LINK(test_a_removal_that_fails_is_told),
        LINK(test_a_containers_log_is_below_dockers_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
