/* SPDX-License-Identifier: Apache-2.0 */
/* This file listens on a unix socket, and forks for each connection.
 * It must not know what a connection is served. */
#include "gateway/listen.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/inherit.h"

enum { BACKLOG = 1024, PAUSE_MS = 100, MASK = 0777 };

struct listener {
    const struct listen_options *options;
    struct sockaddr_un address;
    struct stat made; /* the socket's file */
    int fd;
    int signals; /* signalfd */
    sigset_t mask;
    pid_t *children; /* options->connections of them; 0: none */
    size_t count;
};

static bool complain(const struct listener *listener, const char *what)
{
    fprintf(stderr, "cri-gateway: \"%s\": %s\n", listener->options->path, what);
    return false;
}

/* ==== the socket ==== */

/* What an earlier listener has left behind is removed; anything else is not ours. */
static bool clear_path(struct listener *listener)
{
    const struct sockaddr *address = (const struct sockaddr *)&listener->address;
    const char *path = listener->options->path;
    struct stat found = { 0 };
    int probe = -1;
    bool left = false;

    if (lstat(path, &found) != 0)
        return errno == ENOENT || complain(listener, strerror(errno));
    if (!S_ISSOCK(found.st_mode))
        return complain(listener, "is there already, and no socket");
    probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    left = probe >= 0 && connect(probe, address, sizeof(listener->address)) != 0 &&
           errno == ECONNREFUSED;
    if (probe >= 0)
        close(probe);
    if (!left)
        return complain(listener, "somebody listens on it");
    return unlink(path) == 0 || complain(listener, strerror(errno));
}

/* From its first moment nobody can connect to it who may not. */
static bool bind_socket(struct listener *listener)
{
    const struct listen_options *options = listener->options;
    const struct sockaddr *address = (const struct sockaddr *)&listener->address;
    mode_t before = umask(MASK);
    int failed = bind(listener->fd, address, sizeof(listener->address)) == 0 ? 0 : errno;

    umask(before);
    if (failed == 0 &&
        (chown(options->path, options->user, options->group) != 0 ||
         chmod(options->path, options->mode) != 0 || stat(options->path, &listener->made) != 0 ||
         listen(listener->fd, BACKLOG) != 0)) {
        failed = errno;
        unlink(options->path);
    }
    return failed == 0 || complain(listener, strerror(failed));
}

static bool open_socket(struct listener *listener)
{
    const char *path = listener->options->path;

    listener->address.sun_family = AF_UNIX;
    if (*path == '\0' || strlen(path) >= sizeof(listener->address.sun_path))
        return complain(listener, "is no path that a socket can have");
    memcpy(listener->address.sun_path, path, strlen(path));
    listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener->fd < 0)
        return complain(listener, strerror(errno));
    return clear_path(listener) && bind_socket(listener);
}

static void close_socket(struct listener *listener)
{
    struct stat found = { 0 };

    close(listener->fd);
    if (lstat(listener->options->path, &found) == 0 && found.st_ino == listener->made.st_ino &&
        found.st_dev == listener->made.st_dev)
        unlink(listener->options->path);
}

/* ==== connections ==== */

static pid_t *slot_of(struct listener *listener, pid_t child)
{
    for (size_t i = 0; i < listener->options->connections; i++)
        if (listener->children[i] == child)
            return &listener->children[i];
    return NULL;
}

static void reap_connections(struct listener *listener)
{
    pid_t child = 0;

    while (listener->count > 0 && (child = waitpid(-1, NULL, WNOHANG)) > 0) {
        pid_t *slot = slot_of(listener, child);

        if (slot != NULL) {
            *slot = 0;
            listener->count--;
        }
    }
}

static int serve_connection(const struct listener *listener, int connection, listen_serve *serve,
                            void *context)
{
    close(listener->fd);
    close(listener->signals);
    sigprocmask(SIG_SETMASK, &listener->mask, NULL);
    dup2(connection, STDIN_FILENO);
    dup2(connection, STDOUT_FILENO);
    close(connection);
    return serve(context);
}

static void take_connection(struct listener *listener, listen_serve *serve, void *context)
{
    int connection = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    pid_t child = -1;

    if (connection < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            poll(NULL, 0, PAUSE_MS);
        return;
    }
    child = fork();
    if (child == 0)
        _exit(serve_connection(listener, connection, serve, context));
    close(connection);
    if (child > 0) {
        *slot_of(listener, 0) = child;
        listener->count++;
    }
}

/* ==== the loop ==== */

/* Whether one came that ends us. */
static bool note_listeners_signals(struct listener *listener)
{
    struct signalfd_siginfo info;
    bool end = false;

    while (read(listener->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        end = end || info.ssi_signo != SIGCHLD;
    reap_connections(listener);
    return end;
}

static void serve_all(struct listener *listener, listen_serve *serve, void *context)
{
    for (;;) {
        bool full = listener->count == listener->options->connections;
        struct pollfd fds[2] = { { .fd = full ? -1 : listener->fd, .events = POLLIN },
                                 { .fd = listener->signals, .events = POLLIN } };

        if (poll(fds, 2, -1) < 0)
            continue;
        if (fds[1].revents != 0 && note_listeners_signals(listener))
            return;
        if (fds[0].revents != 0)
            take_connection(listener, serve, context);
    }
}

static void tell_connections(const struct listener *listener)
{
    for (size_t i = 0; i < listener->options->connections; i++)
        if (listener->children[i] != 0)
            kill(listener->children[i], SIGTERM);
}

/* They finish what they are asked; who tells us once more tells them, and they end at once. */
static void end_connections(struct listener *listener)
{
    bool told = true;

    while (listener->count > 0) {
        struct pollfd fd = { .fd = listener->signals, .events = POLLIN };

        if (told)
            tell_connections(listener);
        poll(&fd, 1, -1);
        told = note_listeners_signals(listener);
    }
}

static bool watch_signals(struct listener *listener)
{
    sigset_t ours;

    inherit_signals(&ours);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_BLOCK, &ours, &listener->mask);
    listener->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    return listener->signals >= 0 || complain(listener, strerror(errno));
}

int listen_on(const struct listen_options *options, listen_serve *serve, void *context)
{
    struct listener listener = { .options = options, .fd = -1, .signals = -1 };

    listener.children = calloc(options->connections, sizeof(*listener.children));
    if (listener.children == NULL || !watch_signals(&listener) || !open_socket(&listener)) {
        free(listener.children);
        return EXIT_FAILURE;
    }
    fprintf(stderr, "cri-gateway: listens on \"%s\", mode %04o\n", options->path, options->mode);
    serve_all(&listener, serve, context);
    close_socket(&listener);
    end_connections(&listener);
    close(listener.signals);
    free(listener.children);
    return EXIT_SUCCESS;
}
