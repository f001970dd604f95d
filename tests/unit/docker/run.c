/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what is learnt of a command that ends by itself: its exit and its output.
 * It must not know what commands are for. */
#include <sys/wait.h>

#include "runner.h"

enum { MIB = 1024 * 1024 };

static void test_exit_codes_arrive(void **state)
{
    static const int codes[] = { 0, 1, 2, 125, 126, 127, 128, 137, 255 };

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        assert_true(run_script(arena_printf(&arena, "exit %d", codes[i])));
        assert_int_equal(output.result.exit_code, codes[i]);
        assert_int_equal(output.result.signal, 0);
        assert_false(output.ended_early);
    }
}

static void test_a_signal_is_told_from_an_exit_code(void **state)
{
    static const int signals[] = { SIGTERM, SIGKILL, SIGINT, SIGHUP, SIGUSR1 };

    (void)state;
    for (size_t i = 0; i < COUNT(signals); i++) {
        assert_true(run_script(arena_printf(&arena, "kill -%d $$", signals[i])));
        assert_int_equal(output.result.signal, signals[i]);
        assert_int_equal(output.result.exit_code, 128 + signals[i]);
    }
}

static void test_stdout_and_stderr_come_apart_and_in_order(void **state)
{
    (void)state;
    assert_true(run_script("for i in 1 2 3; do echo out$i; echo err$i >&2; done; exit 3"));
    expect_stdout("out1\nout2\nout3\n");
    assert_string_equal(output.result.stderr_text, "err1\nerr2\nerr3\n");
    assert_int_equal(output.result.stderr_length, 15);
    assert_int_equal(output.result.exit_code, 3);
}

static void test_no_output_is_empty_text(void **state)
{
    (void)state;
    assert_true(run_script(":"));
    expect_stdout("");
    assert_string_equal(output.result.stderr_text, "");
}

static void test_nul_bytes_arrive(void **state)
{
    (void)state;
    assert_true(run_script("printf 'a\\000b'"));
    assert_int_equal(output.result.stdout_length, 3);
    assert_memory_equal(output.result.stdout_text, "a\0b\0", 4);
}

static void test_ten_mebibytes_on_each_arrive_whole(void **state)
{
    enum { LINE = 8, LINES = 10 * MIB / LINE };
    char line[LINE + 1];

    (void)state;
    assert_true(run_script("seq -f %07.0f 1310720 & seq -f %07.0f 1310720 >&2; wait"));
    assert_int_equal(output.result.stdout_length, 10 * MIB);
    assert_int_equal(output.result.stderr_length, 10 * MIB);
    for (int i = 0; i < LINES; i++) {
        snprintf(line, sizeof(line), "%07d\n", i + 1);
        if (memcmp(output.result.stdout_text + (size_t)i * LINE, line, LINE) != 0 ||
            memcmp(output.result.stderr_text + (size_t)i * LINE, line, LINE) != 0)
            fail_msg("line %d", i);
    }
}

static void test_what_was_printed_just_before_the_end_arrives(void **state)
{
    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_true(run_script("head -c 60000 /dev/zero; echo last >&2"));
        assert_int_equal(output.result.stdout_length, 60000);
        assert_string_equal(output.result.stderr_text, "last\n");
    }
}

static void test_output_may_be_closed_long_before_the_end(void **state)
{
    (void)state;
    assert_true(run_script("echo a; exec >&- 2>&-; sleep 0.2; exit 4"));
    expect_stdout("a\n");
    assert_int_equal(output.result.exit_code, 4);
}

/* A helper that lives on holds the pipes open. */
static void test_a_helper_left_behind_is_not_waited_for(void **state)
{
    int64_t begin_ms = monotonic_ms();

    (void)state;
    assert_true(run_script("sleep 60 & echo $!"));
    assert_in_range(monotonic_ms() - begin_ms, 0, 30000);
    kill((pid_t)strtol(output.result.stdout_text, NULL, 10), SIGKILL);
}

/* --- the cap --- */

static void test_output_up_to_the_cap_is_no_excess(void **state)
{
    (void)state;
    command.output_cap = 100;
    assert_true(run_script("head -c 60 /dev/zero; head -c 40 /dev/zero >&2"));
    assert_int_equal(output.result.stdout_length, 60);
    assert_int_equal(output.result.stderr_length, 40);
}

static void test_output_beyond_the_cap_ends_the_command(void **state)
{
    (void)state;
    command.output_cap = MIB;
    assert_false(run_script("yes"));
    expect_error(GRPC_RESOURCE_EXHAUSTED, "docker printed too much: ");
    assert_true(output.ended_early);
    assert_int_equal(output.result.stdout_length, MIB);
    assert_false(run_script("yes >&2"));
    expect_error(GRPC_RESOURCE_EXHAUSTED, "docker printed too much: ");
}

static void test_excess_that_may_be_dropped_is_dropped(void **state)
{
    (void)state;
    command.output_cap = 1000;
    command.drop_excess = true;
    assert_true(run_script("seq 1000000; seq 1000000 >&2; exit 7"));
    assert_int_equal(output.result.exit_code, 7);
    assert_int_equal(output.result.stdout_length + output.result.stderr_length, 1000);
    assert_memory_equal(output.result.stdout_text, "1\n2\n3\n", 6);
}

/* The script stops us, so that it has printed and ended before we look at either. */
static void test_excess_printed_just_before_the_end_is_not_lost_silently(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        command.output_cap = 100;
        _exit(run_script("(sleep 0.5; kill -CONT $PPID) >/dev/null 2>&1 & kill -STOP $PPID; "
                         "head -c 200 /dev/zero")
                  ? 1
                  : (int)err.code + 100);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), GRPC_RESOURCE_EXHAUSTED + 100);
}

static void test_an_endless_writer_meets_the_deadline_though_excess_is_dropped(void **state)
{
    int64_t begin_ms = monotonic_ms();

    (void)state;
    command.output_cap = 1000;
    command.drop_excess = true;
    command.timeout_ms = 500;
    assert_false(run_script("yes"));
    expect_error(GRPC_DEADLINE_EXCEEDED, "not done in time: ");
    assert_in_range(monotonic_ms() - begin_ms, 500, 10000);
    assert_int_equal(output.result.stdout_length, 1000);
}

/* --- what cannot be started --- */

static void test_a_program_that_is_not_there_is_unavailable(void **state)
{
    (void)state;
    strv_push(&command.argv, "/nonexistent/docker");
    assert_false(run_again());
    expect_error(GRPC_UNAVAILABLE, "\"/nonexistent/docker\": No such file or directory");
    assert_false(output.ended_early);
    strv_init(&command.argv, &arena);
    strv_push(&command.argv, "no-program-of-this-name");
    assert_false(run_again());
    expect_error(GRPC_UNAVAILABLE, "\"no-program-of-this-name\": ");
}

static void test_a_program_that_cannot_be_executed_is_unavailable(void **state)
{
    (void)state;
    strv_push(&command.argv, "/etc/passwd");
    assert_false(run_again());
    expect_error(GRPC_UNAVAILABLE, "\"/etc/passwd\": Permission denied");
}

static void test_an_argument_of_more_than_the_kernel_takes_is_exhaustion(void **state)
{
    char *word = arena_alloc(&arena, 128 * 1024 + 1);

    (void)state;
    memset(word, 'a', 128 * 1024);
    strv_push(&command.argv, "true");
    strv_push(&command.argv, word);
    assert_false(run_again());
    expect_error(GRPC_RESOURCE_EXHAUSTED, "too long");
}

static void test_arguments_of_more_than_the_kernel_takes_in_all_are_exhaustion(void **state)
{
    char *word = arena_alloc(&arena, 100 * 1024 + 1);

    (void)state;
    memset(word, 'a', 100 * 1024);
    strv_push(&command.argv, "true");
    for (int i = 0; i < 100; i++)
        strv_push(&command.argv, word);
    assert_false(run_again());
    expect_error(GRPC_RESOURCE_EXHAUSTED, "too long");
}

/* --- signals at our start --- */

static void test_an_exit_code_arrives_although_our_parent_ignored_sigchld(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        signal(SIGCHLD, SIG_IGN);
        _exit(run_script("exit 9") ? output.result.exit_code : 1);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 9);
}

static void test_our_signal_mask_is_as_before(void **state)
{
    sigset_t before;
    sigset_t after;

    (void)state;
    sigprocmask(SIG_BLOCK, NULL, &before);
    assert_true(run_script("true"));
    sigprocmask(SIG_BLOCK, NULL, &after);
    for (int number = 1; number < 32; number++)
        assert_int_equal(sigismember(&before, number), sigismember(&after, number));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        RUN(test_exit_codes_arrive),
        RUN(test_a_signal_is_told_from_an_exit_code),
        RUN(test_stdout_and_stderr_come_apart_and_in_order),
        RUN(test_no_output_is_empty_text),
        RUN(test_nul_bytes_arrive),
        RUN(test_ten_mebibytes_on_each_arrive_whole),
        RUN(test_what_was_printed_just_before_the_end_arrives),
        RUN(test_output_may_be_closed_long_before_the_end),
        RUN(test_a_helper_left_behind_is_not_waited_for),
        RUN(test_output_up_to_the_cap_is_no_excess),
        RUN(test_output_beyond_the_cap_ends_the_command),
        RUN(test_excess_that_may_be_dropped_is_dropped),
        RUN(test_excess_printed_just_before_the_end_is_not_lost_silently),
        RUN(test_an_endless_writer_meets_the_deadline_though_excess_is_dropped),
        RUN(test_a_program_that_is_not_there_is_unavailable),
        RUN(test_a_program_that_cannot_be_executed_is_unavailable),
        RUN(test_an_argument_of_more_than_the_kernel_takes_is_exhaustion),
        RUN(test_arguments_of_more_than_the_kernel_takes_in_all_are_exhaustion),
        RUN(test_an_exit_code_arrives_although_our_parent_ignored_sigchld),
        RUN(test_our_signal_mask_is_as_before),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
