/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks what cgroups with odd contents have used; what good ones have is in
 * fixtures/stats. It must not know docker. */
#include "tree.h"

#include "host/cgroup.h"

#define MEMORY "sys/fs/cgroup/memory/"
#define WEB    "5b5bac913b831fa3ce9417c658e208bd3b404eb03804a94876acb5c923286256"
#define OTHER  "f7bcb2d3514dda26a6d87292681fe6ba0f990347d95e074dfeac63d049821c47"

static struct cgroups cgroups;
static struct usage usage;

#define assert_usage(member, value) assert_int_equal(usage.member, value)
#define assert_unknown(member)      assert_int_equal(usage.member, USAGE_UNKNOWN)

static void read_at(const char *root, const char *id)
{
    const char *path = NULL;

    cgroups_open(&cgroups, &arena, root);
    path = cgroups_find(&cgroups, id);
    assert_non_null(path);
    assert_true(usage_read(&cgroups, path, &usage));
}

static void put(const char *file, const char *text)
{
    tree_put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    tree_put(arena_printf(&arena, "sys/fs/cgroup/docker/" WEB "/%s", file), text);
}

static void test_v1_takes_the_controllers_that_are_there(void **state)
{
    (void)state;
    tree_put("sys/fs/cgroup/cpu,cpuacct/docker/" WEB "/cpuacct.usage", "77\n");
    tree_put("sys/fs/cgroup/cpu,cpuacct/docker/" WEB "/cpu.stat", "nr_periods 5\n");
    read_at(tree, WEB);
    assert_usage(cpu_ns, 77);
    assert_usage(cfs_periods, 5);
    assert_unknown(memory_usage_bytes);
    assert_unknown(memory_working_set_bytes);
    assert_usage(memory_limit_bytes, 0);
    assert_unknown(tasks);
    assert_false(usage.io_known);
    tree_put("sys/fs/cgroup/pids/system.slice/docker-" OTHER ".scope/pids.current", "3\n");
    read_at(tree, OTHER);
    assert_usage(tasks, 3);
    assert_unknown(cpu_ns);
    assert_null(cgroups_find(&cgroups, WEB));
}

static void test_empty_files_and_garbage_are_not_known(void **state)
{
    static const char *const texts[] = { "",
                                         "\n",
                                         "max\n",
                                         "-1\n",
                                         "12x\n",
                                         " 5\n",
                                         "\xff\xfe",
                                         "99999999999999999999999\n",
                                         "0x10\n",
                                         "usage_usec\n",
                                         "usage_usec \n",
                                         "usage_usec 1.5\n",
                                         "some\n",
                                         "some total=\n",
                                         "8:0",
                                         "8:",
                                         "8:0 rbytes=",
                                         ":" };
    static const char *const files[] = { "cpu.stat",    "memory.current", "memory.stat",
                                         "memory.max",  "pids.current",   "io.stat",
                                         "cpu.pressure" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        for (size_t j = 0; j < sizeof(files) / sizeof(files[0]); j++)
            put(files[j], texts[i]);
        cgroups_open(&cgroups, &arena, tree);
        assert_false(usage_read(&cgroups, "docker/" WEB, &usage));
        assert_unknown(cpu_ns);
        assert_unknown(memory_usage_bytes);
        assert_unknown(memory_working_set_bytes);
        assert_usage(memory_limit_bytes, 0);
        assert_false(usage.cpu_psi.known);
    }
}

static void test_huge_numbers(void **state)
{
    (void)state;
    put("cpu.stat", "usage_usec 18446744073709551614\nuser_usec 18446744073709551\n"
                    "nr_periods 18446744073709551614\n");
    put("memory.current", "18446744073709551614\n");
    put("memory.max", "4611686018427387904\n");
    put("memory.stat", "inactive_file 18446744073709551614\nanon 18446744073709551616\n");
    put("pids.max", "4611686018427387903\n");
    put("cpu.pressure", "some avg10=1e999 avg60=nan avg300=-1 total=18446744073709551614\n");
    read_at(tree, WEB);
    assert_unknown(cpu_ns);
    assert_usage(cpu_user_ns, 18446744073709551000U);
    assert_usage(cfs_periods, UINT64_MAX - 1);
    assert_usage(memory_working_set_bytes, 0);
    assert_usage(memory_limit_bytes, 0);
    assert_unknown(memory_rss_bytes);
    assert_usage(tasks_limit, 4611686018427387903);
    assert_true(usage.cpu_psi.known);
    assert_true(usage.cpu_psi.some.avg10_percent == 0 && usage.cpu_psi.some.avg60_percent == 0 &&
                usage.cpu_psi.some.avg300_percent == 0);
}

static void test_more_cache_than_usage_is_an_empty_working_set(void **state)
{
    (void)state;
    put("memory.current", "4096\n");
    put("memory.max", "1000\n");
    put("memory.stat", "inactive_file 8192\n");
    read_at(tree, WEB);
    assert_usage(memory_working_set_bytes, 0);
    assert_usage(memory_available_bytes, 1000);
    put("memory.stat", "xinactive_file 1\ninactive_files 1\n\ninactive_file");
    read_at(tree, WEB);
    assert_usage(memory_working_set_bytes, 4096);
    assert_usage(memory_available_bytes, 0);
}

static void test_swap_that_is_forbidden_has_a_limit_of_0(void **state)
{
    (void)state;
    put("memory.swap.current", "0\n");
    put("memory.swap.max", "0\n");
    put("pids.current", "1");
    read_at(tree, WEB);
    assert_usage(swap_limit_bytes, 0);
    assert_usage(swap_available_bytes, 0);
}

static void test_v1_without_swap_accounting(void **state)
{
    (void)state;
    tree_put(MEMORY "docker/" WEB "/memory.usage_in_bytes", "4096\n");
    tree_put(MEMORY "docker/" WEB "/memory.limit_in_bytes", "9223372036854710272\n");
    tree_put(MEMORY "docker/" WEB "/memory.stat", "cache 1\nrss 1\ntotal_cache 2\ntotal_rss 3\n");
    read_at(tree, WEB);
    assert_usage(memory_limit_bytes, 0);
    assert_usage(memory_cache_bytes, 2);
    assert_usage(memory_rss_bytes, 3);
    assert_unknown(swap_usage_bytes);
    assert_unknown(swap_limit_bytes);
}

static void test_more_devices_than_there_is_room_for(void **state)
{
    char *text = arena_strdup(&arena, "");

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        text = arena_printf(&arena, "%s8:%u rbytes=%u wbytes=1 rios=1 wios=1\n", text, i, i);
    put("io.stat", text);
    put("pids.current", "1\n");
    read_at(tree, WEB);
    assert_int_equal(usage.device_count, USAGE_DEVICES);
    assert_usage(devices[USAGE_DEVICES - 1].read_bytes, USAGE_DEVICES - 1);
}

static void test_a_file_that_never_ends_or_never_begins(void **state)
{
    const char *folder = "sys/fs/cgroup/docker/" WEB "/";

    (void)state;
    put("pids.current", "1\n");
    assert_int_equal(symlink("/dev/zero", tree_path(arena_printf(&arena, "%scpu.stat", folder))),
                     0);
    assert_int_equal(mkfifo(tree_path(arena_printf(&arena, "%sio.stat", folder)), 0600), 0);
    tree_folder(arena_printf(&arena, "%smemory.stat", folder));
    read_at(tree, WEB);
    assert_unknown(cpu_ns);
    assert_unknown(memory_rss_bytes);
    assert_int_equal(usage.device_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_v1_takes_the_controllers_that_are_there),
        TEST(test_empty_files_and_garbage_are_not_known),
        TEST(test_huge_numbers),
        TEST(test_more_cache_than_usage_is_an_empty_working_set),
        TEST(test_swap_that_is_forbidden_has_a_limit_of_0),
        TEST(test_v1_without_swap_accounting),
        TEST(test_more_devices_than_there_is_room_for),
        TEST(test_a_file_that_never_ends_or_never_begins),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
