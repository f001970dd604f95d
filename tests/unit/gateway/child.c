/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the running of a translator: shell scripts that behave, and that do not.
 * It must not know what a translator is asked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#include "gateway/child.h"

enum { MUCH = 1024 * 1024, SOON_MS = 10000 };

static struct child child;
static struct child other;
static sigset_t mask;
static char program[PATH_MAX];
static char answer[MUCH + 1];

static int child_set_up(void **state)
{
    int fd = -1;

    set_up(state);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, NULL, &mask);
    child_init(&child);
    child_init(&other);
    temp_path(program, "cri-oneshot-test.XXXXXX");
    fd = mkstemp(program);
    assert_true(fd >= 0);
    close(fd);
    return 0;
}

static int child_tear_down(void **state)
{
    child_close(&child);
    child_close(&other);
    unlink(program);
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    return tear_down(state);
}

static bool start(const char *script)
{
    FILE *file = fopen(program, "w");

    assert_non_null(file);
    fprintf(file, "#!/bin/sh\n%s\n", script);
    fclose(file);
    assert_int_equal(chmod(program, 0700), 0);
    return child_start(&child, program, &mask, &err);
}

static void give(const char *bytes, size_t length)
{
    assert_true(buf_append(&child.unsent, bytes, length));
}

/* Pushes and reads as a session does, until the answer's end. Returns its length. */
static size_t converse(void)
{
    size_t length = 0;

    for (;;) {
        struct pollfd fds[2] = { { .fd = child.out, .events = POLLIN },
                                 { .fd = child.in, .events = POLLOUT } };
        ssize_t count = 1;

        assert_true(poll(fds, 2, SOON_MS) > 0);
        if (fds[1].revents != 0)
            child_push(&child);
        if (fds[0].revents == 0)
            continue;
        count = read(child.out, answer + length, MUCH - length);
        assert_true(count >= 0);
        if (count == 0)
            break;
        length += (size_t)count;
    }
    answer[length] = '\0';
    return length;
}

static int exit_code(void)
{
    int status = 0;

    assert_true(waitpid(-1, &status, 0) > 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static void test_it_gets_the_bytes_and_gives_others_back(void **state)
{
    (void)state;
    give("abc", 3);
    assert_true(start("tr a-c A-C"));
    assert_int_equal(converse(), 3);
    assert_string_equal(answer, "ABC");
    assert_int_equal(exit_code(), 0);
}

static void test_much_goes_both_ways_at_once(void **state)
{
    const char *much = arena_alloc(&arena, MUCH - 1);

    (void)state;
    give(much, MUCH - 1);
    assert_true(start("exec cat"));
    assert_int_equal(converse(), MUCH - 1);
    assert_int_equal(exit_code(), 0);
    assert_int_equal(child.unsent.room, 0);
}

static void test_it_is_looked_for_on_the_path(void **state)
{
    (void)state;
    give("abc", 3);
    assert_true(child_start(&child, "cat", &mask, &err));
    assert_int_equal(converse(), 3);
}

static void test_one_that_cannot_be_started_is_unavailable(void **state)
{
    const char *const programs[] = { "/nonexistent/program", "no-such-program-on-path", "/", "",
                                     program };

    (void)state;
    for (size_t i = 0; i < COUNT(programs); i++) {
        give("abc", 3);
        assert_false(child_start(&child, programs[i], &mask, &err));
        expect_error(GRPC_UNAVAILABLE,
                     arena_printf(&arena, "the translator \"%s\" cannot be ", programs[i]));
        assert_int_equal(child.in, -1);
        assert_int_equal(child.out, -1);
        assert_int_equal(child.unsent.room, 0);
        assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    }
}

static size_t open_descriptors(void)
{
    DIR *folder = opendir("/proc/self/fd");
    size_t count = 0;

    assert_non_null(folder);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static void test_no_descriptor_is_lost_when_there_are_too_few(void **state)
{
    struct rlimit before;
    size_t open_before = open_descriptors();

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (rlim_t free_ones = 0; free_ones < 4; free_ones++) {
        struct rlimit few = { .rlim_max = before.rlim_max };
        int lowest = dup(STDIN_FILENO);

        close(lowest);
        few.rlim_cur = (rlim_t)lowest + free_ones;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        assert_false(child_start(&child, "cat", &mask, &err));
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        expect_error(GRPC_UNAVAILABLE, "Too many open files");
        assert_int_equal(open_descriptors(), open_before);
    }
}

static void test_one_that_reads_nothing_may_have_answered(void **state)
{
    (void)state;
    give(arena_alloc(&arena, MUCH), MUCH);
    assert_true(start("exec <&-; echo early; sleep 0.1"));
    assert_int_equal(converse(), 6);
    assert_string_equal(answer, "early\n");
    /* What it did not take is dropped. */
    while (child.in >= 0)
        child_push(&child);
    assert_int_equal(child.unsent.room, 0);
    assert_int_equal(exit_code(), 0);
}

static void test_one_that_ends_early_is_just_gone(void **state)
{
    (void)state;
    give(arena_alloc(&arena, MUCH), MUCH);
    assert_true(start("head -c 10 >/dev/null; exit 7"));
    assert_int_equal(converse(), 0);
    assert_int_equal(exit_code(), 7);
    child_push(&child);
    assert_int_equal(child.in, -1);
}

/* A full pipe is no reason to wait. */
static void test_a_push_never_blocks(void **state)
{
    (void)state;
    give(arena_alloc(&arena, MUCH), MUCH);
    assert_true(start("echo $$; exec sleep 60"));
    for (int i = 0; i < 100; i++)
        child_push(&child);
    assert_true(child.in >= 0);
    assert_true(child.sent > 0 && child.sent < MUCH);
    assert_int_equal(poll(&(struct pollfd){ .fd = child.out, .events = POLLIN }, 1, SOON_MS), 1);
    assert_true(read(child.out, answer, MUCH) > 1);
    assert_int_equal(kill((pid_t)strtol(answer, NULL, 10), SIGKILL), 0);
    assert_int_equal(exit_code(), 128 + SIGKILL);
}

static void test_closing_ends_one_that_writes(void **state)
{
    (void)state;
    give("abc", 3);
    assert_true(start("exec cat /dev/zero"));
    child_close(&child);
    child_close(&child);
    assert_int_equal(exit_code(), 128 + SIGPIPE);
    assert_int_equal(child.in, -1);
    assert_int_equal(child.out, -1);
}

/* What we were given to keep open is not ours to close: so it is seen what ours add to that. */
static void test_it_has_no_descriptor_of_ours_but_its_own(void **state)
{
    const char *before = NULL;
    int ours = -1;

    (void)state;
    assert_true(start("exec ls /proc/self/fd"));
    assert_true(converse() > 0);
    before = arena_strdup(&arena, answer);
    child_close(&child);
    ours = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(child_start(&other, "cat", &mask, &err));
    assert_true(start("exec ls /proc/self/fd"));
    assert_true(converse() > 0);
    close(ours);
    assert_string_equal(answer, before);
}

static unsigned long long signals_named(const char *name)
{
    const char *line = strstr(answer, name);

    assert_non_null(line);
    return strtoull(line + strlen(name), NULL, 16);
}

/* We ignore SIGPIPE and block signals; it must not. */
static void test_it_has_the_signal_state_that_we_were_given(void **state)
{
    sigset_t ours;

    (void)state;
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigprocmask(SIG_BLOCK, &ours, &mask);
    assert_true(start("grep -E 'SigBlk|SigIgn' /proc/self/status"));
    assert_true(converse() > 0);
    sigprocmask(SIG_SETMASK, &mask, NULL);
    assert_int_equal(signals_named("SigBlk:") >> (SIGTERM - 1) & 1, sigismember(&mask, SIGTERM));
    assert_int_equal(signals_named("SigIgn:") >> (SIGPIPE - 1) & 1, 0);
}

/* What may block is done by a process of our own. */
static void say_what_is_open(void *context)
{
    const int *fd = context;
    char text[32];
    int length = snprintf(text, sizeof(text), "%d %d %d", fcntl(STDIN_FILENO, F_GETFD) < 0,
                          fcntl(*fd, F_GETFD) < 0, fcntl(STDOUT_FILENO, F_GETFD) < 0);

    if (write(STDOUT_FILENO, text, (size_t)length) != length)
        abort();
}

static void test_a_process_of_our_own_has_only_its_pipe(void **state)
{
    int fd = open("/dev/null", O_RDONLY);
    pid_t pid = 0;

    (void)state;
    assert_true(fd >= 0);
    assert_true(child_fork(&child, say_what_is_open, &fd, &err));
    pid = child.pid;
    assert_true(pid > 0);
    assert_int_equal(child.in, -1);
    assert_true(converse() > 0);
    assert_string_equal(answer, "1 1 0");
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    close(fd);
}

static void test_each_process_is_known_by_its_number(void **state)
{
    pid_t pid = 0;

    (void)state;
    assert_true(start("exit 0"));
    pid = child.pid;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

#define CHILD(name) cmocka_unit_test_setup_teardown(name, child_set_up, child_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CHILD(test_it_gets_the_bytes_and_gives_others_back),
        CHILD(test_much_goes_both_ways_at_once),
        CHILD(test_it_is_looked_for_on_the_path),
        CHILD(test_one_that_cannot_be_started_is_unavailable),
        CHILD(test_no_descriptor_is_lost_when_there_are_too_few),
        CHILD(test_one_that_reads_nothing_may_have_answered),
        CHILD(test_one_that_ends_early_is_just_gone),
        CHILD(test_a_push_never_blocks),
        CHILD(test_closing_ends_one_that_writes),
        CHILD(test_it_has_no_descriptor_of_ours_but_its_own),
        CHILD(test_it_has_the_signal_state_that_we_were_given),
        CHILD(test_a_process_of_our_own_has_only_its_pipe),
        CHILD(test_each_process_is_known_by_its_number),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
