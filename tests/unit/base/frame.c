/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the reading and writing of frames over pipes and sockets.
 * It must not know what the bytes are. */
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#include "base/clock.h"
#include "base/frame.h"

enum { READER, WRITER, MAX_LENGTH = 1000, SOON_MS = 5000 };

/* Tests run once on a pipe and once on a socket pair. */
static bool on_sockets;
static int ends[2];
static struct frame frame;

static void open_ends(void)
{
    if (on_sockets)
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    else
        assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
}

static void close_end(int which)
{
    if (ends[which] >= 0)
        close(ends[which]);
    ends[which] = -1;
}

static int frame_set_up(void **state)
{
    set_up(state);
    signal(SIGPIPE, SIG_IGN);
    open_ends();
    frame = (struct frame){ .length = 0 };
    return 0;
}

static int pipe_set_up(void **state)
{
    on_sockets = false;
    return frame_set_up(state);
}

static int socket_set_up(void **state)
{
    on_sockets = true;
    return frame_set_up(state);
}

static int frame_tear_down(void **state)
{
    close_end(READER);
    close_end(WRITER);
    return tear_down(state);
}

static void pause_ms(long ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&time, NULL);
}

static void send_bytes(const void *bytes, size_t length)
{
    assert_int_equal(write(ends[WRITER], bytes, length), length);
}

static enum frame_status read_within(int64_t timeout_ms)
{
    return frame_read(ends[READER], MAX_LENGTH, monotonic_ms() + timeout_ms, &arena, &frame, &err);
}

static void expect_bad(enum grpc_code code)
{
    assert_int_equal(read_within(SOON_MS), FRAME_BAD);
    expect_error(code, "request: ");
}

/* --- reading --- */

static void test_end_of_file_before_the_first_byte_is_no_request(void **state)
{
    (void)state;
    close_end(WRITER);
    assert_int_equal(read_within(SOON_MS), FRAME_NONE);
    assert_int_equal(err.code, GRPC_OK);
}

static void test_a_frame_is_complete_without_end_of_file(void **state)
{
    (void)state;
    send_bytes("\x03"
               "abc",
               4);
    assert_int_equal(read_within(SOON_MS), FRAME_COMPLETE);
    assert_int_equal(frame.length, 3);
    assert_memory_equal(frame.bytes, "abc", 3);
}

static void test_an_empty_frame_is_complete(void **state)
{
    (void)state;
    send_bytes("\x00", 1);
    assert_int_equal(read_within(SOON_MS), FRAME_COMPLETE);
    assert_int_equal(frame.length, 0);
}

static void test_bytes_after_the_frame_are_left_unread(void **state)
{
    char rest[10];

    (void)state;
    send_bytes("\x82\x00"
               "abREST",
               8);
    assert_int_equal(read_within(SOON_MS), FRAME_COMPLETE);
    assert_memory_equal(frame.bytes, "ab", 2);
    assert_int_equal(read(ends[READER], rest, sizeof(rest)), 4);
    assert_memory_equal(rest, "REST", 4);
}

static void test_a_frame_truncated_at_any_byte_is_refused(void **state)
{
    char bytes[302] = "\xac\x02";

    (void)state;
    for (size_t length = 1; length < sizeof(bytes); length += length < 10 ? 1 : 29) {
        close_end(READER);
        close_end(WRITER);
        open_ends();
        send_bytes(bytes, length);
        close_end(WRITER);
        expect_bad(GRPC_INVALID_ARGUMENT);
    }
}

static void test_a_length_of_eleven_bytes_is_refused(void **state)
{
    (void)state;
    send_bytes("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11);
    expect_bad(GRPC_INVALID_ARGUMENT);
}

static void test_a_length_of_sixty_five_bits_is_refused(void **state)
{
    (void)state;
    send_bytes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", 10);
    expect_bad(GRPC_INVALID_ARGUMENT);
}

static void test_a_length_at_the_limit_is_taken_and_one_more_is_refused(void **state)
{
    char bytes[MAX_LENGTH + 2] = "\xe8\x07"; /* 1000 */

    (void)state;
    send_bytes(bytes, sizeof(bytes));
    assert_int_equal(read_within(SOON_MS), FRAME_COMPLETE);
    assert_int_equal(frame.length, MAX_LENGTH);
    bytes[0] = '\xe9';
    send_bytes(bytes, sizeof(bytes));
    expect_bad(GRPC_RESOURCE_EXHAUSTED);
}

static void test_the_largest_length_takes_no_memory(void **state)
{
    (void)state;
    send_bytes("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10);
    expect_bad(GRPC_RESOURCE_EXHAUSTED);
    assert_int_equal(arena.total, 0);
}

/* In a child: sends a byte every so many milliseconds. */
static pid_t drip(const char *bytes, size_t length, long every_ms)
{
    pid_t pid = fork();

    if (pid == 0) {
        for (size_t i = 0; i < length; i++) {
            pause_ms(every_ms);
            if (write(ends[WRITER], bytes + i, 1) != 1)
                _exit(1);
        }
        _exit(0);
    }
    return pid;
}

static void test_a_slow_sender_within_the_deadline_is_heard_out(void **state)
{
    pid_t pid = drip("\x05"
                     "abcde",
                     6, 30);

    (void)state;
    assert_int_equal(read_within(SOON_MS), FRAME_COMPLETE);
    assert_memory_equal(frame.bytes, "abcde", 5);
    waitpid(pid, NULL, 0);
}

static void test_a_slow_sender_beyond_the_deadline_is_not(void **state)
{
    pid_t pid = drip("\x7f"
                     "abcdefghijklmnopqrstuvwxyz",
                     27, 40);
    int64_t begin_ms = monotonic_ms();

    (void)state;
    assert_int_equal(read_within(300), FRAME_BAD);
    expect_error(GRPC_DEADLINE_EXCEEDED, "request: not complete within the read timeout");
    assert_in_range(monotonic_ms() - begin_ms, 300, 10000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

static void test_a_silent_client_meets_the_deadline(void **state)
{
    (void)state;
    assert_int_equal(read_within(100), FRAME_BAD);
    expect_error(GRPC_DEADLINE_EXCEEDED, "request: ");
}

static void test_what_cannot_be_read_is_told(void **state)
{
    (void)state;
    assert_int_equal(frame_read(999, MAX_LENGTH, monotonic_ms() + 100, &arena, &frame, &err),
                     FRAME_BAD);
    expect_error(GRPC_CANCELLED, "request: Bad file descriptor");
}

/* --- writing --- */

static void test_what_is_written_is_read_back_at_every_length_of_the_prefix(void **state)
{
    static const size_t lengths[] = { 0, 1, 127, 128, 1000 };
    uint8_t bytes[MAX_LENGTH];

    (void)state;
    memset(bytes, 0xa5, sizeof(bytes));
    for (size_t i = 0; i < COUNT(lengths); i++) {
        assert_true(frame_write(ends[WRITER], bytes, lengths[i], SOON_MS));
        assert_int_equal(read_within(SOON_MS), FRAME_COMPLETE);
        assert_int_equal(frame.length, lengths[i]);
        assert_memory_equal(frame.bytes, bytes, lengths[i]);
    }
}

static void test_a_large_answer_reaches_a_slow_reader_whole(void **state)
{
    enum { LARGE = 5 * 1024 * 1024 };
    uint8_t *bytes = arena_alloc(&arena, LARGE);
    pid_t pid = 0;
    int status = 0;

    (void)state;
    memset(bytes, 0x5a, LARGE);
    pid = fork();
    if (pid == 0) {
        pause_ms(200);
        _exit(frame_read(ends[READER], LARGE, monotonic_ms() + SOON_MS, &arena, &frame, &err) ==
                          FRAME_COMPLETE &&
                      frame.length == LARGE && memcmp(frame.bytes, bytes, LARGE) == 0
                  ? 0
                  : 1);
    }
    assert_true(frame_write(ends[WRITER], bytes, LARGE, SOON_MS));
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
}

static void test_a_reader_that_is_gone_is_told(void **state)
{
    (void)state;
    close_end(READER);
    assert_false(frame_write(ends[WRITER], (const uint8_t *)"abc", 3, SOON_MS));
}

static void test_a_reader_that_takes_nothing_is_given_up(void **state)
{
    enum { LARGE = 8 * 1024 * 1024 };
    const uint8_t *bytes = arena_alloc(&arena, LARGE);
    int64_t begin_ms = monotonic_ms();

    (void)state;
    assert_false(frame_write(ends[WRITER], bytes, LARGE, 200));
    assert_in_range(monotonic_ms() - begin_ms, 200, 10000);
    /* Nobody who shares the descriptor finds it changed. */
    assert_int_equal(fcntl(ends[WRITER], F_GETFL) & O_NONBLOCK, 0);
}

/* --- both --- */

/* A client that sends all before it reads, and is refused at the first bytes. */
static void test_a_client_of_an_oversized_request_still_reads_the_answer(void **state)
{
    enum { LARGE = 4 * 1024 * 1024 };
    static char bytes[LARGE] = "\x80\x80\x80\x02"; /* 4 MiB */
    char answer[10];
    int status = 0;
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        close(ends[WRITER]);
        _exit(frame_read(ends[READER], MAX_LENGTH, monotonic_ms() + SOON_MS, &arena, &frame,
                         &err) == FRAME_BAD &&
                      err.code == GRPC_RESOURCE_EXHAUSTED &&
                      frame_write(ends[READER], (const uint8_t *)"sorry", 5, SOON_MS)
                  ? 0
                  : 1);
    }
    close_end(READER);
    for (size_t at = 0; at < LARGE;) {
        ssize_t count = write(ends[WRITER], bytes + at, LARGE - at);

        assert_true(count > 0);
        at += (size_t)count;
    }
    waitpid(pid, &status, 0); /* the server has closed its end before the answer is read */
    assert_int_equal(status, 0);
    assert_int_equal(read(ends[WRITER], answer, sizeof(answer)), 6);
    assert_memory_equal(answer, "\x05sorry", 6);
}

/* The client goes on sending for ever. */
static void test_draining_an_endless_sender_ends(void **state)
{
    int64_t begin_ms = monotonic_ms();
    static char bytes[65536];
    pid_t pid = fork();

    (void)state;
    if (pid == 0) {
        memset(bytes, 0xff, sizeof(bytes));
        while (write(ends[WRITER], bytes, sizeof(bytes)) > 0)
            continue;
        _exit(0);
    }
    expect_bad(GRPC_INVALID_ARGUMENT);
    assert_in_range(monotonic_ms() - begin_ms, 0, 10000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
}

#define ON_PIPE(name)                                                                              \
    {                                                                                              \
#name " (pipe)", name, pipe_set_up, frame_tear_down, NULL                                  \
    }
#define ON_SOCKET(name)                                                                            \
    {                                                                                              \
#name " (socket)", name, socket_set_up, frame_tear_down, NULL                              \
    }
#define ON_BOTH(name) ON_PIPE(name), ON_SOCKET(name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_end_of_file_before_the_first_byte_is_no_request),
        ON_BOTH(test_a_frame_is_complete_without_end_of_file),
        ON_BOTH(test_an_empty_frame_is_complete),
        ON_BOTH(test_bytes_after_the_frame_are_left_unread),
        ON_BOTH(test_a_frame_truncated_at_any_byte_is_refused),
        ON_BOTH(test_a_length_of_eleven_bytes_is_refused),
        ON_BOTH(test_a_length_of_sixty_five_bits_is_refused),
        ON_BOTH(test_a_length_at_the_limit_is_taken_and_one_more_is_refused),
        ON_BOTH(test_the_largest_length_takes_no_memory),
        ON_BOTH(test_a_slow_sender_within_the_deadline_is_heard_out),
        ON_BOTH(test_a_slow_sender_beyond_the_deadline_is_not),
        ON_BOTH(test_a_silent_client_meets_the_deadline),
        ON_PIPE(test_what_cannot_be_read_is_told),
        ON_BOTH(test_what_is_written_is_read_back_at_every_length_of_the_prefix),
        ON_BOTH(test_a_large_answer_reaches_a_slow_reader_whole),
        ON_BOTH(test_a_reader_that_is_gone_is_told),
        ON_BOTH(test_a_reader_that_takes_nothing_is_given_up),
        ON_SOCKET(test_a_client_of_an_oversized_request_still_reads_the_answer),
        ON_BOTH(test_draining_an_endless_sender_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
