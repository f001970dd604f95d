/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the settings: each one's default, good values and bad ones.
 * It must not know what they change. */
#include "test.h"

#include "settings.h"

/* One variable is set, the others are not. */
struct variable {
    const char *name;
    const char *value;
};

static struct settings settings;

static const char *lookup(void *context, const char *name)
{
    const struct variable *variable = context;

    return strcmp(name, variable->name) == 0 ? variable->value : NULL;
}

static bool load(const char *name, const char *value)
{
    struct variable variable = { name, value };

    memset(&settings, 0xff, sizeof(settings));
    err = (struct err){ .code = GRPC_OK };
    return settings_load(&settings, lookup, &variable, &err);
}

static void expect_refusals(const char *name, const char *const *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (load(name, values[i]))
            fail_msg("%s=\"%s\" should be refused", name, values[i]);
        assert_non_null(strstr(err.text, values[i]));
        expect_error(GRPC_FAILED_PRECONDITION, name);
    }
}

#define REFUSED(name, ...)                                                                         \
    do {                                                                                           \
        static const char *const values[] = { __VA_ARGS__ };                                       \
                                                                                                   \
        expect_refusals(name, values, COUNT(values));                                              \
    } while (0)

static void expect_defaults(void)
{
    assert_string_equal(settings.docker, "docker");
    assert_int_equal(settings.docker_version, 2010);
    assert_string_equal(settings.pause_image, "registry.k8s.io/pause:3.9");
    assert_int_equal(settings.pause_oom_score_adj, 0);
    assert_string_equal(settings.network, "bridge");
    assert_string_equal(settings.docker_root, "/var/lib/docker");
    assert_string_equal(settings.trace, "");
    assert_int_equal(settings.max_request, 16 * 1024 * 1024);
    assert_int_equal(settings.read_timeout_ms, 30000);
    assert_string_equal(settings.log_opts, "");
    assert_false(settings.allow_tcp);
    assert_string_equal(settings.host_root, "");
}

static void test_each_setting_has_a_default(void **state)
{
    (void)state;
    assert_true(load("OTHER", "value"));
    expect_defaults();
}

static void test_an_empty_variable_is_one_that_is_not_set(void **state)
{
    static const char *const names[] = {
        "DOCKER",       "DOCKER_VERSION", "PAUSE_IMAGE", "PAUSE_OOM_SCORE_ADJ",
        "NETWORK",      "DOCKER_ROOT",    "TRACE",       "MAX_REQUEST",
        "READ_TIMEOUT", "LOG_OPTS",       "ALLOW_TCP",   "HOST_ROOT",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        assert_true(load(arena_printf(&arena, "CRI_ONESHOT_%s", names[i]), ""));
        expect_defaults();
    }
}

static void test_texts_are_taken_as_they_are(void **state)
{
    (void)state;
    assert_true(load("CRI_ONESHOT_DOCKER", "/opt/docker 28/docker"));
    assert_string_equal(settings.docker, "/opt/docker 28/docker");
    assert_true(load("CRI_ONESHOT_TRACE", "/var/log/trace"));
    assert_string_equal(settings.trace, "/var/log/trace");
    assert_true(load("CRI_ONESHOT_LOG_OPTS", "max-size=10m,max-file=3"));
    assert_string_equal(settings.log_opts, "max-size=10m,max-file=3");
}

static void test_versions_are_read_and_compared_as_numbers(void **state)
{
    static const struct {
        const char *text;
        unsigned version;
    } table[] = {
        { "20.10", 2010 }, { "20.10.24", 2010 },    { "20.10.24+dfsg1", 2010 },
        { "28", 2800 },    { "28.2.2", 2802 },      { "26.1.5+dfsg1", 2601 },
        { "25.0", 2500 },  { "25.0.0-rc.1", 2500 }, { "29-dev", 2900 },
        { "1.13", 113 },   { "17.06.2-ce", 1706 },  { "19.03", 1903 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_true(load("CRI_ONESHOT_DOCKER_VERSION", table[i].text));
        assert_int_equal(settings.docker_version, table[i].version);
    }
    REFUSED("CRI_ONESHOT_DOCKER_VERSION", "new", "v28", "0", "-1", "28 ", "28.x", "20.10x",
            "20.100", "1000", "99999999999999999999", ".10");
}

static void test_the_pause_image_is_an_operand(void **state)
{
    (void)state;
    assert_true(load("CRI_ONESHOT_PAUSE_IMAGE", "registry.example:5000/pause@sha256:abc"));
    assert_string_equal(settings.pause_image, "registry.example:5000/pause@sha256:abc");
    REFUSED("CRI_ONESHOT_PAUSE_IMAGE", "--privileged", "-", "a b", "a\tb", "pause\n");
}

static void test_the_oom_score_is_within_the_kernels_range(void **state)
{
    (void)state;
    assert_true(load("CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ", "-998"));
    assert_int_equal(settings.pause_oom_score_adj, -998);
    assert_true(load("CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ", "-1000"));
    assert_true(load("CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ", "1000"));
    REFUSED("CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ", "-1001", "1001", "high", "1.5", "1 ", "0x10",
            "99999999999999999999");
}

static void test_the_network_is_none_or_a_name(void **state)
{
    (void)state;
    assert_true(load("CRI_ONESHOT_NETWORK", "none"));
    assert_string_equal(settings.network, "none");
    assert_true(load("CRI_ONESHOT_NETWORK", "my_net-1.2"));
    REFUSED("CRI_ONESHOT_NETWORK", "host", "container:abc", "name=x,alias=y", "-x", "a b");
}

static void test_folders_are_absolute(void **state)
{
    (void)state;
    assert_true(load("CRI_ONESHOT_DOCKER_ROOT", "/data/docker"));
    assert_string_equal(settings.docker_root, "/data/docker");
    REFUSED("CRI_ONESHOT_DOCKER_ROOT", "docker", "./docker", "~/docker");
    assert_true(load("CRI_ONESHOT_HOST_ROOT", "/host"));
    assert_string_equal(settings.host_root, "/host");
    REFUSED("CRI_ONESHOT_HOST_ROOT", "host", "../host");
}

static void test_the_largest_request_has_bounds(void **state)
{
    (void)state;
    assert_true(load("CRI_ONESHOT_MAX_REQUEST", "1"));
    assert_int_equal(settings.max_request, 1);
    assert_true(load("CRI_ONESHOT_MAX_REQUEST", "67108864"));
    assert_int_equal(settings.max_request, 64 * 1024 * 1024);
    REFUSED("CRI_ONESHOT_MAX_REQUEST", "0", "-1", "67108865", "16M", "16 MiB", "1e6",
            "18446744073709551617");
}

/* Its client must still be answered, so it must still be read. */
static void test_a_refused_number_leaves_the_default(void **state)
{
    (void)state;
    assert_false(load("CRI_ONESHOT_MAX_REQUEST", "all"));
    assert_int_equal(settings.max_request, 16 * 1024 * 1024);
    assert_false(load("CRI_ONESHOT_READ_TIMEOUT", "-5"));
    assert_int_equal(settings.read_timeout_ms, 30000);
}

static void test_the_read_timeout_has_bounds(void **state)
{
    (void)state;
    assert_true(load("CRI_ONESHOT_READ_TIMEOUT", "1"));
    assert_int_equal(settings.read_timeout_ms, 1);
    assert_true(load("CRI_ONESHOT_READ_TIMEOUT", "86400000"));
    REFUSED("CRI_ONESHOT_READ_TIMEOUT", "0", "-1", "86400001", "30s", "forever");
}

static void test_tcp_is_allowed_by_yes_alone(void **state)
{
    (void)state;
    assert_true(load("CRI_ONESHOT_ALLOW_TCP", "yes"));
    assert_true(settings.allow_tcp);
    assert_true(load("CRI_ONESHOT_ALLOW_TCP", "no"));
    assert_false(settings.allow_tcp);
    REFUSED("CRI_ONESHOT_ALLOW_TCP", "1", "true", "YES", "yes ", "y");
}

static bool check_names(const char *const *environment)
{
    err = (struct err){ .code = GRPC_OK };
    return settings_check_ours((char *const *)(uintptr_t)environment, &err);
}

static void test_a_name_that_is_none_is_told_with_the_one_it_may_have_meant(void **state)
{
    static const char *const misspelt[] = { "PATH=/bin", "CRI_ONESHOT_PAUS_IMAGE=x", NULL };
    static const char *const strange[] = { "CRI_ONESHOT_=x", NULL };

    (void)state;
    assert_false(check_names(misspelt));
    assert_non_null(strstr(err.text, "(did you mean CRI_ONESHOT_PAUSE_IMAGE?)"));
    expect_error(GRPC_FAILED_PRECONDITION, "CRI_ONESHOT_PAUS_IMAGE");
    assert_false(check_names(strange));
    expect_error(GRPC_FAILED_PRECONDITION, "setting CRI_ONESHOT_: there is none of this name");
}

static void test_names_of_settings_and_of_others_are_good(void **state)
{
    static const char *const good[] = { "CRI_ONESHOT_PAUSE_IMAGE=x", "CRI_ONESHOT_DOCKER_VERSION=y",
                                        "CRI_ONESHOT_EXEC=5eb4c81f", "CRI_ONESHOT_OLD=",
                                        "CRI_ONESHOT_NOVALUE",       "CRI_ONESHOT=/bin/cri-oneshot",
                                        "CRI_GATEWAY_CHILDRN=1",     NULL };

    (void)state;
    assert_true(check_names(good));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_name_that_is_none_is_told_with_the_one_it_may_have_meant),
        TEST(test_names_of_settings_and_of_others_are_good),
        TEST(test_each_setting_has_a_default),
        TEST(test_an_empty_variable_is_one_that_is_not_set),
        TEST(test_texts_are_taken_as_they_are),
        TEST(test_versions_are_read_and_compared_as_numbers),
        TEST(test_the_pause_image_is_an_operand),
        TEST(test_the_oom_score_is_within_the_kernels_range),
        TEST(test_the_network_is_none_or_a_name),
        TEST(test_folders_are_absolute),
        TEST(test_the_largest_request_has_bounds),
        TEST(test_a_refused_number_leaves_the_default),
        TEST(test_the_read_timeout_has_bounds),
        TEST(test_tcp_is_allowed_by_yes_alone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
