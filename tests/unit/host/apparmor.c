/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the look at the AppArmor profiles that the kernel has.
 * It must not know any RPC. */
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

#include "host/apparmor.h"

static char root[PATH_MAX];

static const char *folders[] = { "/sys", "/sys/kernel", "/sys/kernel/security",
                                 "/sys/kernel/security/apparmor" };

static const char *below(const char *path)
{
    return arena_printf(&arena, "%s%s", root, path);
}

static int list_set_up(void **state)
{
    set_up(state);
    temp_path(root, "cri-oneshot-test.XXXXXX");
    assert_non_null(mkdtemp(root));
    for (size_t i = 0; i < COUNT(folders); i++)
        assert_int_equal(mkdir(below(folders[i]), 0755), 0);
    return 0;
}

static int list_tear_down(void **state)
{
    unlink(below("/sys/kernel/security/apparmor/profiles"));
    for (size_t i = COUNT(folders); i > 0; i--)
        rmdir(below(folders[i - 1]));
    assert_int_equal(rmdir(root), 0);
    return tear_down(state);
}

static void write_list(const char *text)
{
    FILE *file = fopen(below("/sys/kernel/security/apparmor/profiles"), "w");

    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static void test_a_profile_that_is_loaded_passes(void **state)
{
    static const char *const loaded[] = { "docker-default", "app", "/usr/bin/man", "man_filter",
                                          "lsb_release//helper" };

    (void)state;
    write_list("/usr/bin/man (enforce)\nman_filter (complain)\napp (unconfined)\n"
               "lsb_release//helper (kill)\ndocker-default (enforce)\n");
    for (size_t i = 0; i < COUNT(loaded); i++)
        assert_true(apparmor_check(&arena, root, loaded[i], &err));
}

static void test_one_that_is_not_is_told(void **state)
{
    static const char *const others[] = {
        "docker", "default", "ap", "app2", "helper", "enforce", "app (unconfined)", "(enforce)"
    };

    (void)state;
    write_list("docker-default (enforce)\napp (unconfined)\nlsb_release//helper (kill)\n");
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_false(apparmor_check(&arena, root, others[i], &err));
        expect_error(GRPC_FAILED_PRECONDITION, "\" is not loaded");
    }
    write_list("");
    assert_false(apparmor_check(&arena, root, "app", &err));
    expect_error(GRPC_FAILED_PRECONDITION, "the AppArmor profile \"app\" is not loaded");
}

static void test_what_cannot_be_told_passes(void **state)
{
    (void)state;
    assert_true(apparmor_check(&arena, root, "app", &err));
    write_list("docker-default (enforce)\n");
    assert_true(apparmor_check(&arena, root, "", &err));
    assert_true(apparmor_check(&arena, root, ":ns:app", &err));
    assert_true(apparmor_check(&arena, root, "docker-default//&app", &err));
}

#define LISTED(name) cmocka_unit_test_setup_teardown(name, list_set_up, list_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LISTED(test_a_profile_that_is_loaded_passes),
        LISTED(test_one_that_is_not_is_told),
        LISTED(test_what_cannot_be_told_passes),
    };

    return cmocka_run_group_tests_name("host/apparmor", tests, NULL, NULL);
}
