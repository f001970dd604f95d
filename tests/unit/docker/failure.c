/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the reading of docker's failures where no case shows it: tests/failures.tap has
 * the table's rows. It must not know which RPC failed. */
#include "test.h"

#include "docker/failure.h"

#define DAEMON "Error response from daemon: "
#define HELP20 "See 'docker run --help'.\n"
#define HELP28 "\nRun 'docker run --help' for more information\n"

struct message {
    const char *said; /* on stderr */
    enum grpc_code code;
    const char *text;
};

static struct docker_result result_of(const char *said)
{
    return (struct docker_result){
        .exit_code = 1, .stdout_text = "", .stderr_text = said, .stderr_length = strlen(said)
    };
}

static void expect_messages(const struct message *messages, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct docker_result result = result_of(messages[i].said);

        err = (struct err){ .code = GRPC_OK };
        assert_false(failure_set(&arena, &result, &err));
        if (err.code != messages[i].code || strcmp(err.text, messages[i].text) != 0)
            fail_msg("%s: \"%s\"\nfrom \"%s\"", grpc_code_name(err.code), err.text,
                     messages[i].said);
    }
}

static void test_the_rest_is_told_as_it_is(void **state)
{
    static const struct message messages[] = {
        { DAEMON "write /a: no space left on device\n", GRPC_RESOURCE_EXHAUSTED,
          "write /a: no space left on device" },
        { "something else\n", GRPC_UNKNOWN, "something else" },
        { "one\ntwo\n", GRPC_UNKNOWN, "one; two" },
        { "", GRPC_UNKNOWN, "docker exited with 1 and said nothing" },
        { "\r\n\n", GRPC_UNKNOWN, "docker exited with 1 and said nothing" },
        { "WARNING: no swap limit support\n" DAEMON "no\r\n", GRPC_UNKNOWN, "no" },
        { "bytes \xff\n", GRPC_UNKNOWN, "bytes ?" },
        { "Unable to find image 'pause:1' locally\npause:1: Pulling from a\n"
          "docker: " DAEMON "no space left on device.\n" HELP20,
          GRPC_RESOURCE_EXHAUSTED, "no space left on device" },
    };

    (void)state;
    expect_messages(messages, COUNT(messages));
}

static void test_docker_killed_by_a_signal_is_internal(void **state)
{
    struct docker_result result = result_of("Error: No such container: 01\n");

    (void)state;
    result.signal = 9;
    result.exit_code = 137;
    assert_false(failure_set(&arena, &result, &err));
    expect_error(GRPC_INTERNAL, "killed by signal 9");
}

static void test_an_unknown_container_is_ours_when_the_message_names_it(void **state)
{
    static const struct {
        const char *said;
        const char *id;
        bool unknown;
    } table[] = {
        { "Error: No such container: 0123456789ab\n", "0123456789ab", true },
        { "Error: No such container: 0123456789abcdef\n", "0123456789ab", true },
        { "Error response from daemon: No such container: 0123456789ab\n", "0123456789ab", true },
        { "Error: No such object: 0123456789ab\n", "0123456789ab", true },
        { "Error response from daemon: no such object: 0123456789ab\n", "0123456789ab", true },
        { "Error response from daemon: No such container: ffff\n", "0123456789ab", false },
        { "Container 0123456789ab is not running\n", "0123456789ab", false },
        { "", "0123456789ab", false },
        { "Error: No such container: ffff\n", "", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct docker_result result = result_of(table[i].said);

        if (failure_is_unknown(&result, table[i].id) != table[i].unknown)
            fail_msg("\"%s\" of \"%s\"", table[i].said, table[i].id);
    }
}

static void test_patterns_match_pieces_in_order_in_any_case(void **state)
{
    (void)state;
    assert_true(failure_matches("The Container name /a is ALREADY in use", "container name*use"));
    assert_false(failure_matches("use the container name", "container name*use"));
    assert_true(failure_matches("anything", ""));
    assert_true(failure_matches("anything", "*thing"));
    assert_false(failure_matches("", "a"));
    assert_false(failure_matches("aba", "ab*ba"));
}

static void test_a_pattern_may_be_of_a_part(void **state)
{
    static const char *const denied[] = { "denied: no",    "DENIED",
                                          "denied; no",    "a: denied: no",
                                          "a; denied: no", "permission denied: a: denied: no" };
    static const char *const eof[] = { "EOF",       "Get \"a\": EOF", "EOF; more",
                                       "a: EOF: b", "a: EOF.",        "a: EOFs: EOF" };
    static const char *const no_eof[] = { "geof", "EOFs", "a EOF", "EOF more", "a:EOF" };

    (void)state;
    for (size_t i = 0; i < COUNT(denied); i++)
        assert_true(failure_matches(denied[i], "^denied$"));
    assert_false(failure_matches("permission denied: no", "^denied$"));
    assert_false(failure_matches("exec: \"a\": permission denied: unknown", "^denied$"));
    for (size_t i = 0; i < COUNT(eof); i++)
        assert_true(failure_matches(eof[i], "^eof$"));
    for (size_t i = 0; i < COUNT(no_eof); i++)
        assert_false(failure_matches(no_eof[i], "^eof$"));
    assert_true(failure_matches("a: b c d", "^b*d$"));
    assert_false(failure_matches("ab c d", "^b*d$"));
}

static void test_a_word_of_docker_s_is_known(void **state)
{
    (void)state;
    assert_true(failure_has_word("image"));
    assert_true(failure_has_word("DENIED"));
    assert_false(failure_has_word("not-a-secret"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_rest_is_told_as_it_is),
        TEST(test_docker_killed_by_a_signal_is_internal),
        TEST(test_an_unknown_container_is_ours_when_the_message_names_it),
        TEST(test_patterns_match_pieces_in_order_in_any_case),
        TEST(test_a_pattern_may_be_of_a_part),
        TEST(test_a_word_of_docker_s_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
