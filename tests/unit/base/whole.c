/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests that bytes are written whole or not at all, whatever they are written to, and
 * soon. It must not know what the bytes are. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#include "base/clock.h"
#include "base/whole.h"

enum { BIG = 40000, TRIES = 2000 };

static char big[BIG];
static int ends[2];
static int ours;

/* Writes lines of this length until one is lost, which must not take long; how many arrived. */
static size_t fill(size_t length)
{
    for (size_t i = 0; i < TRIES; i++) {
        int64_t begin_ms = monotonic_ms();

        if (!whole_write(ours, big, length)) {
            assert_in_range(monotonic_ms() - begin_ms, 0, 20 * WHOLE_WAIT_MS);
            return i;
        }
    }
    fail_msg("nothing fills it");
    return 0;
}

static size_t drain(void)
{
    static char bytes[1024 * 1024];
    size_t total = 0;
    ssize_t count = 1;

    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while ((count = read(ends[0], bytes, sizeof(bytes))) > 0)
        total += (size_t)count;
    return total;
}

static void open_pipe(void)
{
    assert_int_equal(pipe(ends), 0);
    ours = whole_open(ends[1]);
    assert_true(ours > 0);
}

static void close_all(void)
{
    close(ends[0]);
    close(ends[1]);
    close(ours);
}

/* --- pipes --- */

static void test_a_pipe_that_nobody_reads_loses_whole_lines(void **state)
{
    static const size_t lengths[] = { 100, 1000, PIPE_BUF, 5000, 20000, BIG };

    (void)state;
    for (size_t i = 0; i < COUNT(lengths); i++) {
        size_t count = 0;

        open_pipe();
        count = fill(lengths[i]);
        assert_true(count > 0);
        assert_int_equal(drain(), count * lengths[i]);
        assert_true(whole_write(ours, big, lengths[i]));
        close_all();
    }
}

static void test_a_pipe_of_mixed_lines_loses_whole_ones(void **state)
{
    size_t total = 0;
    bool lost = false;

    (void)state;
    open_pipe();
    for (size_t i = 0; !lost; i++) {
        size_t length = i % 3 == 0 ? 6000 : i * 37 % 3000 + 1;

        lost = !whole_write(ours, big, length);
        total += lost ? 0 : length;
    }
    assert_int_equal(drain(), total);
    close_all();
}

static void test_the_flags_of_a_shared_descriptor_stay(void **state)
{
    (void)state;
    open_pipe();
    fill(1000);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    close_all();
}

static void test_a_reader_that_is_a_little_late_gets_the_line(void **state)
{
    pid_t reader = -1;

    (void)state;
    open_pipe();
    fill(PIPE_BUF);
    reader = fork();
    if (reader == 0) {
        poll(NULL, 0, WHOLE_WAIT_MS / 5);
        drain();
        _exit(0);
    }
    assert_true(whole_write(ours, big, PIPE_BUF));
    waitpid(reader, NULL, 0);
    close_all();
}

static void test_a_pipe_without_a_reader_is_told(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    open_pipe();
    close(ends[0]);
    assert_false(whole_write(ours, big, 10));
    signal(SIGPIPE, SIG_DFL);
    close(ends[1]);
    close(ours);
}

/* --- sockets --- */

static void test_a_socket_that_nobody_reads_loses_whole_lines(void **state)
{
    static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
    static const size_t lengths[] = { 100, 5000, BIG };

    (void)state;
    for (size_t i = 0; i < COUNT(types) * COUNT(lengths); i++) {
        size_t length = lengths[i % COUNT(lengths)];
        size_t count = 0;

        assert_int_equal(socketpair(AF_UNIX, types[i / COUNT(lengths)], 0, ends), 0);
        ours = whole_open(ends[1]);
        count = fill(length);
        assert_true(count > 0);
        assert_int_equal(drain(), count * length);
        assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
        close_all();
    }
}

/* --- files --- */

static void test_a_file_that_cannot_grow_keeps_its_whole_lines(void **state)
{
    struct rlimit before;
    struct rlimit limit;
    char path[PATH_MAX];

    (void)state;
    temp_path(path, "whole.XXXXXX");
    ends[1] = mkstemp(path);
    ours = whole_open(ends[1]);
    getrlimit(RLIMIT_FSIZE, &before);
    limit = (struct rlimit){ .rlim_cur = 250, .rlim_max = before.rlim_max };
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    assert_int_equal(fill(100), 2);
    assert_int_equal(lseek(ends[1], 0, SEEK_END), 200);
    assert_true(whole_write(ours, big, 50));
    setrlimit(RLIMIT_FSIZE, &before);
    signal(SIGXFSZ, SIG_DFL);
    unlink(path);
    close(ends[1]);
    close(ours);
}

static void test_what_cannot_be_written_to_is_told(void **state)
{
    (void)state;
    assert_int_equal(whole_open(999), -1);
    ours = open("/dev/full", O_WRONLY);
    assert_false(whole_write(ours, big, 10));
    close(ours);
    ours = whole_open(open("/dev/null", O_WRONLY));
    assert_true(whole_write(ours, big, BIG));
    close(ours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_pipe_that_nobody_reads_loses_whole_lines),
        TEST(test_a_pipe_of_mixed_lines_loses_whole_ones),
        TEST(test_the_flags_of_a_shared_descriptor_stay),
        TEST(test_a_reader_that_is_a_little_late_gets_the_line),
        TEST(test_a_pipe_without_a_reader_is_told),
        TEST(test_a_socket_that_nobody_reads_loses_whole_lines),
        TEST(test_a_file_that_cannot_grow_keeps_its_whole_lines),
        TEST(test_what_cannot_be_written_to_is_told),
    };

    return cmocka_run_group_tests_name("base/whole", tests, NULL, NULL);
}
