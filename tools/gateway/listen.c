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
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/inherit.h"
#include "gateway/place.h"

enum { PAUSE_MS = 100 };

struct listener {
    const struct listen_options *options;
    struct place place;
    struct tokens tokens;
    int signals; /* signalfd */
    sigset_t mask;
    pid_t *children; /* options->connections of them; 0: none */
    size_t count;
};

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
            tokens_recover(&listener->tokens, (size_t)(slot - listener->children));
            *slot = 0;
            listener->count--;
        }
    }
}

static int serve_connection(struct listener *listener, int connection, listen_serve *serve,
                            void *context)
{
    place_close(&listener->place);
    close(listener->signals);
    sigprocmask(SIG_SETMASK, &listener->mask, NULL);
    dup2(connection, STDIN_FILENO);
    dup2(connection, STDOUT_FILENO);
    close(connection);
    return serve(context, &listener->tokens);
}

static void take_connection(struct listener *listener, listen_serve *serve, void *context)
{
    pid_t *slot = slot_of(listener, 0);
    int connection = accept4(listener->place.fd, NULL, NULL, SOCK_CLOEXEC);
    pid_t child = -1;

    if (connection < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            poll(NULL, 0, PAUSE_MS);
        return;
    }
    listener->tokens.mine = (size_t)(slot - listener->children);
    child = fork();
    if (child == 0)
        _exit(serve_connection(listener, connection, serve, context));
    close(connection);
    if (child > 0) {
        *slot = child;
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
        struct pollfd fds[2] = { { .fd = full ? -1 : listener->place.fd, .events = POLLIN },
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
    if (listener->signals < 0)
        perror("cri-gateway: signalfd");
    return listener->signals >= 0;
}

static bool share_tokens(struct listener *listener)
{
    bool well =
        tokens_open(&listener->tokens, listener->options->children, listener->options->connections);

    if (!well)
        perror("cri-gateway: what the connections share");
    return well;
}

int listen_on(const struct listen_options *options, listen_serve *serve, void *context)
{
    struct listener listener = { .options = options,
                                 .place = { .folder = -1, .fd = -1 },
                                 .tokens = { .free = -1, .give = -1 },
                                 .signals = -1 };
    bool made = false;

    listener.children = calloc(options->connections, sizeof(*listener.children));
    made = listener.children != NULL && watch_signals(&listener) && share_tokens(&listener) &&
           place_open(&listener.place, options->path, options->mode, options->user, options->group);
    if (made) {
        fprintf(stderr, "cri-gateway: listens on \"%s\", mode %04o\n", options->path,
                options->mode);
        serve_all(&listener, serve, context);
        place_remove(&listener.place);
        end_connections(&listener);
    }
    place_close(&listener.place);
    tokens_close(&listener.tokens);
    fd_close(&listener.signals);
    free(listener.children);
    return made ? EXIT_SUCCESS : EXIT_FAILURE;
}
