/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks the adding up of what images take.
 * It must not know docker's command line. */
#include "tree.h"

#include "host/layer_store.h"

#define STORE "var/lib/docker/image/overlay2/layerdb"

static uint64_t bytes;

static bool add_up(void)
{
    return layer_store_bytes(tree_path("var/lib/docker"), &bytes);
}

static void test_each_layer_counts_once(void **state)
{
    (void)state;
    tree_put(STORE "/sha256/01/size", "1984220");
    tree_put(STORE "/sha256/02/size", "5000000000");
    tree_put(STORE "/sha256/03/diff", "sha256:03");
    tree_put(STORE "/sha512/04/size", "7\n");
    assert_true(add_up());
    assert_int_equal(bytes, 5000000000 + 1984220 + 7);
}

static void test_containers_and_half_made_layers_are_no_images(void **state)
{
    (void)state;
    tree_put(STORE "/mounts/01/size", "1");
    tree_put(STORE "/tmp/02/size", "2");
    tree_put(STORE "/sha256/03/size", "4");
    assert_true(add_up());
    assert_int_equal(bytes, 4);
}

static void test_an_engine_without_images_has_none(void **state)
{
    (void)state;
    tree_folder(STORE);
    assert_true(add_up());
    assert_int_equal(bytes, 0);
}

static void test_where_there_is_no_store_nothing_is_said(void **state)
{
    (void)state;
    assert_false(add_up());
    tree_folder("var/lib/docker/image/overlayfs");
    tree_put("var/lib/docker/image/overlay2", "a file");
    assert_false(add_up());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_layer_counts_once),
        TEST(test_containers_and_half_made_layers_are_no_images),
        TEST(test_an_engine_without_images_has_none),
        TEST(test_where_there_is_no_store_nothing_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
