/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests that a request's secrets are taken out of what docker says, and nothing else is.
 * It must not know where it goes from here. */
#include "test.h"

#include "base/base64.h"
#include "base/cri.h"
#include "cri/hide.h"
#include "cri/secret.h"

/* What is left of a text that may show the one secret. */
static const char *hidden(const char *secret, const char *text)
{
    struct secret one = { .bytes = secret, .length = strlen(secret) };
    struct list list;
    size_t length = strlen(text);
    const char *shown = NULL;

    list_init(&list, &arena);
    list_push(&list, &one);
    shown = hide_in(&arena, &list, text, &length);
    assert_int_equal(length, strlen(shown));
    return shown;
}

struct shown {
    const char *secret;
    const char *text;
    const char *left; /* NULL: all of it */
};

static void expect(const struct shown *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *left = table[i].left == NULL ? table[i].text : table[i].left;
        const char *found = hidden(table[i].secret, table[i].text);

        if (strcmp(found, left) != 0)
            fail_msg("\"%s\" in \"%s\": \"%s\"", table[i].secret, table[i].text, found);
    }
}

static void test_a_secret_is_hidden_in_every_spelling(void **state)
{
    static const struct shown table[] = {
        { "p<w\"o/r\\d", "is p<w\"o/r\\d, twice p<w\"o/r\\d", "is " HIDDEN ", twice " HIDDEN },
        { "p<w\"o/r\\d", "{\"a\":\"p\\u003cw\\\"o/r\\\\d\"}", "{\"a\":\"" HIDDEN "\"}" },
        { "p<w\"o/r\\d", "{\"a\":\"p\\u003Cw\\\"o\\/r\\\\d\"}", "{\"a\":\"" HIDDEN "\"}" },
        { "p<w\"o/r\\d", "body: \"{\\\"a\\\":\\\"p\\\\u003cw\\\\\\\"o/r\\\\\\\\d\\\"}\"",
          "body: \"{\\\"a\\\":\\\"" HIDDEN "\\\"}\"" },
        { "p<w\"o/r\\d", "https://u:p%3Cw%22o%2Fr%5Cd@h/", "https://u:" HIDDEN "@h/" },
        { "p<w\"o/r\\d", "https://h/?a=p%3cw%22o/r%5cd", "https://h/?a=" HIDDEN },
        { "pass word", "a=pass+word&b", "a=" HIDDEN "&b" },
        { "pass word", "a=pass%20word", "a=" HIDDEN },
        { "line\none\ttwo", "\"line\\none\\ttwo\"", "\"" HIDDEN "\"" },
        { "\x01"
          "control",
          "\"\\x01control\"", "\"" HIDDEN "\"" },
        { "\x01"
          "control",
          "\"\\u0001control\"", "\"" HIDDEN "\"" },
        { "sch\xc3\xb6n \xe2\x82\xac \xf0\x9f\x94\x91",
          "\"sch\\u00f6n \\u20ac \\ud83d\\udd11\" \"sch\\u00f6n \\u20ac \\U0001f511\"",
          "\"" HIDDEN "\" \"" HIDDEN "\"" },
        { "sch\xc3\xb6n \xe2\x82\xac \xf0\x9f\x94\x91", "sch%C3%B6n%20%E2%82%AC+%F0%9F%94%91",
          HIDDEN },
        { "100%secret", "100%secret 100%25secret", HIDDEN " " HIDDEN },
    };

    (void)state;
    expect(table, COUNT(table));
}

static void test_base64_of_a_secret_is_hidden(void **state)
{
    static const struct shown table[] = {
        { "user:not-a-secret", "Basic dXNlcjpub3QtYS1zZWNyZXQ=.", "Basic " HIDDEN "." },
        { "user:not-a-secret", "Basic dXNlcjpub3QtYS1zZWNyZXQ", "Basic " HIDDEN },
        { "user:not-a-secret", "Basic dXNlcjpub3QtYS1zZWNyZXQ%3D", "Basic " HIDDEN "%3D" },
        { "\xfb\xff\xfe"
          "abcdef\xfb\xff\xfe",
          "+//+YWJjZGVm+//+", HIDDEN },
        { "\xfb\xff\xfe"
          "abcdef\xfb\xff\xfe",
          "-__-YWJjZGVm-__-", HIDDEN },
        { "\xfb\xff\xfe"
          "abcdef\xfb\xff\xfe",
          "%2B//%2BYWJjZGVm%2B%2F%2F%2B", HIDDEN },
        { "\xfb\xff\xfe"
          "abcdef\xfb\xff\xfe",
          "+\\/\\/+YWJjZGVm+\\/\\/+", HIDDEN },
        { "abc", "\"YWJj\" YWJjYWJj", "\"" HIDDEN "\" YWJjYWJj" },
        { "abcd", "YWJjZA== YWJjZA", HIDDEN " " HIDDEN },
        /* {"p":"not-a-secret"} and the same after one and after two more bytes */
        { "not-a-secret", "eyJwIjoibm90LWEtc2VjcmV0In0=", "eyJwIjoi" HIDDEN "In0=" },
        { "not-a-secret", "IHsicCI6Im5vdC1hLXNlY3JldCJ9", "IHsicCI6I" HIDDEN "J9" },
        { "not-a-secret", "ICB7InAiOiJub3QtYS1zZWNyZXQifQ==", "ICB7InAiOi" HIDDEN "ifQ==" },
    };

    (void)state;
    expect(table, COUNT(table));
}

static void test_a_short_secret_is_hidden_where_it_stands_alone(void **state)
{
    static const struct shown table[] = {
        { "eightlet", "xeightlety", "x" HIDDEN "y" },
        { "test", "latest test:test tests \"test\" attest",
          "latest " HIDDEN ":" HIDDEN " tests \"" HIDDEN "\" attest" },
        { "test", "\"\\ntest\\n\" %3Atest%3A", "\"\\n" HIDDEN "\\n\" %3A" HIDDEN "%3A" },
        { "a", "a manifest a \"a\" \\\"a\\\"", "a manifest a \"" HIDDEN "\" \\\"" HIDDEN "\\\"" },
        { "abc", "abc 'abc' \"abc\" \"abcd\"", "abc 'abc' \"" HIDDEN "\" \"abcd\"" },
        { "", "\"\"", NULL },
    };

    (void)state;
    expect(table, COUNT(table));
}

static void test_what_shows_no_secret_stays_as_it_is(void **state)
{
    static const struct shown table[] = {
        { "not-a-secret", "", NULL },
        { "not-a-secret", "not-a-secre", NULL },
        { "not-a-secret", "not-a-\\", NULL },
        { "not-a-secret", "not-a-\\u12", NULL },
        { "not-a-secret", "not-a-%", NULL },
        { "not-a-secret", "not%2Da%2Dsecre%7", NULL },
        { "not-a-secret", "not-a-secre\\uD83D", NULL },
        { "not-a-secret", "bm90LWEtc2VjcmV1", NULL },
        { "\xf0\x9f\x94\x91tokens", "\\uD83D\\uDD11token \\uDD11tokens", NULL },
        { "\\\\\\\\\\\\\\\\\\\\", "\\\\\\\\\\\\\\\\\\", NULL },
    };

    (void)state;
    expect(table, COUNT(table));
    for (size_t i = 0; i < COUNT(table); i++)
        assert_ptr_equal(hidden(table[i].secret, table[i].text), table[i].text);
}

/* A made-up secret of any bytes but NUL, the same in each run. */
static const char *any_secret(unsigned *state)
{
    size_t length = 8 + (*state >> 16) % 9;
    char *secret = arena_alloc(&arena, length + 1);

    for (size_t i = 0; i < length; i++) {
        *state = *state * 1103515245 + 12345;
        secret[i] = (char)(1 + (*state >> 16) % 255);
    }
    secret[length] = '\0';
    return secret;
}

/* Each byte as two hexadecimal digits after a prefix. */
static const char *spelled(const char *prefix, const char *secret)
{
    const char *text = "";

    for (; *secret != '\0'; secret++)
        text = arena_printf(&arena, "%s%s%02x", text, prefix, (unsigned char)*secret);
    return text;
}

static const char *encoded(const char *text)
{
    const unsigned char *bytes = (const unsigned char *)text;
    size_t left = strlen(text);
    const char *code = "";

    for (; left > 0; bytes += 3, left = left > 3 ? left - 3 : 0) {
        unsigned bits = (unsigned)bytes[0] << 16 | (left > 1 ? (unsigned)bytes[1] << 8 : 0) |
                        (left > 2 ? bytes[2] : 0);

        code = arena_printf(&arena, "%s%c%c%c%c", code, base64_digits[bits >> 18],
                            base64_digits[bits >> 12 & 63],
                            left > 1 ? base64_digits[bits >> 6 & 63] : '=',
                            left > 2 ? base64_digits[bits & 63] : '=');
    }
    return code;
}

static void test_any_secret_is_hidden_in_any_spelling_and_place(void **state)
{
    unsigned seed = 1;

    (void)state;
    for (int i = 0; i < 500; i++) {
        const char *secret = any_secret(&seed);

        assert_string_equal(hidden(secret, secret), HIDDEN);
        assert_string_equal(hidden(secret, spelled("%", secret)), HIDDEN);
        assert_string_equal(hidden(secret, spelled("\\x", secret)), HIDDEN);
        assert_string_equal(hidden(secret, spelled("\\\\x", secret)), HIDDEN);
        assert_string_equal(hidden(secret, encoded(secret)), HIDDEN);
        for (size_t before = 1; before < 7; before++) {
            const char *amid = arena_printf(&arena, "%.*s%sto", (int)before, "before", secret);

            assert_non_null(strstr(hidden(secret, encoded(amid)), HIDDEN));
            /* Of the 8 digits before it and the 5 after it, the most, none is the secret's alone.
             */
            assert_true(strlen(hidden(secret, encoded(amid))) <= strlen(HIDDEN) + 13);
        }
    }
}

static void test_secrets_that_overlap_are_hidden_as_one(void **state)
{
    struct secret one = { .bytes = "12345678", .length = 8 };
    struct secret other = { .bytes = "567890ab", .length = 8 };
    struct list list;
    size_t length = 14;

    (void)state;
    list_init(&list, &arena);
    list_push(&list, &one);
    list_push(&list, &other);
    assert_string_equal(hide_in(&arena, &list, "x1234567890aby", &length), "x" HIDDEN "y");
    assert_int_equal(length, strlen("x" HIDDEN "y"));
}

static struct docker_result result;

static void hide(const ProtobufCMessage *request, const char *operand, const char *said)
{
    struct command command = { .file_count = 0 };

    strv_init(&command.argv, &arena);
    strv_push(&command.argv, "docker");
    strv_push(&command.argv, operand);
    result = (struct docker_result){ .exit_code = 1,
                                     .stdout_text = said,
                                     .stdout_length = strlen(said),
                                     .stderr_text = said,
                                     .stderr_length = strlen(said) };
    hide_result(&arena, request, &command, &result);
    assert_string_equal(result.stdout_text, result.stderr_text);
    assert_int_equal(result.stdout_length, strlen(result.stdout_text));
    assert_int_equal(result.stderr_length, strlen(result.stderr_text));
}

static void test_credentials_of_every_kind_are_hidden(void **state)
{
    CRI(AuthConfig) auth = CRI_INIT(AUTH_CONFIG);
    CRI(PullImageRequest) pull = CRI_INIT(PULL_IMAGE_REQUEST);

    (void)state;
    pull.auth = &auth;
    auth.username = (char *)(uintptr_t) "user";
    auth.password = (char *)(uintptr_t) "not-a-secret";
    hide(&pull.base, "app:1", "user user:not-a-secret not-a-secret dXNlcjpub3QtYS1zZWNyZXQ=");
    assert_string_equal(result.stderr_text, "user " HIDDEN " " HIDDEN " " HIDDEN);
    auth.password = (char *)(uintptr_t) "pw";
    hide(&pull.base, "app:1", "a pw of user:pw is dXNlcjpwdw== {\"password\":\"pw\"}");
    assert_string_equal(result.stderr_text,
                        "a pw of " HIDDEN " is " HIDDEN " {\"password\":\"" HIDDEN "\"}");
    auth.password = auth.username = (char *)(uintptr_t) "";
    auth.auth = (char *)(uintptr_t) "dXNlcjpub3Qt\nYS1zZWNyZXQ=\n";
    hide(&pull.base, "app:1",
         "user not-a-secret user:not-a-secret dXNlcjpub3QtYS1zZWNyZXQ= "
         "\"dXNlcjpub3Qt\\nYS1zZWNyZXQ=\\n\"");
    assert_string_equal(result.stderr_text, "user " HIDDEN " " HIDDEN " " HIDDEN " \"" HIDDEN "\"");
    auth.auth = (char *)(uintptr_t) "";
    auth.identity_token = (char *)(uintptr_t) "identity.token";
    auth.registry_token = (char *)(uintptr_t) "registry.token";
    hide(&pull.base, "app:1", "Bearer identity.token, Bearer registry.token");
    assert_string_equal(result.stderr_text, "Bearer " HIDDEN ", Bearer " HIDDEN);
}

static void test_a_word_of_the_command_line_is_no_secret(void **state)
{
    CRI(AuthConfig) auth = CRI_INIT(AUTH_CONFIG);
    CRI(PullImageRequest) pull = CRI_INIT(PULL_IMAGE_REQUEST);

    (void)state;
    pull.auth = &auth;
    auth.username = auth.password = (char *)(uintptr_t) "busybox";
    hide(&pull.base, "registry.example/busybox:1", "no busybox, YnVzeWJveDpidXN5Ym94");
    assert_string_equal(result.stderr_text, "no busybox, " HIDDEN);
}

static void test_the_environment_is_hidden_but_for_docker_s_own_words(void **state)
{
    CRI(CreateContainerRequest) create = CRI_INIT(CREATE_CONTAINER_REQUEST);
    CRI(ContainerConfig) config = CRI_INIT(CONTAINER_CONFIG);
    CRI(KeyValue) values[] = { CRI_INIT(KEY_VALUE), CRI_INIT(KEY_VALUE), CRI_INIT(KEY_VALUE) };
    CRI(KeyValue) *envs[] = { &values[0], &values[1], &values[2] };
    static const char *const texts[] = { "not-a-secret", "image", "" };

    (void)state;
    hide(&create.base, "app:1", "nothing");
    create.config = &config;
    config.envs = envs;
    config.n_envs = COUNT(envs);
    for (size_t i = 0; i < COUNT(envs); i++) {
        values[i].value.data = (uint8_t *)(uintptr_t)texts[i];
        values[i].value.len = strlen(texts[i]);
    }
    hide(&create.base, "app:1", "No such image: not-a-secret, bm90LWEtc2VjcmV0 aW1hZ2U=");
    assert_string_equal(result.stderr_text, "No such image: " HIDDEN ", " HIDDEN " " HIDDEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_secret_is_hidden_in_every_spelling),
        TEST(test_base64_of_a_secret_is_hidden),
        TEST(test_a_short_secret_is_hidden_where_it_stands_alone),
        TEST(test_what_shows_no_secret_stays_as_it_is),
        TEST(test_any_secret_is_hidden_in_any_spelling_and_place),
        TEST(test_secrets_that_overlap_are_hidden_as_one),
        TEST(test_credentials_of_every_kind_are_hidden),
        TEST(test_a_word_of_the_command_line_is_no_secret),
        TEST(test_the_environment_is_hidden_but_for_docker_s_own_words),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
