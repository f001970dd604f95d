/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks how cgroups and their processes are found.
 * It must not know docker. */
#include "tree.h"

#include "host/cgroup.h"

#define MEMORY "sys/fs/cgroup/memory/"
#define WEB    "5b5bac913b831fa3ce9417c658e208bd3b404eb03804a94876acb5c923286256"
#define OTHER  "f7bcb2d3514dda26a6d87292681fe6ba0f990347d95e074dfeac63d049821c47"

static struct cgroups cgroups;
static struct usage usage;

static bool find(const char *id)
{
    cgroups_open(&cgroups, &arena, tree);
    return cgroups_find(&cgroups, id) != NULL;
}

static void test_no_cgroups_at_all(void **state)
{
    (void)state;
    assert_false(find(WEB));
    assert_false(usage_read(&cgroups, "docker/" WEB, &usage));
    assert_int_equal(cgroup_first_pid(&cgroups, "docker/" WEB), 0);
    tree_folder("sys/fs/cgroup/freezer/docker/" WEB);
    assert_false(find(WEB));
}

static void test_an_id_is_exactly_64_digits(void **state)
{
    (void)state;
    tree_folder(MEMORY "docker/" WEB "a");
    tree_folder(MEMORY "docker/5B5BAC913b831fa3ce9417c658e208bd3b404eb03804a94876acb5c923286256");
    tree_put(MEMORY "docker/x/" OTHER, "a file");
    assert_false(find(WEB));
    assert_false(find(OTHER));
    assert_false(find(""));
    assert_int_equal(cgroups.containers.count, 0);
    tree_folder(MEMORY "docker/docker-" WEB ".scope/init.scope");
    assert_true(find(WEB));
    assert_false(find("5b5bac913b83"));
    assert_false(find(WEB "a"));
}

static void test_links_are_not_followed(void **state)
{
    (void)state;
    tree_folder("elsewhere/" WEB);
    tree_folder(MEMORY "docker");
    assert_int_equal(symlink(tree_path("elsewhere"), tree_path(MEMORY "docker/link")), 0);
    assert_int_equal(symlink("..", tree_path(MEMORY "docker/loop")), 0);
    assert_int_equal(symlink(tree_path("elsewhere"), tree_path(MEMORY "docker/" OTHER)), 0);
    assert_false(find(WEB));
    assert_false(find(OTHER));
}

static void test_the_walk_ends_at_a_depth(void **state)
{
    (void)state;
    tree_folder(MEMORY "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/" WEB);
    tree_folder(MEMORY "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/" OTHER);
    assert_true(find(WEB));
    assert_false(find(OTHER));
}

static void test_of_two_with_one_id_the_upper_counts(void **state)
{
    (void)state;
    tree_folder(MEMORY "a/" OTHER "/docker/" WEB);
    tree_folder(MEMORY "z/" WEB);
    assert_true(find(WEB));
    assert_string_equal(cgroups_find(&cgroups, WEB), "z/" WEB);
    assert_string_equal(cgroups_find(&cgroups, OTHER), "a/" OTHER);
}

static void test_thousands_are_found(void **state)
{
    enum { COUNT = 3000 };

    (void)state;
    for (unsigned i = 0; i < COUNT; i++)
        tree_folder(arena_printf(&arena, MEMORY "docker/%032x%032x", i * 2654435761U, i));
    cgroups_open(&cgroups, &arena, tree);
    assert_int_equal(cgroups.containers.count, COUNT);
    for (unsigned i = 0; i < COUNT; i++) {
        const char *id = arena_printf(&arena, "%032x%032x", i * 2654435761U, i);

        assert_string_equal(cgroups_find(&cgroups, id), arena_printf(&arena, "docker/%s", id));
    }
    assert_null(cgroups_find(&cgroups, WEB));
}

static void test_a_cgroup_that_is_gone_has_no_usage(void **state)
{
    (void)state;
    tree_put(MEMORY "docker/" WEB "/memory.usage_in_bytes", "1\n");
    assert_true(find(WEB));
    assert_true(usage_read(&cgroups, "docker/" WEB, &usage));
    assert_false(usage_read(&cgroups, "docker/" OTHER, &usage));
    assert_int_equal(usage.cpu_ns, USAGE_UNKNOWN);
    tree_put("sys/fs/cgroup/cgroup.controllers", "memory\n");
    cgroups_open(&cgroups, &arena, tree);
    assert_false(usage_read(&cgroups, "docker/" OTHER, &usage));
    assert_false(usage.io_known || usage.cpu_psi.known);
}

static void test_a_path_does_not_leave_the_controller(void **state)
{
    (void)state;
    tree_put(MEMORY "docker/" WEB "/memory.usage_in_bytes", "1\n");
    tree_put(MEMORY "memory.usage_in_bytes", "1\n");
    assert_true(find(WEB));
    assert_true(usage_read(&cgroups, "/docker/" WEB, &usage));
    assert_false(usage_read(&cgroups, "../memory/docker/" WEB, &usage));
    assert_false(usage_read(&cgroups, "docker/../docker/" WEB, &usage));
    assert_false(usage_read(&cgroups, "docker/..", &usage));
}

static void test_what_is_above_and_below(void **state)
{
    (void)state;
    assert_string_equal(cgroup_above(&arena, "a/docker/" WEB), "a/docker");
    assert_null(cgroup_above(&arena, "docker"));
    assert_null(cgroup_above(&arena, "/docker"));
    assert_null(cgroup_above(&arena, ""));
    assert_true(cgroup_is_below("a/b/c", "a/b"));
    assert_false(cgroup_is_below("a/b", "a/b"));
    assert_false(cgroup_is_below("a/bc", "a/b"));
    assert_false(cgroup_is_below("x/a/b", "a"));
}

static void test_containers_are_counted_below_and_not_within_each_other(void **state)
{
    (void)state;
    tree_folder(MEMORY "a/docker-" WEB ".scope/docker/" OTHER);
    tree_folder(MEMORY "a/b/" OTHER);
    tree_folder(MEMORY "ab/" WEB);
    cgroups_open(&cgroups, &arena, tree);
    assert_int_equal(cgroup_container_count(&cgroups, "a"), 2);
    assert_int_equal(cgroup_container_count(&cgroups, "a/b"), 1);
    assert_int_equal(cgroup_container_count(&cgroups, "a/docker-" WEB ".scope"), 1);
    assert_int_equal(cgroup_container_count(&cgroups, "b"), 0);
}

static void test_a_process_that_our_namespace_hides_is_not_the_first(void **state)
{
    (void)state;
    tree_put(MEMORY "docker/" WEB "/cgroup.procs", "0\n3120\n");
    assert_true(find(WEB));
    assert_int_equal(cgroup_first_pid(&cgroups, "docker/" WEB), 3120);
    assert_int_equal(cgroup_process_count(&cgroups, "docker/" WEB), 2);
    assert_int_equal(cgroup_process_count(&cgroups, "docker/gone"), 0);
}

static void test_a_long_list_of_processes(void **state)
{
    char *text = arena_alloc(&arena, (size_t)8 * 50000 + 1);

    (void)state;
    for (size_t i = 0; i < 50000; i++)
        snprintf(text + i * 8, 9, "%7zu\n", i + 1000);
    tree_put(MEMORY "docker/" WEB "/cgroup.procs", text);
    assert_true(find(WEB));
    assert_int_equal(cgroup_first_pid(&cgroups, "docker/" WEB), 1000);
    assert_int_equal(cgroup_process_count(&cgroups, "docker/" WEB), 50000);
    tree_put(MEMORY "docker/" WEB "/cgroup.procs", "garbage\n99999999999999999999\n");
    assert_int_equal(cgroup_first_pid(&cgroups, "docker/" WEB), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_cgroups_at_all),
        TEST(test_an_id_is_exactly_64_digits),
        TEST(test_links_are_not_followed),
        TEST(test_the_walk_ends_at_a_depth),
        TEST(test_of_two_with_one_id_the_upper_counts),
        TEST(test_thousands_are_found),
        TEST(test_a_cgroup_that_is_gone_has_no_usage),
        TEST(test_a_path_does_not_leave_the_controller),
        TEST(test_what_is_above_and_below),
        TEST(test_containers_are_counted_below_and_not_within_each_other),
        TEST(test_a_process_that_our_namespace_hides_is_not_the_first),
        TEST(test_a_long_list_of_processes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
