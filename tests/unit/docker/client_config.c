/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what docker gets to see of the caller's configuration.
 * It must not know how docker is started. */
#include "test.h"

#include "base/document.h"
#include "docker/client_config.h"

static struct surroundings surroundings;
static struct plan plan;
static struct call call;

static void start(const char *config)
{
    surroundings = (struct surroundings){ .nonce = "n",
                                          .temp_dir = "/tmp",
                                          .docker_config = "/home/me/.docker",
                                          .docker_client_config = config,
                                          .docker_cert_path = "/certs" };
    call = (struct call){ .arena = &arena, .surroundings = &surroundings };
    plan = (struct plan){ .answered = false };
    strv_init(&plan.command.argv, &arena);
    strv_init(&plan.command.env, &arena);
    doc_use(&arena);
}

/* NULL: docker keeps the caller's own. */
static const char *used(const char *config)
{
    start(config);
    client_config_use(&call, &plan);
    return plan.command.file_count == 0 ? NULL : plan.command.files[0].data;
}

static const char *with_auths(const char *config)
{
    start(config);
    client_config_use(&call, &plan);
    client_config_use_auths(&call, json_pack("{s:{}}", "r"), &plan);
    assert_int_equal(plan.command.file_count, 1);
    assert_int_equal(plan.command.argv.count, 1);
    return plan.command.files[0].data;
}

static void test_a_configuration_that_does_not_steer_stays(void **state)
{
    (void)state;
    assert_null(used(""));
    assert_null(used("{}"));
    assert_null(
        used("{\"auths\":{\"r\":{\"auth\":\"eDp5\"}},\"credsStore\":\"pass\",\"credHelpers\":{"
             "\"r\":\"x\"},\"currentContext\":\"c\",\"HttpHeaders\":{\"A\":\"b\"}}"));
    assert_int_equal(plan.command.argv.count, 0);
    assert_null(plan.command.config_dir);
}

static void test_every_other_entry_steers_and_is_left_out(void **state)
{
    static const char *const entries[] = {
        "\"proxies\":{\"default\":{\"httpProxy\":\"http://u:p@h:1\"}}",
        "\"detachKeys\":\"ctrl-a\"",
        "\"psFormat\":\"x\"",
        "\"imagesFormat\":\"x\"",
        "\"aliases\":{\"builder\":\"x\"}",
        "\"plugins\":{\"x\":{\"hooks\":\"ps\"}}",
        "\"cliPluginsExtraDirs\":[\"/x\"]",
        "\"features\":{\"hooks\":\"true\"}",
        "\"experimental\":\"enabled\"",
        "\"somethingOf2030\":1",
        "\"\":0",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(entries); i++) {
        const char *kept = used(arena_printf(&arena, "{\"currentContext\":\"c\",%s}", entries[i]));

        assert_string_equal(kept, "{\"currentContext\":\"c\"}");
        assert_string_equal(plan.command.argv.words[0], "--config=/tmp/cri-oneshot.n");
        assert_string_equal(plan.command.config_dir, "/tmp/cri-oneshot.n");
        assert_string_equal(plan.command.contexts_target, "/home/me/.docker/contexts");
        assert_string_equal(plan.command.env.words[0], "DOCKER_CERT_PATH=/certs");
    }
}

/* So does Go's JSON. */
static void test_names_are_read_in_any_case(void **state)
{
    (void)state;
    assert_null(used("{\"AUTHS\":{},\"httpheaders\":{},\"CurrentContext\":\"c\"}"));
    assert_string_equal(used("{\"Auths\":{\"r\":{}},\"PROXIES\":{}}"), "{\"Auths\":{\"r\":{}}}");
}

/* docker takes the first document, and goes on without one that is none. */
static void test_what_docker_cannot_read_is_none(void **state)
{
    static const char *const texts[] = { "{", "[]", "1", "\"proxies\"", "{\"proxies\":", "\xff" };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++)
        assert_string_equal(used(texts[i]), "{}");
    assert_string_equal(used("{\"proxies\":{}} and more"), "{}");
    assert_null(used("{\"currentContext\":\"c\"}\n{\"proxies\":{}}"));
}

static void test_credentials_of_a_call_stand_in_place_of_the_callers(void **state)
{
    (void)state;
    assert_string_equal(with_auths(""), "{\"auths\":{\"r\":{}}}");
    assert_string_equal(with_auths("{\"auths\":{\"s\":{\"auth\":\"x\"}},\"credsStore\":\"p\","
                                   "\"credHelpers\":{\"r\":\"p\"},\"HttpHeaders\":{\"A\":\"b\"},"
                                   "\"currentContext\":\"c\",\"proxies\":{}}"),
                        "{\"HttpHeaders\":{\"A\":\"b\"},\"currentContext\":\"c\",\"auths\":{\"r\":{"
                        "}}}");
}

static void test_no_secret_is_shown(void **state)
{
    static const char text[] =
        "{\"auths\":{\"r\":{\"auth\":\"s1\",\"Password\":\"s2\",\"username\":\"u\"},\"q\":\"s3\"},"
        "\"HttpHeaders\":{\"A\":\"s4\"},\"proxies\":{\"default\":{\"httpProxy\":\"s5\"}}}";

    (void)state;
    doc_use(&arena);
    assert_string_equal(client_config_show(&arena, text, strlen(text)),
                        "{\"auths\":{\"r\":{\"auth\":\"<redacted>\",\"Password\":\"<redacted>\","
                        "\"username\":\"u\"},\"q\":\"<redacted>\"},\"HttpHeaders\":{\"A\":"
                        "\"<redacted>\"},\"proxies\":null}");
    assert_string_equal(client_config_show(&arena, "[\"s6\"]", 6), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_configuration_that_does_not_steer_stays),
        TEST(test_every_other_entry_steers_and_is_left_out),
        TEST(test_names_are_read_in_any_case),
        TEST(test_what_docker_cannot_read_is_none),
        TEST(test_credentials_of_a_call_stand_in_place_of_the_callers),
        TEST(test_no_secret_is_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
