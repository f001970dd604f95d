/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the ending of processes that carry a marker, on processes of its own.
 * It must not know what is run in a container. */
#include <sys/wait.h>

#include "runner.h"

#include "base/clock.h"
#include "host/marked_processes.h"

static char marker[64];

static int marker_set_up(void **state)
{
    set_up(state);
    snprintf(marker, sizeof(marker), "TEST_LEFTOVER=%d", (int)getpid());
    return 0;
}

/* sh -c SCRIPT with the environment; its standard output is returned, a pipe. */
static int start(const char *script, const char *variable, pid_t *pid)
{
    int ends[2];

    assert_int_equal(pipe(ends), 0);
    *pid = fork();
    if (*pid == 0) {
        const char *const environment[] = { "PATH=/bin:/usr/bin", variable, NULL };

        dup2(ends[1], STDOUT_FILENO);
        execle("/bin/sh", "sh", "-c", script, (char *)NULL, environment);
        _exit(127);
    }
    close(ends[1]);
    return ends[0];
}

/* The script says the numbers of further processes. */
static void read_pids(int fd, pid_t *pids, size_t count)
{
    char text[256] = "";
    char *at = text;
    size_t length = 0;

    for (ssize_t got = 1; got > 0 && memchr(text, '\n', length) == NULL; length += (size_t)got)
        got = read(fd, text + length, sizeof(text) - 1 - length);
    for (size_t i = 0; i < count; i++) {
        pids[i] = (pid_t)strtol(at, &at, 10);
        assert_true(pids[i] > 1);
    }
    close(fd);
}

/* It is a child of ours, and so waited for. */
static void expect_killed(pid_t pid)
{
    int status = 0;

    for (int i = 0; i < 300; i++) {
        if (waitpid(pid, &status, WNOHANG) == pid) {
            assert_true(WIFSIGNALED(status));
            assert_int_equal(WTERMSIG(status), SIGKILL);
            return;
        }
        pause_ms(10);
    }
    fail_msg("%d lives", (int)pid);
}

static void test_a_process_that_carries_the_marker_is_killed(void **state)
{
    pid_t pid = 0;
    pid_t said = 0;
    int fd = start("trap '' TERM INT HUP; echo $$; while :; do sleep 1; done", marker, &pid);

    (void)state;
    read_pids(fd, &said, 1);
    marked_processes_end("", marker);
    expect_killed(pid);
}

static void test_its_children_of_another_environment_are_killed_too(void **state)
{
    pid_t pids[3];
    pid_t pid = 0;
    int fd =
        start("env -i PATH=/bin:/usr/bin sh -c 'sleep 60 & echo $$ $!; wait' & wait", marker, &pid);

    (void)state;
    read_pids(fd, pids, 2);
    marked_processes_end("", marker);
    expect_killed(pid);
    assert_true(ends_soon(pids[0]));
    assert_true(ends_soon(pids[1]));
}

static void test_a_process_that_keeps_starting_others_is_ended_with_them(void **state)
{
    pid_t pid = 0;
    pid_t said = 0;
    int fd = start("echo $$; while :; do env -i /bin/sleep 0.05 & sleep 0.01; done", marker, &pid);

    (void)state;
    read_pids(fd, &said, 1);
    marked_processes_end("", marker);
    expect_killed(pid);
}

/* The engine may be starting one just now. */
static void test_a_process_that_starts_a_little_later_is_found(void **state)
{
    pid_t helper = fork();
    int status = 0;

    (void)state;
    if (helper == 0) {
        pid_t pid = 0;
        pid_t said = 0;

        pause_ms(200);
        read_pids(start("echo $$; exec sleep 60", marker, &pid), &said, 1);
        _exit(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) ? 0 : 1);
    }
    marked_processes_end("", marker);
    waitpid(helper, &status, 0);
    assert_int_equal(status, 0);
}

static void test_foreign_processes_are_left_alone(void **state)
{
    const char *const others[] = {
        "OTHER=x",
        arena_printf(&arena, "%s0", marker),      /* a longer value */
        arena_printf(&arena, "X%s", marker),      /* a longer name */
        arena_printf(&arena, "OTHER=%s", marker), /* within a value */
        arena_printf(&arena, "%.*s", (int)strlen(marker) - 1, marker),
    };
    pid_t pids[COUNT(others)];
    pid_t said = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(others); i++)
        read_pids(start("echo $$; exec sleep 60", others[i], &pids[i]), &said, 1);
    marked_processes_end("", marker);
    for (size_t i = 0; i < COUNT(others); i++) {
        assert_int_equal(waitpid(pids[i], NULL, WNOHANG), 0);
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, 0);
    }
}

static void test_with_nothing_to_end_it_takes_half_a_second(void **state)
{
    int64_t begin_ms = monotonic_ms();

    (void)state;
    marked_processes_end("", marker);
    assert_in_range(monotonic_ms() - begin_ms, 400, 5000);
}

static void test_a_root_without_proc_is_no_harm(void **state)
{
    (void)state;
    marked_processes_end("/nonexistent", marker);
}

#define LEFTOVER(name) cmocka_unit_test_setup_teardown(name, marker_set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LEFTOVER(test_a_process_that_carries_the_marker_is_killed),
        LEFTOVER(test_its_children_of_another_environment_are_killed_too),
        LEFTOVER(test_a_process_that_keeps_starting_others_is_ended_with_them),
        LEFTOVER(test_a_process_that_starts_a_little_later_is_found),
        LEFTOVER(test_foreign_processes_are_left_alone),
        LEFTOVER(test_with_nothing_to_end_it_takes_half_a_second),
        LEFTOVER(test_a_root_without_proc_is_no_harm),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
