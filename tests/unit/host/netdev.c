/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks the reading of network interfaces.
 * It must not know docker. */
#include "tree.h"

#include "host/netdev.h"

#define HEADINGS                                                                                   \
    "Inter-|   Receive                            |  Transmit\n"                                   \
    " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs "     \
    "drop fifo colls carrier compressed\n"

static struct netdevs netdevs;

static bool read_text(const char *text)
{
    tree_put("proc/7/net/dev", text);
    return netdev_read(&arena, tree, 7, &netdevs);
}

static void test_each_column_is_told_apart(void **state)
{
    (void)state;
    assert_true(read_text(HEADINGS "  net1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"));
    assert_string_equal(netdevs.main->name, "net1");
    assert_int_equal(netdevs.main->rx_bytes, 1);
    assert_int_equal(netdevs.main->rx_packets, 2);
    assert_int_equal(netdevs.main->rx_errors, 3);
    assert_int_equal(netdevs.main->rx_dropped, 4);
    assert_int_equal(netdevs.main->tx_bytes, 9);
    assert_int_equal(netdevs.main->tx_packets, 10);
    assert_int_equal(netdevs.main->tx_errors, 11);
    assert_int_equal(netdevs.main->tx_dropped, 12);
}

static void test_eth0_is_the_main_one_wherever_it_stands(void **state)
{
    (void)state;
    assert_true(read_text(HEADINGS "    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                                   "  net1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                                   "  eth0:18446744073709551615 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                                   "  eth1: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"));
    assert_int_equal(netdevs.count, 3);
    assert_ptr_equal(netdevs.main, &netdevs.items[1]);
    assert_true(netdevs.main->rx_bytes == UINT64_MAX);
}

static void test_no_network_is_no_interface(void **state)
{
    (void)state;
    assert_true(read_text(HEADINGS "    lo: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"));
    assert_int_equal(netdevs.count, 0);
    assert_null(netdevs.main);
    assert_true(read_text(""));
    assert_int_equal(netdevs.count, 0);
}

static void test_lines_that_make_no_sense_are_left_out(void **state)
{
    (void)state;
    assert_true(read_text("eth0: 1 2 3\n:\n: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\neth1\n\n"
                          "eth2: -1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                          "eth3: 99999999999999999999 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n"
                          "et\xffh: 1 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0"));
    assert_int_equal(netdevs.count, 1);
    assert_string_equal(netdevs.main->name, "et?h");
}

static void test_a_process_that_is_gone_has_none(void **state)
{
    (void)state;
    assert_false(netdev_read(&arena, tree, 7, &netdevs));
    assert_int_equal(netdevs.count, 0);
    tree_folder("proc/7/net/dev");
    assert_false(netdev_read(&arena, tree, 7, &netdevs));
}

static void test_a_thousand_interfaces_are_all_read(void **state)
{
    char text[100 * 1000];
    size_t length = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "veth%d: %d 1 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", i, i);
    assert_true(read_text(text));
    assert_int_equal(netdevs.count, 1000);
    assert_int_equal(netdevs.items[999].rx_bytes, 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_column_is_told_apart),
        TEST(test_eth0_is_the_main_one_wherever_it_stands),
        TEST(test_no_network_is_no_interface),
        TEST(test_lines_that_make_no_sense_are_left_out),
        TEST(test_a_process_that_is_gone_has_none),
        TEST(test_a_thousand_interfaces_are_all_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
