/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what is done about the descriptors and signals that a program was started with,
 * in processes of their own.
 * It must not know what the program serves. */
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

#include "base/inherit.h"

enum { GOOD = 42 };

typedef bool check_function(void);

/* Runs it in a child, whose descriptors it may change. */
static void check(check_function *function)
{
    int status = 0;
    pid_t child = -1;

    fflush(stdout);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(function() ? GOOD : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), GOOD);
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static bool is_null(int fd)
{
    struct stat found;
    struct stat null;

    return fstat(fd, &found) == 0 && stat("/dev/null", &null) == 0 &&
           found.st_rdev == null.st_rdev && S_ISCHR(found.st_mode);
}

/* --- inherit_fill --- */

static bool fills(unsigned closed)
{
    struct stat before[3];
    struct stat after;
    int next = -1;

    for (int fd = 0; fd < 3; fd++)
        if ((closed >> fd & 1) != 0)
            close(fd);
        else if (fstat(fd, &before[fd]) != 0)
            return false;
    inherit_fill();
    for (int fd = 0; fd < 3; fd++) {
        if (!is_open(fd))
            return false;
        if ((closed >> fd & 1) == 0) {
            /* What was open is as it was. */
            if (fstat(fd, &after) != 0 || after.st_dev != before[fd].st_dev ||
                after.st_ino != before[fd].st_ino)
                return false;
        } else if (!is_null(fd) || write(fd, "a", 1) == 1) {
            return false; /* nothing can be written to what we have made */
        }
    }
    next = dup(0);
    return next > 2;
}

static unsigned closed_ones;

static bool fills_them(void)
{
    return fills(closed_ones);
}

static void test_the_first_three_descriptors_are_never_ours(void **state)
{
    (void)state;
    for (closed_ones = 0; closed_ones < 8; closed_ones++)
        check(fills_them);
}

static bool leaves_none(void)
{
    int before = dup(0);

    close(before);
    inherit_fill();
    return dup(0) == before;
}

static void test_filling_leaves_no_descriptor_behind(void **state)
{
    (void)state;
    check(leaves_none);
}

/* --- inherit_silence_stderr --- */

static bool silences_a_socket(void)
{
    int ends[2];
    char byte = 0;

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return false;
    dup2(ends[0], STDOUT_FILENO);
    dup2(ends[0], STDERR_FILENO);
    inherit_silence_stderr();
    return is_null(STDERR_FILENO) && write(STDERR_FILENO, "a", 1) == 1 &&
           write(STDOUT_FILENO, "b", 1) == 1 && read(ends[1], &byte, 1) == 1 && byte == 'b';
}

static bool keeps_another(void)
{
    int ends[2];
    char byte = 0;

    if (pipe(ends) != 0 || dup2(open("/dev/null", O_WRONLY), STDOUT_FILENO) < 0)
        return false;
    dup2(ends[1], STDERR_FILENO);
    inherit_silence_stderr();
    return write(STDERR_FILENO, "a", 1) == 1 && read(ends[0], &byte, 1) == 1 && byte == 'a';
}

static bool keeps_a_closed_one(void)
{
    close(STDERR_FILENO);
    inherit_silence_stderr();
    return !is_open(STDERR_FILENO);
}

static void test_standard_error_is_silent_only_where_it_is_the_clients_socket(void **state)
{
    (void)state;
    check(silences_a_socket);
    check(keeps_another);
    check(keeps_a_closed_one);
}

/* --- inherit_check_transport --- */

static int tcp_socket(int family)
{
    return socket(family, SOCK_STREAM, 0);
}

static int kept_alive(int fd)
{
    int on = -1;
    socklen_t length = sizeof(on);

    return getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, &length) == 0 ? on : -1;
}

/* A socket of the family as standard input, standard output or both. */
static bool refuses(int family, bool in, bool out)
{
    int tcp = tcp_socket(family);
    int null = open("/dev/null", O_RDWR);

    if (tcp < 0 || dup2(in ? tcp : null, STDIN_FILENO) < 0 ||
        dup2(out ? tcp : null, STDOUT_FILENO) < 0)
        return false;
    if (inherit_check_transport(false, &err) || err.code != GRPC_PERMISSION_DENIED ||
        strstr(err.text, "CRI_ONESHOT_ALLOW_TCP") == NULL)
        return false;
    err = (struct err){ .code = GRPC_OK };
    return inherit_check_transport(true, &err) && err.code == GRPC_OK && kept_alive(tcp) == 1;
}

static bool refuses_tcp(void)
{
    return refuses(AF_INET, true, true) && refuses(AF_INET, true, false) &&
           refuses(AF_INET, false, true);
}

static bool refuses_tcp_of_ipv6(void)
{
    int probe = tcp_socket(AF_INET6);

    if (probe < 0) /* a host without it cannot be reached by it */
        return true;
    close(probe);
    return refuses(AF_INET6, true, true);
}

static void test_tcp_is_refused_unless_it_is_allowed_and_kept_alive(void **state)
{
    (void)state;
    check(refuses_tcp);
    check(refuses_tcp_of_ipv6);
}

static bool takes_others(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        return false;
    dup2(ends[0], STDIN_FILENO);
    dup2(ends[0], STDOUT_FILENO);
    if (!inherit_check_transport(false, &err))
        return false;
    if (pipe(ends) != 0)
        return false;
    dup2(ends[0], STDIN_FILENO);
    dup2(ends[1], STDOUT_FILENO);
    return inherit_check_transport(false, &err) && err.code == GRPC_OK;
}

static void test_unix_sockets_and_pipes_are_taken(void **state)
{
    (void)state;
    check(takes_others);
}

/* --- inherit_signals --- */

static bool takes_ending_signals(void)
{
    static const int meant[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT };
    static const int others[] = { SIGPIPE, SIGSEGV, SIGTSTP, SIGCONT, SIGWINCH };
    sigset_t set;

    for (size_t i = 0; i < COUNT(meant); i++)
        signal(meant[i], SIG_DFL);
    inherit_signals(&set);
    for (size_t i = 0; i < COUNT(meant); i++)
        if (sigismember(&set, meant[i]) != 1)
            return false;
    for (size_t i = 0; i < COUNT(others); i++)
        if (sigismember(&set, others[i]) != 0)
            return false;
    return true;
}

/* nohup's work is not undone. */
static bool leaves_an_ignored_one(void)
{
    sigset_t set;

    signal(SIGHUP, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);
    inherit_signals(&set);
    return sigismember(&set, SIGHUP) == 0 && sigismember(&set, SIGCHLD) == 1;
}

static void test_the_signals_that_end_us_are_taken_but_for_ignored_ones(void **state)
{
    (void)state;
    check(takes_ending_signals);
    check(leaves_an_ignored_one);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_first_three_descriptors_are_never_ours),
        TEST(test_filling_leaves_no_descriptor_behind),
        TEST(test_standard_error_is_silent_only_where_it_is_the_clients_socket),
        TEST(test_tcp_is_refused_unless_it_is_allowed_and_kept_alive),
        TEST(test_unix_sockets_and_pipes_are_taken),
        TEST(test_the_signals_that_end_us_are_taken_but_for_ignored_ones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
