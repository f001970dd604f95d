/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests how commands are shown: a shell reads them back, and no secret is in them.
 * It must not know which RPC they are for. */
#include "runner.h"

#include "base/document.h"
#include "docker/show.h"

static int show_set_up(void **state)
{
    run_set_up(state);
    doc_use(&arena);
    return 0;
}

static const char *const hostile[] = {
    "",
    " ",
    "plain",
    "--flag=value",
    "two words",
    "it's",
    "''",
    "'",
    "\\",
    "\\'",
    "\"quoted\"",
    "$HOME $(id) `id` ${x}",
    "a\nb\n",
    "\t",
    "*?[a]{b,c}~",
    "~",
    "#no comment",
    "!history",
    "a;b&c|d<e>f",
    "=",
    "a=b",
    "\xc3\xa4\xe2\x82\xac",
    "\x01\x7f",
    "--",
    "{{json .}}",
};

static void test_a_shell_reads_back_every_word(void **state)
{
    size_t at = 0;

    (void)state;
    strv_push(&command.argv, "printf");
    strv_push(&command.argv, "%s\\0");
    for (size_t i = 0; i < COUNT(hostile); i++)
        strv_push(&command.argv, hostile[i]);
    assert_true(run_script(show_argv(&arena, &command)));
    assert_int_equal(output.result.exit_code, 0);
    for (size_t i = 0; i < COUNT(hostile); i++) {
        assert_true(at < output.result.stdout_length);
        assert_string_equal(output.result.stdout_text + at, hostile[i]);
        at += strlen(hostile[i]) + 1;
    }
    assert_int_equal(at, output.result.stdout_length);
}

static void test_words_without_need_are_not_quoted(void **state)
{
    (void)state;
    assert_string_equal(show_word(&arena, "--name=k8s_a.b-c"), "--name=k8s_a.b-c");
    assert_string_equal(show_word(&arena, "a@sha256:0,b%+/"), "a@sha256:0,b%+/");
    assert_string_equal(show_word(&arena, ""), "''");
    assert_string_equal(show_word(&arena, "it's"), "'it'\\''s'");
    assert_string_equal(show_word(&arena, "a b"), "'a b'");
}

static void test_the_command_is_one_line_of_words(void **state)
{
    (void)state;
    assert_string_equal(show_argv(&arena, &command), "");
    strv_push(&command.argv, "docker");
    strv_push(&command.argv, "stop");
    strv_push(&command.argv, "a b");
    assert_string_equal(show_argv(&arena, &command), "docker stop 'a b'");
}

static void add_file(const char *text)
{
    command.files[command.file_count++] =
        (struct command_file){ .data = text, .length = strlen(text) };
}

static void test_an_environment_file_shows_names_alone(void **state)
{
    (void)state;
    add_file("PASSWORD=secret\nEMPTY=\nTWO=secret=secret\n");
    assert_string_equal(show_file(&arena, &command, 0),
                        "PASSWORD=<redacted>\nEMPTY=<redacted>\nTWO=<redacted>\n");
}

static void test_an_environment_file_without_a_last_line_end_is_shown_alike(void **state)
{
    (void)state;
    add_file("A=secret\nB=s");
    assert_string_equal(show_file(&arena, &command, 0), "A=<redacted>\nB=<redacted>\n");
}

static void test_dockers_configuration_shows_no_secret(void **state)
{
    const char *shown = NULL;

    (void)state;
    command.config_dir = "/tmp/x";
    add_file("{\"auths\":{\"h:5\":{\"username\":\"user\",\"password\":\"secret\",\"auth\":"
             "\"secret\",\"identitytoken\":\"secret\",\"registrytoken\":\"secret\"}},"
             "\"currentContext\":\"work\"}");
    add_file("A=secret\n");
    shown = show_file(&arena, &command, 0);
    assert_null(strstr(shown, "secret"));
    assert_non_null(strstr(shown, "\"username\":\"user\""));
    assert_non_null(strstr(shown, "\"currentContext\":\"work\""));
    assert_non_null(strstr(shown, "\"password\":\"<redacted>\""));
    assert_int_equal(shown[strlen(shown) - 1], '\n');
    assert_string_equal(show_file(&arena, &command, 1), "A=<redacted>\n");
}

static void test_the_environment_shows_names_alone_but_for_the_certificates_folder(void **state)
{
    (void)state;
    assert_string_equal(show_env(&arena, "PASSWORD=secret"), "PASSWORD=<redacted>");
    assert_string_equal(show_env(&arena, "PASSWORD=a\nsecret=b"), "PASSWORD=<redacted>");
    assert_string_equal(show_env(&arena, "DOCKER_CERT_PATH=/c"), "DOCKER_CERT_PATH=/c");
    assert_string_equal(show_env(&arena, "DOCKER_CERT_PATH_X=/c"), "DOCKER_CERT_PATH_X=<redacted>");
}

#define SHOW(name) cmocka_unit_test_setup_teardown(name, show_set_up, run_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SHOW(test_a_shell_reads_back_every_word),
        SHOW(test_words_without_need_are_not_quoted),
        SHOW(test_the_command_is_one_line_of_words),
        SHOW(test_an_environment_file_shows_names_alone),
        SHOW(test_an_environment_file_without_a_last_line_end_is_shown_alike),
        SHOW(test_dockers_configuration_shows_no_secret),
        SHOW(test_the_environment_shows_names_alone_but_for_the_certificates_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
