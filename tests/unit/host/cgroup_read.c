/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks what cgroups have used, on trees recorded and made up.
 * It must not know docker. */
#include "tree.h"

#include "host/cgroup.h"

#define V1      "tests/data/cgroup-v1"
#define V2      "tests/data/cgroup-v2"
#define MEMORY  "sys/fs/cgroup/memory/"
#define WEB     "5b5bac913b831fa3ce9417c658e208bd3b404eb03804a94876acb5c923286256"
#define OTHER   "f7bcb2d3514dda26a6d87292681fe6ba0f990347d95e074dfeac63d049821c47"
#define LIMITED "3c9f1d2e4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
#define FREE    "b7e23ec29af22b0b4e41da31e868d57226121c84b7e23ec29af22b0b4e41da31"
#define SLICE                                                                                      \
    "kubepods.slice/kubepods-burstable.slice/"                                                     \
    "kubepods-burstable-pod0d1c2b3a_4958_4657_a6b5_c4d3e2f10918.slice"

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

/* ---- recorded on version 1 */

static void test_v1_cpu(void **state)
{
    (void)state;
    read_at(V1, WEB);
    assert_false(cgroups.unified);
    assert_usage(cpu_ns, 8779669833);
    assert_usage(cpu_user_ns, 8720000000);
    assert_usage(cpu_system_ns, 60000000);
    assert_usage(cfs_periods, 236);
    assert_usage(cfs_throttled_periods, 153);
    assert_usage(cfs_throttled_ns, 5932867063);
    assert_false(usage.cpu_psi.known || usage.memory_psi.known || usage.io_psi.known);
}

static void test_v1_memory(void **state)
{
    (void)state;
    read_at(V1, WEB);
    assert_usage(memory_usage_bytes, 647168);
    assert_usage(memory_max_usage_bytes, 4337664);
    assert_usage(memory_limit_bytes, 67108864);
    assert_usage(memory_working_set_bytes, 647168 - 4096);
    assert_usage(memory_available_bytes, 67108864 - (647168 - 4096));
    assert_usage(memory_rss_bytes, 57344);
    assert_usage(memory_cache_bytes, 4096);
    assert_usage(memory_mapped_file_bytes, 0);
    assert_usage(memory_kernel_bytes, 282624);
    assert_usage(memory_page_faults, 4267);
    assert_usage(memory_major_page_faults, 0);
    assert_usage(memory_limit_hits, 0);
    assert_usage(memory_oom_kills, 0);
    assert_usage(swap_usage_bytes, 0);
    assert_usage(swap_limit_bytes, 134217728 - 67108864);
    assert_usage(swap_available_bytes, 134217728 - 67108864);
}

static void test_v1_tasks_and_devices(void **state)
{
    (void)state;
    read_at(V1, WEB);
    assert_usage(tasks, 1);
    assert_usage(tasks_limit, 100);
    assert_true(usage.io_known);
    assert_int_equal(usage.device_count, 1);
    assert_int_equal(usage.devices[0].major, 254);
    assert_int_equal(usage.devices[0].minor, 0);
    assert_usage(devices[0].read_bytes, 204800);
    assert_usage(devices[0].write_bytes, 204800);
    assert_usage(devices[0].read_operations, 50);
    assert_usage(devices[0].write_operations, 50);
}

static void test_v1_without_limits(void **state)
{
    (void)state;
    read_at(V1, OTHER);
    assert_usage(memory_limit_bytes, 0);
    assert_unknown(memory_available_bytes);
    assert_usage(memory_working_set_bytes, 319488);
    assert_usage(swap_usage_bytes, 0);
    assert_unknown(swap_limit_bytes);
    assert_unknown(swap_available_bytes);
    assert_usage(tasks_limit, 0);
    assert_true(usage.io_known);
    assert_int_equal(usage.device_count, 0);
}

/* ---- version 2 */

static void test_v2_systemd_driver(void **state)
{
    const char *path = NULL;

    (void)state;
    read_at(V2, LIMITED);
    assert_true(cgroups.unified);
    path = cgroups_find(&cgroups, LIMITED);
    assert_string_equal(path, SLICE "/docker-" LIMITED ".scope");
    assert_string_equal(cgroup_parent(&arena, path), SLICE);
    assert_int_equal(cgroup_first_pid(&cgroups, path), 2481);
    assert_int_equal(cgroup_process_count(&cgroups, path), 3);
    assert_usage(cpu_ns, 48731205000);
    assert_usage(cpu_user_ns, 41220871000);
    assert_usage(cpu_system_ns, 7510334000);
    assert_usage(cfs_periods, 9120);
    assert_usage(cfs_throttled_periods, 317);
    assert_usage(cfs_throttled_ns, 15922840000);
    assert_usage(tasks, 14);
    assert_usage(tasks_limit, 4096);
}

static void test_v2_memory(void **state)
{
    (void)state;
    read_at(V2, LIMITED);
    assert_usage(memory_usage_bytes, 187695104);
    assert_usage(memory_max_usage_bytes, 241172480);
    assert_usage(memory_limit_bytes, 268435456);
    assert_usage(memory_working_set_bytes, 187695104 - 52428800);
    assert_usage(memory_available_bytes, 268435456 - (187695104 - 52428800));
    assert_usage(memory_rss_bytes, 92274688);
    assert_usage(memory_cache_bytes, 87031808);
    assert_usage(memory_mapped_file_bytes, 30408704);
    assert_usage(memory_kernel_bytes, 3145728);
    assert_usage(memory_page_faults, 913402);
    assert_usage(memory_major_page_faults, 211);
    assert_usage(memory_limit_hits, 23);
    assert_usage(memory_oom_kills, 1);
    assert_usage(swap_usage_bytes, 4194304);
    assert_usage(swap_limit_bytes, 67108864);
    assert_usage(swap_available_bytes, 67108864 - 4194304);
}

static void test_v2_pressure(void **state)
{
    (void)state;
    read_at(V2, LIMITED);
    assert_true(usage.cpu_psi.known && usage.memory_psi.known && usage.io_psi.known);
    assert_usage(cpu_psi.some.total_us, 21908117);
    assert_true(usage.cpu_psi.some.avg10_percent == 12.48);
    assert_true(usage.cpu_psi.some.avg60_percent == 9.03);
    assert_true(usage.cpu_psi.some.avg300_percent == 3.17);
    assert_usage(cpu_psi.full.total_us, 2190811);
    assert_true(usage.cpu_psi.full.avg10_percent == 1.25);
    assert_usage(memory_psi.some.total_us, 412003);
    assert_usage(memory_psi.full.total_us, 388120);
    assert_usage(io_psi.some.total_us, 90210);
    assert_true(usage.io_psi.full.avg300_percent == 0.2);
}

static void test_v2_devices(void **state)
{
    (void)state;
    read_at(V2, LIMITED);
    assert_true(usage.io_known);
    assert_int_equal(usage.device_count, 3);
    assert_int_equal(usage.devices[0].major, 253);
    assert_usage(devices[0].read_bytes, 35651584);
    assert_usage(devices[0].write_bytes, 8388608);
    assert_usage(devices[0].read_operations, 1102);
    assert_usage(devices[0].write_operations, 412);
    assert_int_equal(usage.devices[1].minor, 16);
    assert_usage(devices[1].read_bytes, 0);
    assert_int_equal(usage.devices[2].minor, 3);
    assert_usage(devices[2].read_bytes, 1024);
}

static void test_v2_cgroupfs_driver_on_an_older_kernel(void **state)
{
    const char *path = NULL;

    (void)state;
    read_at(V2, FREE);
    path = cgroups_find(&cgroups, FREE);
    assert_string_equal(path, "docker/" FREE);
    assert_int_equal(cgroup_first_pid(&cgroups, path), 3120);
    assert_usage(memory_limit_bytes, 0);
    assert_unknown(memory_max_usage_bytes);
    assert_unknown(memory_available_bytes);
    assert_unknown(swap_limit_bytes);
    assert_usage(tasks_limit, 0);
    assert_true(usage.cpu_psi.known);
    assert_usage(cpu_psi.some.total_us, 311);
    assert_usage(cpu_psi.full.total_us, 0);
    assert_false(usage.memory_psi.known);
    assert_true(usage.io_known);
    assert_int_equal(usage.device_count, 0);
}

static void test_v2_pod(void **state)
{
    (void)state;
    cgroups_open(&cgroups, &arena, V2);
    assert_true(usage_read(&cgroups, SLICE, &usage));
    assert_usage(cpu_ns, 48809988000);
    assert_usage(tasks, 15);
    assert_int_equal(cgroup_first_pid(&cgroups, SLICE), 0);
    assert_int_equal(cgroup_process_count(&cgroups, SLICE), 0);
}

/* ---- odd contents */

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
        TEST(test_v1_cpu),
        TEST(test_v1_memory),
        TEST(test_v1_tasks_and_devices),
        TEST(test_v1_without_limits),
        TEST(test_v2_systemd_driver),
        TEST(test_v2_memory),
        TEST(test_v2_pressure),
        TEST(test_v2_devices),
        TEST(test_v2_cgroupfs_driver_on_an_older_kernel),
        TEST(test_v2_pod),
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
