/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the reading of server addresses.
 * It must not know which image is pulled. */
#include "test.h"

#include "cri/server_address.h"

static void test_the_host_of_every_form_is_found(void **state)
{
    static const struct {
        const char *address;
        const char *host;
    } table[] = {
        { "", "" },
        { "registry.example", "registry.example" },
        { "registry.example:5000", "registry.example:5000" },
        { "Registry.Example", "registry.example" },
        { "registry.example/team/app", "registry.example" },
        { "//registry.example", "registry.example" },
        { "//registry.example:5000/v2/", "registry.example:5000" },
        { "https://index.docker.io/v1/", "index.docker.io" },
        { "HTTPS://registry.example", "registry.example" },
        { "https://registry.example?service=a", "registry.example" },
        { "https://registry.example#a", "registry.example" },
        { "https://user:pass@registry.example/", "registry.example" },
        { "user:pass@word@registry.example:5000", "registry.example:5000" },
        { "my_registry", "my_registry" },
        { "127.0.0.1:5000", "127.0.0.1:5000" },
        { "http://[::1]:5000/v2/", "[::1]:5000" },
        { "[2001:db8::1]", "[2001:db8::1]" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *host = NULL;

        if (!server_address_host(&arena, table[i].address, &host, &err))
            fail_msg("\"%s\": %s", table[i].address, err.text);
        assert_string_equal(host, table[i].host);
    }
}

static void test_an_address_without_a_host_is_refused_and_not_shown(void **state)
{
    static const char *const table[] = {
        "/",
        "//",
        "///registry.example",
        "/registry.example",
        "?",
        "#",
        ":",
        ":5000",
        "https://",
        "https:///v1/",
        "https://:5000/",
        "https:registry.example",
        "https:/registry.example",
        "://registry.example",
        "@",
        "user:xyzzy@",
        "https://user:xyzzy@/v1/",
        "https://user:xy/zzy@registry.example",
        "registry.example/xyzzy@other.example",
        "\\\\registry.example",
        "registry.example:",
        "registry.example:http",
        "registry.example:5000:5000",
        "registry example",
        " ",
        "\t",
        "\nregistry.example",
        "registry.example\n",
        ".",
        "..",
        "-",
        "*",
        "*.example",
        "[::1",
        "[]",
        "[::1]x",
        "r\xc3\xa9gistry.example",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        const char *host = NULL;

        if (server_address_host(&arena, table[i], &host, &err))
            fail_msg("\"%s\" is taken for \"%s\"", table[i], host);
        assert_null(strstr(err.text, "zzy"));
        expect_error(GRPC_INVALID_ARGUMENT, "auth.server_address: names no host");
    }
}

static void test_user_information_is_hidden_and_the_host_stays(void **state)
{
    static const char *const table[][2] = {
        { "", "" },
        { "https://registry.example/v1/", "https://registry.example/v1/" },
        { "https://user:xyzzy@registry.example/", "https://**********@registry.example/" },
        { "xy@zzy@registry.example", "******@registry.example" },
        { "https://user:xy/zzy@registry.example", "https://*******/***@registry.example" },
        { "://user@registry.example", "*//****@registry.example" },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char *address = arena_strdup(&arena, table[i][0]);

        server_address_hide_user(address);
        assert_string_equal(address, table[i][1]);
    }
}

static void test_a_registry_is_its_own_host_and_docker_hub_has_several(void **state)
{
    (void)state;
    assert_true(server_address_is("registry.example", "Registry.example"));
    assert_true(server_address_is("index.docker.io", "docker.io"));
    assert_true(server_address_is("registry-1.docker.io", "docker.io"));
    assert_true(server_address_is("registry.hub.docker.com", "index.docker.io"));
    assert_false(server_address_is("registry.example", "registry.example:5000"));
    assert_false(server_address_is("registry.example", "a.registry.example"));
    assert_false(server_address_is("docker.io", "registry.example"));
    assert_false(server_address_is("registry-1.docker.io", "registry-1.docker.io.example"));
    assert_false(server_address_is("", "registry.example"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_host_of_every_form_is_found),
        TEST(test_an_address_without_a_host_is_refused_and_not_shown),
        TEST(test_user_information_is_hidden_and_the_host_stays),
        TEST(test_a_registry_is_its_own_host_and_docker_hub_has_several),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
