/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests how a command is ended: by a deadline, by its client, by a signal to us.
 * It must not know what commands are for. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "runner.h"

/* A script that says its number and that of a child of its own first. Its words stay in
 * output.result, also when it is ended. */
static void expect_group_gone(void)
{
    char *end = NULL;
    pid_t leader = (pid_t)strtol(output.result.stdout_text, &end, 10);
    pid_t member = (pid_t)strtol(end, &end, 10);

    assert_true(leader > 1 && member > 1);
    assert_true(ends_soon(leader));
    assert_true(ends_soon(member));
}

/* And then the file at $READY is there. */
#define SAY_GROUP "sleep 60 & echo $$ $!; touch \"$READY\"; "

static char ready[PATH_MAX];

static int end_set_up(void **state)
{
    run_set_up(state);
    temp_path(ready, "ready");
    unlink(ready);
    setenv("READY", ready, 1);
    return 0;
}

static int end_tear_down(void **state)
{
    unlink(ready);
    return run_tear_down(state);
}

static void await_ready(void)
{
    while (access(ready, F_OK) != 0)
        pause_ms(10);
}

/* --- the deadline --- */

static void test_the_deadline_ends_the_command_and_its_group(void **state)
{
    int64_t begin_ms = monotonic_ms();

    (void)state;
    limits.deadline_ms = begin_ms + 1000;
    assert_false(run_script(SAY_GROUP "wait"));
    expect_error(GRPC_DEADLINE_EXCEEDED, "what its engine has begun may go on");
    assert_in_range(monotonic_ms() - begin_ms, 1000, 5000);
    assert_true(output.ended_early);
    assert_int_equal(output.result.signal, SIGTERM);
    expect_group_gone();
}

static void test_what_ignores_term_is_killed_after_the_grace(void **state)
{
    int64_t begin_ms = monotonic_ms();

    (void)state;
    limits.deadline_ms = begin_ms + 1000;
    assert_false(run_script("trap '' TERM; " SAY_GROUP "wait"));
    expect_error(GRPC_DEADLINE_EXCEEDED, "not done in time: ");
    assert_in_range(monotonic_ms() - begin_ms, 1000 + RUN_GRACE_MS, 10000 + RUN_GRACE_MS);
    assert_int_equal(output.result.signal, SIGKILL);
    expect_group_gone();
}

static void test_a_member_of_the_group_that_ignores_term_is_killed_too(void **state)
{
    (void)state;
    limits.deadline_ms = monotonic_ms() + 1000;
    assert_false(run_script("(trap '' TERM; sleep 60) & echo $$ $!; wait"));
    expect_error(GRPC_DEADLINE_EXCEEDED, "not done in time: ");
    expect_group_gone();
}

static void test_a_command_that_ends_well_on_term_is_late_all_the_same(void **state)
{
    (void)state;
    limits.deadline_ms = monotonic_ms() + 1000;
    assert_false(run_script("trap 'exit 0' TERM; sleep 60 & wait"));
    expect_error(GRPC_DEADLINE_EXCEEDED, "not done in time: ");
    assert_int_equal(output.result.exit_code, 0);
}

static void test_after_the_deadline_no_command_is_run(void **state)
{
    (void)state;
    limits.deadline_ms = monotonic_ms() - 1000;
    assert_false(run_script("kill -KILL $PPID"));
    expect_error(GRPC_DEADLINE_EXCEEDED, "not done in time: docker was not run");
    assert_false(output.ended_early);
}

static void test_a_command_within_its_deadline_is_not_touched(void **state)
{
    (void)state;
    limits.deadline_ms = monotonic_ms() + 10000;
    command.timeout_ms = 10000;
    assert_true(run_script("sleep 0.1; echo done"));
    expect_stdout("done\n");
}

static void test_the_earlier_of_two_deadlines_counts(void **state)
{
    int64_t begin_ms = monotonic_ms();

    (void)state;
    limits.deadline_ms = begin_ms + 1000;
    command.timeout_ms = 20000;
    assert_false(run_script("sleep 60"));
    limits.deadline_ms = begin_ms + 20000;
    command.timeout_ms = 300;
    assert_false(run_script("sleep 60"));
    assert_in_range(monotonic_ms() - begin_ms, 1300, 15000);
}

/* --- the client --- */

static pid_t close_later(int fd, int other)
{
    pid_t pid = fork();

    if (pid == 0) {
        close(other);
        await_ready();
        close(fd);
        _exit(0);
    }
    close(fd);
    return pid;
}

static void expect_hangup(int ours, int theirs)
{
    int64_t begin_ms = monotonic_ms();
    pid_t pid = close_later(theirs, ours);

    limits.client = ours;
    assert_false(run_script(SAY_GROUP "wait"));
    expect_error(GRPC_CANCELLED, "the client has gone: ");
    assert_in_range(monotonic_ms() - begin_ms, 0, 10000);
    expect_group_gone();
    waitpid(pid, NULL, 0);
    close(ours);
}

static void test_a_socket_client_that_hangs_up_ends_the_command(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    expect_hangup(ends[0], ends[1]);
}

static void test_a_pipe_reader_that_goes_ends_the_command(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    expect_hangup(ends[1], ends[0]);
}

static void test_for_a_client_that_was_gone_before_no_command_is_run(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    limits.client = ends[1];
    assert_false(run_script("kill -KILL $PPID"));
    expect_error(GRPC_CANCELLED, "the client has gone: docker was not run");
    assert_false(output.ended_early);
    close(ends[1]);
}

static void test_a_half_closed_socket_is_a_client_that_waits(void **state)
{
    int ends[2];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(shutdown(ends[1], SHUT_WR), 0);
    limits.client = ends[0];
    assert_true(run_script("sleep 0.3; echo done"));
    expect_stdout("done\n");
    close(ends[0]);
    close(ends[1]);
}

static void test_bytes_that_a_client_sends_meanwhile_are_no_hangup(void **state)
{
    int ends[2];
    char bytes[10];

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(write(ends[1], "more", 4), 4);
    limits.client = ends[0];
    assert_true(run_script("sleep 0.2"));
    assert_int_equal(read(ends[0], bytes, sizeof(bytes)), 4);
    close(ends[0]);
    close(ends[1]);
}

static void test_a_file_or_null_as_client_never_hangs_up(void **state)
{
    char file[PATH_MAX];

    (void)state;
    limits.client = open("/dev/null", O_WRONLY | O_CLOEXEC);
    assert_true(run_script("sleep 0.2"));
    close(limits.client);
    temp_path(file, "");
    limits.client = open(file, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    assert_true(limits.client >= 0);
    assert_true(run_script("sleep 0.2"));
    close(limits.client);
}

/* --- a signal to us --- */

static void expect_ending_by(int number)
{
    int said[2];
    char text[64] = "";
    int status = 0;
    pid_t pid = 0;

    assert_int_equal(pipe2(said, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        bool done = run_script(SAY_GROUP "wait");

        if (write(said[1], output.result.stdout_text, output.result.stdout_length) < 0)
            _exit(99);
        _exit(done ? 98 : (int)err.code);
    }
    close(said[1]);
    await_ready();
    unlink(ready);
    kill(pid, number);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), GRPC_CANCELLED);
    assert_true(read(said[0], text, sizeof(text) - 1) > 0);
    output.result.stdout_text = text;
    expect_group_gone();
    close(said[0]);
}

static void test_a_signal_that_ends_us_ends_the_command_and_its_group(void **state)
{
    static const int signals[] = { SIGTERM, SIGINT, SIGHUP };

    (void)state;
    for (size_t i = 0; i < COUNT(signals); i++)
        expect_ending_by(signals[i]);
}

/* As under nohup. */
static void test_a_signal_that_we_were_started_to_ignore_ends_nothing(void **state)
{
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        signal(SIGHUP, SIG_IGN);
        _exit(run_script("kill -HUP $PPID; sleep 0.3; exit 5") ? output.result.exit_code : 1);
    }
    waitpid(pid, &status, 0);
    assert_int_equal(WEXITSTATUS(status), 5);
}

/* A run_consumer that is slow over what comes first, and stops at an x. */
static size_t stop_at_x(void *context, const char *bytes, size_t length)
{
    int *stops = context;

    if (memchr(bytes, 'x', length) != NULL) {
        (*stops)++;
        return RUN_STOP;
    }
    pause_ms(400);
    return length;
}

static void test_a_consumer_that_stops_is_not_asked_again_though_the_command_has_ended(void **state)
{
    int stops = 0;

    (void)state;
    limits.consumer = stop_at_x;
    limits.context = &stops;
    assert_false(run_script("echo a; sleep 0.1; echo x"));
    assert_int_equal(stops, 1);
    assert_int_equal(err.code, GRPC_CANCELLED);
    assert_true(output.ended_early);
}

#define END(name) cmocka_unit_test_setup_teardown(name, end_set_up, end_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        END(test_the_deadline_ends_the_command_and_its_group),
        END(test_what_ignores_term_is_killed_after_the_grace),
        END(test_a_member_of_the_group_that_ignores_term_is_killed_too),
        END(test_a_command_that_ends_well_on_term_is_late_all_the_same),
        END(test_after_the_deadline_no_command_is_run),
        END(test_a_command_within_its_deadline_is_not_touched),
        END(test_the_earlier_of_two_deadlines_counts),
        END(test_a_socket_client_that_hangs_up_ends_the_command),
        END(test_a_pipe_reader_that_goes_ends_the_command),
        END(test_for_a_client_that_was_gone_before_no_command_is_run),
        END(test_a_half_closed_socket_is_a_client_that_waits),
        END(test_bytes_that_a_client_sends_meanwhile_are_no_hangup),
        END(test_a_file_or_null_as_client_never_hangs_up),
        END(test_a_signal_that_ends_us_ends_the_command_and_its_group),
        END(test_a_signal_that_we_were_started_to_ignore_ends_nothing),
        END(test_a_consumer_that_stops_is_not_asked_again_though_the_command_has_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
