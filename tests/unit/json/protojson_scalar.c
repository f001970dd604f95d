/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks proto3 JSON of numbers, enums, strings and bytes.
 * It must not know frames. */
#include "json/round_trip.h"

#include <math.h>
#include <stdio.h>

static void enums_go_by_name_or_number(void **state)
{
    (void)state;
    expect_same(TYPE(port_mapping), "{\"protocol\":\"SCTP\"}");
    expect(TYPE(port_mapping), "{\"protocol\":1}", "{\"protocol\":\"UDP\"}");
    expect(TYPE(port_mapping), "{\"protocol\":\"TCP\"}", "{}");
    expect_same(TYPE(port_mapping), "{\"protocol\":77}");
    expect_same(TYPE(port_mapping), "{\"protocol\":-1}");
    expect_error(TYPE(port_mapping), "{\"protocol\":\"udp\"}",
                 "protocol: no value \"udp\" in enum runtime.v1.Protocol (did you mean UDP?)");
    expect_error(TYPE(port_mapping), "{\"protocol\":true}",
                 "protocol: an enum's name or number is expected, not a boolean");
    expect_error(TYPE(port_mapping), "{\"protocol\":2147483648}",
                 "protocol: the number is out of range for int32");
}

static void integers_are_numbers_or_strings(void **state)
{
    (void)state;
    expect_same(TYPE(int64_value), "{\"value\":\"-9223372036854775808\"}");
    expect(TYPE(int64_value), "{\"value\":9223372036854775807}",
           "{\"value\":\"9223372036854775807\"}");
    expect(TYPE(int64_value), "{\"value\":1e3}", "{\"value\":\"1000\"}");
    expect(TYPE(int64_value), "{\"value\":\"-1.5e1\"}", "{\"value\":\"-15\"}");
    expect(TYPE(int64_value), "{\"value\":\"-0\"}", "{}");
    expect_same(TYPE(uint64_value), "{\"value\":\"18446744073709551615\"}");
    expect_same(TYPE(port_mapping), "{\"container_port\":-2147483648,\"host_port\":2147483647}");
    expect(TYPE(port_mapping), "{\"container_port\":\"80\"}", "{\"container_port\":80}");
    expect_same(TYPE(container_metadata), "{\"attempt\":4294967295}");
    expect_same(TYPE(port_forward_request), "{\"port\":[1,0,-3]}");
}

static void integers_outside_their_type_are_refused(void **state)
{
    (void)state;
    expect_error(TYPE(int64_value), "{\"value\":\"9223372036854775808\"}",
                 "value: the number is out of range for int64");
    expect_error(TYPE(int64_value), "{\"value\":9223372036854775808.0}",
                 "value: the number is out of range for int64");
    expect_error(TYPE(int64_value), "{\"value\":\"-9223372036854775809\"}",
                 "value: the number is out of range for int64");
    expect_error(TYPE(uint64_value), "{\"value\":\"-1\"}",
                 "value: the number is out of range for uint64");
    expect_error(TYPE(uint64_value), "{\"value\":\"18446744073709551616\"}",
                 "value: a whole number is expected");
    expect_error(TYPE(uint64_value), "{\"value\":1e30}", "value: a whole number is expected");
    expect_error(TYPE(container_metadata), "{\"attempt\":4294967296}",
                 "attempt: the number is out of range for uint32");
    expect_error(TYPE(port_mapping), "{\"host_port\":-2147483649}",
                 "host_port: the number is out of range for int32");
}

static void what_is_no_integer_is_refused(void **state)
{
    static const char *const texts[] = { "1.5",      "\"\"",    "\" 1\"",    "\"1 \"",
                                         "\"0x10\"", "\"+1\"",  "\"nan\"",   "\"-\"",
                                         "\"1e\"",   "\"1.5\"", "\"1e400\"", "\"1\\u0000\"" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[64];

        snprintf(text, sizeof(text), "{\"value\":%s}", texts[i]);
        expect_error(TYPE(int64_value), text, "value: a whole number is expected");
    }
    expect_error(TYPE(int64_value), "{\"value\":true}",
                 "value: a whole number is expected, not a boolean");
    expect_error(TYPE(int64_value), "{\"value\":[]}",
                 "value: a whole number is expected, not an array");
}

static void doubles_have_names_for_the_odd_ones(void **state)
{
    Runtime__V1__PsiData *data = read_text(TYPE(psi_data), "{\"Avg10\":\"NaN\",\"Avg60\":\"1e2\"}");

    (void)state;
    assert_true(isnan(data->avg10));
    assert_true(data->avg60 >= 100 && data->avg60 <= 100);
    expect_written(data, NULL, "{\"Avg10\":\"NaN\",\"Avg60\":100.0}");
    release(data);
    expect_same(TYPE(psi_data), "{\"Avg10\":\"Infinity\",\"Avg60\":\"-Infinity\",\"Avg300\":0.25}");
    expect(TYPE(psi_data), "{\"Avg10\":3}", "{\"Avg10\":3.0}");
    expect_error(TYPE(psi_data), "{\"Avg10\":\"inf\"}", "Avg10: a number is expected");
    expect_error(TYPE(psi_data), "{\"Avg10\":\"1e999\"}", "Avg10: a number is expected");
    expect_error(TYPE(psi_data), "{\"Avg10\":\"\"}", "Avg10: a number is expected");
    expect_error(TYPE(psi_data), "{\"Avg10\":{}}", "Avg10: a number is expected, not an object");
}

static void booleans_and_strings_are_themselves(void **state)
{
    (void)state;
    expect_same(TYPE(mount), "{\"readonly\":true}");
    expect_error(TYPE(mount), "{\"readonly\":1}", "readonly: a boolean is expected, not a number");
    expect_error(TYPE(mount), "{\"readonly\":\"true\"}",
                 "readonly: a boolean is expected, not a string");
    expect_same(TYPE(mount), "{\"host_path\":\"/é\\n\\\"𝄞\"}");
    expect_error(TYPE(mount), "{\"host_path\":\"a\\u0000b\"}",
                 "host_path: a string may not hold a NUL");
    expect_error(TYPE(mount), "{\"host_path\":1.0}",
                 "host_path: a string is expected, not a number");
}

static void bytes_are_base64_of_either_alphabet(void **state)
{
    Runtime__V1__ExecSyncResponse *result =
        read_text(TYPE(exec_sync_response), "{\"stdout\":\"AP_-\",\"stderr\":\"YWI\"}");

    (void)state;
    assert_int_equal(result->stdout.len, 3);
    assert_memory_equal(result->stdout.data, "\0\xff\xfe", 3);
    assert_int_equal(result->stderr.len, 2);
    assert_memory_equal(result->stderr.data, "ab", 2);
    release(result);
    expect(TYPE(exec_sync_response), "{\"stdout\":\"AP/+\",\"stderr\":\"YQ\"}",
           "{\"stdout\":\"AP/+\",\"stderr\":\"YQ==\"}");
    expect_same(TYPE(exec_sync_response), "{\"stdout\":\"YWI=\",\"stderr\":\"YWJj\"}");
}

static void what_is_no_base64_is_refused(void **state)
{
    static const char *const texts[] = { "A",     "AAAAA", "A===", "AA=", "AAA==",     "AA==AA==",
                                         "AA AA", "A=AA",  "====", "Ä",   "AA\\u0000A" };

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char text[64];

        snprintf(text, sizeof(text), "{\"envs\":[{\"value\":\"%s\"}]}", texts[i]);
        expect_error(TYPE(container_config), text, "envs[0].value: this is not base64");
    }
    expect_error(TYPE(key_value), "{\"value\":5}",
                 "value: base64 in a string is expected, not a number");
}

static void environment_may_be_plain_text(void **state)
{
    const char *text =
        "{\"envs\":[{\"key\":\"a\",\"value\":\"b=%\"},{\"key\":\"c\",\"value\":\"\"}]}";
    Runtime__V1__ContainerConfig *config =
        read_flags(TYPE(container_config), text, PROTOJSON_PLAIN_ENV);

    (void)state;
    assert_non_null(config);
    assert_int_equal(config->envs[0]->value.len, 3);
    assert_memory_equal(config->envs[0]->value.data, "b=%", 3);
    assert_int_equal(config->envs[1]->value.len, 0);
    release(config);
    assert_null(
        read_flags(TYPE(container_config), "{\"envs\":[{\"value\":1}]}", PROTOJSON_PLAIN_ENV));
    assert_string_equal(error.text, "envs[0].value: a string is expected, not a number");
    assert_null(read_flags(TYPE(exec_sync_response), "{\"stdout\":\"%\"}", PROTOJSON_PLAIN_ENV));
}

static void a_string_that_is_not_utf8_is_written_clean(void **state)
{
    Runtime__V1__Mount mount = RUNTIME__V1__MOUNT__INIT;
    char path[] = "/\xc3\xa9\xff\xf0\x9d\x84\x9e\xc3";

    (void)state;
    mount.host_path = path;
    expect_written(&mount, NULL, "{\"host_path\":\"/\xc3\xa9?\xf0\x9d\x84\x9e?\"}");
    mount.host_path = NULL;
    expect_written(&mount, NULL, "{}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enums_go_by_name_or_number),
        cmocka_unit_test(integers_are_numbers_or_strings),
        cmocka_unit_test(integers_outside_their_type_are_refused),
        cmocka_unit_test(what_is_no_integer_is_refused),
        cmocka_unit_test(doubles_have_names_for_the_odd_ones),
        cmocka_unit_test(booleans_and_strings_are_themselves),
        cmocka_unit_test(bytes_are_base64_of_either_alphabet),
        cmocka_unit_test(what_is_no_base64_is_refused),
        cmocka_unit_test(environment_may_be_plain_text),
        cmocka_unit_test(a_string_that_is_not_utf8_is_written_clean),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
