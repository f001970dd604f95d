/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks the measuring of writable layers.
 * It must not know docker's command line. */
#include "tree.h"

#include "host/layer.h"

#define ID    "5b5bac913b831fa3ce9417c658e208bd3b404eb03804a94876acb5c923286256"
#define MOUNT "c20a6b47f7e2a9fa9ea9894c507814f880d1b36da39c085d8be2f0fd4a4c885b"

static const char *const mount_id = "var/lib/docker/image/overlay2/layerdb/mounts/" ID "/mount-id";
static const char *path;
static uint64_t bytes;
static uint64_t inodes;

static bool find(const char *id)
{
    return layer_find(&arena, tree, "/var/lib/docker", id, &path);
}

static uint64_t allocated(const char *name)
{
    struct stat about = { 0 };

    assert_int_equal(lstat(tree_path(name), &about), 0);
    return (uint64_t)about.st_blocks * 512;
}

static void test_docker_says_where_the_layer_is(void **state)
{
    (void)state;
    tree_put(mount_id, MOUNT);
    assert_false(find(ID));
    tree_folder("var/lib/docker/overlay2/" MOUNT "/diff");
    assert_true(find(ID));
    assert_string_equal(path, tree_path("var/lib/docker/overlay2/" MOUNT "/diff"));
}

static void test_another_storage_driver_has_no_layer_for_us(void **state)
{
    (void)state;
    tree_folder("var/lib/docker/image/vfs/layerdb/mounts/" ID);
    assert_false(find(ID));
}

static void test_no_name_leads_elsewhere(void **state)
{
    static const char *const names[] = { "", "..", "../x", "x/y", MOUNT "\n", "/", "\xff" };

    (void)state;
    tree_folder("var/lib/docker/overlay2/" MOUNT "/diff");
    tree_folder("var/lib/docker/overlay2/diff");
    tree_folder("var/lib/docker/diff");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        tree_put(mount_id, names[i]);
        assert_false(find(ID));
        assert_false(find(names[i]));
    }
    tree_put(mount_id, MOUNT "/../../..");
    assert_false(find(ID));
}

static void test_a_layer_that_is_a_link_is_none(void **state)
{
    (void)state;
    tree_put(mount_id, MOUNT);
    tree_folder("var/lib/docker/overlay2/" MOUNT);
    assert_int_equal(symlink("/etc", tree_path("var/lib/docker/overlay2/" MOUNT "/diff")), 0);
    assert_false(find(ID));
    assert_false(
        layer_usage(tree_path("var/lib/docker/overlay2/" MOUNT "/diff"), 0, &bytes, &inodes));
}

static void test_usage_is_what_is_allocated(void **state)
{
    static char data[300000];

    (void)state;
    memset(data, 'x', sizeof(data));
    tree_put_bytes("diff/etc/data", data, sizeof(data));
    tree_put("diff/etc/.hidden", "x");
    assert_int_equal(mkfifo(tree_path("diff/pipe"), 0600), 0);
    assert_int_equal(symlink("/usr", tree_path("diff/link")), 0);
    assert_int_equal(truncate(tree_path("diff/etc/.hidden"), 1 << 30), 0);
    sync();
    assert_true(layer_usage(tree_path("diff"), 0, &bytes, &inodes));
    assert_int_equal(inodes, 6);
    assert_int_equal(bytes, allocated("diff") + allocated("diff/etc") + allocated("diff/etc/data") +
                                allocated("diff/etc/.hidden") + allocated("diff/pipe") +
                                allocated("diff/link"));
    assert_true(bytes >= sizeof(data) && bytes < 2 * sizeof(data));
}

static void test_with_a_block_size_it_is_the_same_on_every_file_system(void **state)
{
    (void)state;
    tree_put("diff/etc/empty", "");
    tree_put("diff/etc/file", "12345");
    tree_put("diff/etc/full", "1234");
    assert_int_equal(symlink("/usr", tree_path("diff/link")), 0);
    assert_true(layer_usage(tree_path("diff"), 4, &bytes, &inodes));
    assert_int_equal(inodes, 6);
    assert_int_equal(bytes, 2 * 4 + 0 + 8 + 4 + 0);
}

static void test_hard_links_count_once(void **state)
{
    (void)state;
    tree_folder("diff/more");
    for (int i = 0; i < 200; i++) {
        const char *name = arena_printf(&arena, "diff/f%d", i);

        tree_put(name, "x");
        for (int j = 0; j < 3; j++)
            assert_int_equal(
                link(tree_path(name), tree_path(arena_printf(&arena, "diff/more/%d.%d", i, j))), 0);
    }
    assert_true(layer_usage(tree_path("diff"), 0, &bytes, &inodes));
    assert_int_equal(inodes, 202);
}

static void test_an_empty_layer_is_one_folder(void **state)
{
    (void)state;
    assert_false(layer_usage(tree_path("diff"), 0, &bytes, &inodes));
    tree_folder("diff");
    assert_true(layer_usage(tree_path("diff"), 0, &bytes, &inodes));
    assert_int_equal(inodes, 1);
    assert_int_equal(bytes, allocated("diff"));
}

static void test_what_is_nested_too_deep_is_not_measured(void **state)
{
    char deep[1000] = "diff";
    size_t length = strlen(deep);

    (void)state;
    for (int i = 0; i < 255; i++) {
        memcpy(deep + length, "/d", 3);
        length += 2;
    }
    tree_folder(deep);
    assert_true(layer_usage(tree_path("diff"), 0, &bytes, &inodes));
    assert_int_equal(inodes, 256);
    memcpy(deep + length, "/d", 3);
    tree_folder(deep);
    assert_false(layer_usage(tree_path("diff"), 0, &bytes, &inodes));
}

static dev_t device;
static uint64_t counted;

static int count_one(const char *name, const struct stat *about, int kind, struct FTW *place)
{
    (void)name;
    (void)kind;
    (void)place;
    counted += about->st_dev == device;
    return 0;
}

/* /dev has others mounted in it on every Linux. */
static void test_another_file_system_is_left_out(void **state)
{
    struct stat about = { 0 };

    (void)state;
    assert_int_equal(stat("/dev", &about), 0);
    device = about.st_dev;
    counted = 0;
    assert_int_equal(nftw("/dev", count_one, 16, FTW_PHYS), 0);
    assert_true(layer_usage("/dev", 0, &bytes, &inodes));
    assert_int_equal(inodes, counted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_docker_says_where_the_layer_is),
        TEST(test_another_storage_driver_has_no_layer_for_us),
        TEST(test_no_name_leads_elsewhere),
        TEST(test_a_layer_that_is_a_link_is_none),
        TEST(test_usage_is_what_is_allocated),
        TEST(test_with_a_block_size_it_is_the_same_on_every_file_system),
        TEST(test_hard_links_count_once),
        TEST(test_an_empty_layer_is_one_folder),
        TEST(test_what_is_nested_too_deep_is_not_measured),
        TEST(test_another_file_system_is_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
