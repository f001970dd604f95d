/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the reading of docker's times and sizes, and the spelling of signals.
 * It must not know what they are of. */
#include "test.h"

#include "base/units.h"
#include "cri/signals.h"

#define SECOND INT64_C(1000000000)

static void test_times_are_read_to_the_nanosecond(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } table[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T00:00:01Z", SECOND },
        { "2026-11-24T12:00:00Z", 1795521600 * SECOND },
        { "2026-11-24T12:00:00.5Z", 1795521600 * SECOND + SECOND / 2 },
        { "2026-11-24T12:00:00.000000001Z", 1795521600 * SECOND + 1 },
        { "2026-11-24T12:00:00.123456789Z", 1795521600 * SECOND + 123456789 },
        { "2026-11-24T12:00:00.1234567899Z", 1795521600 * SECOND + 123456789 },
        { "2026-11-24T13:00:00+01:00", 1795521600 * SECOND },
        { "2026-11-24T06:30:00.25-05:30", 1795521600 * SECOND + SECOND / 4 },
        { "2026-11-24T11:30:00-00:30", 1795521600 * SECOND },
        { "2026-11-24 12:00:00 +0000 UTC", 1795521600 * SECOND },
        { "2026-11-24 13:00:00 +0100 CET", 1795521600 * SECOND },
        { "2026-11-24 04:00:00 -0800 PST", 1795521600 * SECOND },
        { "2024-02-29T00:00:00Z", 1709164800 * SECOND },
        { "2000-03-01T00:00:00Z", 951868800 * SECOND },
        { "2100-03-01T00:00:00Z", 4107542400 * SECOND },
        { "1999-12-31T23:59:59Z", 946684799 * SECOND },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        if (units_time_ns(table[i].text) != table[i].ns)
            fail_msg("%s is %lld", table[i].text, (long long)units_time_ns(table[i].text));
}

static void test_what_is_no_time_or_docker_zero_time_is_0(void **state)
{
    static const char *const no[] = {
        "",
        "0001-01-01T00:00:00Z",
        "0001-01-01 00:00:00 +0000 UTC",
        "garbage",
        "2026",
        "2026-11-24",
        "2026-11-24T12:00",
        "2026-11-24T12:00:0",
        "2026/11/24T12:00:00Z",
        "26-11-24T12:00:00Z",
        "-026-11-24T12:00:00Z",
        "1969-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "2 minutes ago",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(no); i++)
        if (units_time_ns(no[i]) != 0)
            fail_msg("\"%s\" is %lld", no[i], (long long)units_time_ns(no[i]));
}

static void test_sizes_are_decimal(void **state)
{
    static const struct {
        const char *text;
        uint64_t bytes;
    } table[] = {
        { "0B", 0 },
        { "1B", 1 },
        { "999B", 999 },
        { "1kB", 1000 },
        { "1.5KB", 1500 },
        { "1.98MB", 1980000 },
        { "72.8MB", 72800000 },
        { "1.04GB", 1040000000 },
        { "2TB", 2000000000000 },
        { "1PB", 1000000000000000 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        assert_int_equal(units_size_bytes(table[i].text), table[i].bytes);
}

static void test_what_is_no_size_is_0(void **state)
{
    static const char *const no[] = { "",     "B",    "MB",   "1",       "1 MB",
                                      "1MiB", "1mb",  "-1MB", "nanMB",   "infB",
                                      "N/A",  "1MB ", "1MBx", "1e9999B", "1000000B" };

    (void)state;
    for (size_t i = 0; i < COUNT(no); i++)
        if (units_size_bytes(no[i]) != 0)
            fail_msg("\"%s\" is a size", no[i]);
}

/* A conversion of more than 64 bits is undefined. */
static void test_a_size_beyond_64_bits_is_0(void **state)
{
    (void)state;
    assert_int_equal(units_size_bytes("18446PB"), 18446000000000000000U);
    assert_int_equal(units_size_bytes("18447PB"), 0);
    assert_int_equal(units_size_bytes("999999PB"), 0);
}

/* --- signals --- */

static void test_each_signal_of_the_cri_is_spelt_there_and_back(void **state)
{
    const ProtobufCEnumDescriptor *signals = CRI_DESCRIPTOR(signal);

    (void)state;
    assert_int_equal(signals->n_values, 66);
    for (unsigned i = 0; i < signals->n_values; i++) {
        CRI(Signal) signal = (CRI(Signal))signals->values[i].value;
        const char *text = signal_to_docker(&arena, signal);

        if (signal == CRI_ENUM(SIGNAL, SIGNAL_RUNTIME_DEFAULT)) {
            assert_null(text);
            continue;
        }
        assert_int_equal(strncmp(text, "SIG", 3), 0);
        assert_null(strstr(text, "PLUS"));
        assert_null(strstr(text, "MINUS"));
        if (signal_from_docker(&arena, text) != signal)
            fail_msg("%s does not come back", text);
        assert_int_equal(signal_from_docker(&arena, text + 3), signal);
    }
    assert_null(signal_to_docker(&arena, (CRI(Signal))1000));
}

static void test_signals_are_spelt_as_docker_does(void **state)
{
    (void)state;
    assert_string_equal(signal_to_docker(&arena, CRI_ENUM(SIGNAL, SIGNAL_SIGTERM)), "SIGTERM");
    assert_string_equal(signal_to_docker(&arena, CRI_ENUM(SIGNAL, SIGNAL_SIGRTMIN)), "SIGRTMIN");
    assert_string_equal(signal_to_docker(&arena, CRI_ENUM(SIGNAL, SIGNAL_SIGRTMINPLUS15)),
                        "SIGRTMIN+15");
    assert_string_equal(signal_to_docker(&arena, CRI_ENUM(SIGNAL, SIGNAL_SIGRTMAXMINUS1)),
                        "SIGRTMAX-1");
}

static void test_signals_are_read_by_name_and_by_number(void **state)
{
    static const struct {
        const char *text;
        CRI(Signal) signal;
    } table[] = {
        { "", CRI_ENUM(SIGNAL, SIGNAL_SIGTERM) },
        { "SIGQUIT", CRI_ENUM(SIGNAL, SIGNAL_SIGQUIT) },
        { "QUIT", CRI_ENUM(SIGNAL, SIGNAL_SIGQUIT) },
        { "RTMIN+3", CRI_ENUM(SIGNAL, SIGNAL_SIGRTMINPLUS3) },
        { "1", CRI_ENUM(SIGNAL, SIGNAL_SIGHUP) },
        { "9", CRI_ENUM(SIGNAL, SIGNAL_SIGKILL) },
        { "15", CRI_ENUM(SIGNAL, SIGNAL_SIGTERM) },
        { "17", CRI_ENUM(SIGNAL, SIGNAL_SIGCHLD) },
        { "31", CRI_ENUM(SIGNAL, SIGNAL_SIGSYS) },
        { "0", CRI_ENUM(SIGNAL, SIGNAL_RUNTIME_DEFAULT) },
        { "65", CRI_ENUM(SIGNAL, SIGNAL_RUNTIME_DEFAULT) },
        { "-9", CRI_ENUM(SIGNAL, SIGNAL_RUNTIME_DEFAULT) },
        { "NONSENSE", CRI_ENUM(SIGNAL, SIGNAL_RUNTIME_DEFAULT) },
        { "SIGRTMIN+99", CRI_ENUM(SIGNAL, SIGNAL_RUNTIME_DEFAULT) },
        { "SIG", CRI_ENUM(SIGNAL, SIGNAL_RUNTIME_DEFAULT) },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        if (signal_from_docker(&arena, table[i].text) != table[i].signal)
            fail_msg("\"%s\"", table[i].text);
}

/* docker takes them (STOPSIGNAL 37 stops systemd) and docker inspect shows them as written. */
static void test_real_time_signals_are_read_by_number_and_any_in_small_letters(void **state)
{
    (void)state;
    assert_int_equal(signal_from_docker(&arena, "37"), CRI_ENUM(SIGNAL, SIGNAL_SIGRTMINPLUS3));
    assert_int_equal(signal_from_docker(&arena, "34"), CRI_ENUM(SIGNAL, SIGNAL_SIGRTMIN));
    assert_int_equal(signal_from_docker(&arena, "64"), CRI_ENUM(SIGNAL, SIGNAL_SIGRTMAX));
    assert_int_equal(signal_from_docker(&arena, "63"), CRI_ENUM(SIGNAL, SIGNAL_SIGRTMAXMINUS1));
    assert_int_equal(signal_from_docker(&arena, "sigquit"), CRI_ENUM(SIGNAL, SIGNAL_SIGQUIT));
    assert_int_equal(signal_from_docker(&arena, "rtmin+3"), CRI_ENUM(SIGNAL, SIGNAL_SIGRTMINPLUS3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_times_are_read_to_the_nanosecond),
        TEST(test_what_is_no_time_or_docker_zero_time_is_0),
        TEST(test_sizes_are_decimal),
        TEST(test_what_is_no_size_is_0),
        TEST(test_a_size_beyond_64_bits_is_0),
        TEST(test_each_signal_of_the_cri_is_spelt_there_and_back),
        TEST(test_signals_are_spelt_as_docker_does),
        TEST(test_signals_are_read_by_name_and_by_number),
        TEST(test_real_time_signals_are_read_by_number_and_any_in_small_letters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
