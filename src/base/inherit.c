/* SPDX-License-Identifier: Apache-2.0 */
/* This file looks after the descriptors and signals that a program was started with.
 * It must not know what the program serves. */
#include "base/inherit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

void inherit_fill(void)
{
    int fd = 0;

    do
        fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

bool inherit_is_writable(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

void inherit_silence_stderr(void)
{
    struct stat out = { 0 };
    struct stat error = { 0 };
    int null = -1;

    if (fstat(STDOUT_FILENO, &out) != 0 || fstat(STDERR_FILENO, &error) != 0 ||
        out.st_dev != error.st_dev || out.st_ino != error.st_ino)
        return;
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (null >= 0) {
        dup2(null, STDERR_FILENO);
        close(null);
    }
}

bool inherit_check_transport(bool allow_tcp, struct err *err)
{
    const int on = 1;

    for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++) {
        struct sockaddr_storage address = { 0 };
        socklen_t length = sizeof(address);

        if (getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
            (address.ss_family != AF_INET && address.ss_family != AF_INET6))
            continue;
        if (!allow_tcp)
            return err_set(err, GRPC_PERMISSION_DENIED,
                           "a TCP socket lets anyone in who can reach it: refused unless "
                           "CRI_ONESHOT_ALLOW_TCP=yes");
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    return true;
}

static void add_unless_ignored(sigset_t *set, int number)
{
    struct sigaction action = { .sa_flags = 0 };

    if (sigaction(number, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        sigaddset(set, number);
}

void inherit_signals(sigset_t *set)
{
    static const int ending[] = { SIGTERM, SIGINT,    SIGHUP,  SIGQUIT, SIGALRM, SIGUSR1,  SIGUSR2,
                                  SIGXCPU, SIGVTALRM, SIGPROF, SIGIO,   SIGPWR,  SIGSTKFLT };

    sigemptyset(set);
    sigaddset(set, SIGCHLD);
    for (size_t i = 0; i < sizeof(ending) / sizeof(ending[0]); i++)
        add_unless_ignored(set, ending[i]);
    for (int number = SIGRTMIN; number <= SIGRTMAX; number++)
        add_unless_ignored(set, number);
}
