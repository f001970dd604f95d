/* SPDX-License-Identifier: Apache-2.0 */
/* This file serves one client's connection: one loop over its descriptors, the translators' pipes,
 * signals and time.
 * It must not know HTTP/2, nor what RPCs mean. */
#include "gateway/session.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/frame.h"
#include "base/inherit.h"
#include "gateway/http2.h"

enum {
    READ_BYTES = 64 * 1024,
    OWN_FDS = 4,
    GOODBYE_MS = 10000,
    RESERVED_FDS = 16, /* our own, what we were started with, and those of a start */
    POLLED = OWN_FDS + 2 * HTTP2_STREAMS,
};

struct session {
    struct gateway *gateway;
    struct tokens *tokens; /* NULL: there are no other connections to share with */
    bool short_of_tokens;  /* an RPC waits for one */
    struct http2 http2;
    int in;
    int out;
    int signals;         /* signalfd */
    bool draining;       /* no new RPCs */
    int64_t leave_at_ms; /* draining because nobody called: when we go before the client does */
    bool gone;           /* nothing can be read or written any more */
    bool stopped;        /* told to end at once */
};

/* ==== the end ==== */

/* No RPC is begun any more; those with one answer get it. */
static void drain(struct session *session)
{
    if (session->draining) {
        session->stopped = true;
        return;
    }
    session->draining = true;
    http2_say_goodbye(&session->http2);
    for (struct rpc *rpc = session->http2.rpcs; rpc != NULL; rpc = rpc->next)
        if (rpc->method == NULL || rpc->method->stream != NULL)
            rpc_fail(rpc, GRPC_UNAVAILABLE, "cri-gateway was told to end");
}

/* A call may be on its way when an idle connection ends: the client that finds it not taken makes
 * it on a new one, but only while it can still read that. Some look only now and then at a
 * connection without calls (grpc's C core each 5 seconds). */
static bool is_finished(const struct session *session)
{
    bool idle = session->http2.rpcs == NULL && !http2_has_unsent(&session->http2);

    if (session->gone || session->stopped)
        return true;
    return session->leave_at_ms == 0 &&
           ((session->draining && idle) || http2_is_over(&session->http2));
}

/* ==== the loop ==== */

/* There may be children that are not ours: a shell's that became us. */
static void reap(struct gateway *gateway)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        gateway->running -= gateway->running > 0;
}

static void take_signals(struct session *session)
{
    struct signalfd_siginfo info;

    while (read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        if (info.ssi_signo != SIGCHLD)
            drain(session);
    reap(session->gateway);
}

static void take_input(struct session *session)
{
    uint8_t bytes[READ_BYTES];
    ssize_t count = read(session->in, bytes, sizeof(bytes));

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (count > 0 && http2_take(&session->http2, bytes, (size_t)count))
        return;
    if (count > 0)
        http2_flush(&session->http2, session->out);
    session->gone = true;
}

/* An RPC keeps its token between two runs; what it runs at once takes more where there are some. */
static void match_tokens(const struct session *session)
{
    size_t begun = 0;

    for (const struct rpc *rpc = session->http2.rpcs; rpc != NULL; rpc = rpc->next)
        begun += rpc->state == RPC_RUNNING;
    tokens_match(session->tokens,
                 begun > session->gateway->running ? begun : session->gateway->running);
}

static bool is_startable(const struct session *session, const struct rpc *rpc)
{
    return rpc->state == RPC_WAITING && session->gateway->running < session->gateway->children;
}

/* The oldest first. */
static void start_waiting(struct session *session)
{
    session->short_of_tokens = false;
    match_tokens(session);
    for (struct rpc *rpc = session->http2.rpcs; rpc != NULL && !session->short_of_tokens;
         rpc = rpc->next) {
        if (!is_startable(session, rpc))
            continue;
        session->short_of_tokens = !tokens_take(session->tokens);
        if (!session->short_of_tokens)
            rpc_start(rpc);
    }
    match_tokens(session);
}

static void earlier(int64_t *due_ms, int64_t other_ms)
{
    if (other_ms != 0 && (*due_ms == 0 || other_ms < *due_ms))
        *due_ms = other_ms;
}

/* When the connection's own time is up. */
static int64_t connection_due_ms(const struct session *session)
{
    const struct gateway *gateway = session->gateway;

    if (!session->http2.greeted)
        return session->http2.idle_since_ms + gateway->settings.read_timeout_ms;
    if (session->draining)
        return session->leave_at_ms;
    if (session->http2.rpcs == NULL)
        return session->http2.idle_since_ms + gateway->idle_timeout_ms;
    return 0;
}

/* When the client has to have read; 0: nothing waits for it. */
static int64_t client_due_ms(const struct session *session)
{
    int64_t stuck_since_ms = session->http2.stuck_since_ms;

    return stuck_since_ms == 0 ? 0 : stuck_since_ms + session->gateway->settings.read_timeout_ms;
}

static int poll_timeout(const struct session *session)
{
    int64_t due_ms = connection_due_ms(session);
    int64_t left_ms = 0;

    earlier(&due_ms, client_due_ms(session));
    for (const struct rpc *rpc = session->http2.rpcs; rpc != NULL; rpc = rpc->next)
        earlier(&due_ms, rpc_due_ms(rpc));
    if (due_ms == 0)
        return -1;
    left_ms = due_ms - monotonic_ms();
    return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static void check_time(struct session *session)
{
    int64_t now_ms = monotonic_ms();
    int64_t due_ms = connection_due_ms(session);

    if (due_ms != 0 && now_ms >= due_ms) {
        drain(session);
        session->leave_at_ms = now_ms + GOODBYE_MS;
    }
    session->stopped =
        session->stopped || (!session->http2.greeted && due_ms != 0 && now_ms >= due_ms);
    due_ms = client_due_ms(session);
    session->gone = session->gone || (due_ms != 0 && now_ms >= due_ms);
    for (struct rpc *rpc = session->http2.rpcs; rpc != NULL; rpc = rpc->next)
        rpc_expire(rpc, now_ms);
}

/* The descriptors of one turn: our own, then two for each RPC that has a use for them. poll takes
 * no more than RLIMIT_NOFILE, and there may be RPCs beyond that which wait. */
static size_t fill_poll(const struct session *session, struct pollfd *fds, struct rpc **polled)
{
    size_t count = 0;
    bool may_read = !http2_is_backed_up(&session->http2);
    bool has_unsent = http2_has_unsent(&session->http2);

    fds[0] = (struct pollfd){ .fd = may_read ? session->in : -1, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = session->out, .events = has_unsent ? POLLOUT : 0 };
    fds[2] = (struct pollfd){ .fd = session->signals, .events = POLLIN };
    fds[3] = (struct pollfd){ .fd = session->short_of_tokens ? session->tokens->free : -1,
                              .events = POLLIN };
    for (struct rpc *rpc = session->http2.rpcs; rpc != NULL && count < HTTP2_STREAMS;
         rpc = rpc->next) {
        bool writes = rpc_wants_to_write(rpc);
        bool reads = rpc_wants_to_read(rpc);
        struct pollfd *pair = &fds[OWN_FDS + 2 * count];

        if (!writes && !reads)
            continue;
        pair[0] = (struct pollfd){ .fd = writes ? rpc->child.in : -1, .events = POLLOUT };
        pair[1] = (struct pollfd){ .fd = reads ? rpc->child.out : -1, .events = POLLIN };
        polled[count++] = rpc;
    }
    return count;
}

static void take_pipes(struct rpc *const *polled, size_t count, const struct pollfd *fds)
{
    for (size_t i = 0; i < count; i++, fds += 2) {
        /* A step may have begun another run since, so that only one of the two is looked at. */
        if (fds[1].revents != 0)
            rpc_read(polled[i]);
        else if (fds[0].revents != 0)
            rpc_write(polled[i]);
    }
}

static void turn(struct session *session)
{
    struct pollfd fds[POLLED];
    struct rpc *polled[HTTP2_STREAMS];
    size_t count = fill_poll(session, fds, polled);

    if (poll(fds, (nfds_t)(OWN_FDS + 2 * count), poll_timeout(session)) < 0) {
        session->gone = errno != EINTR;
        return;
    }
    if (fds[2].revents != 0)
        take_signals(session);
    take_pipes(polled, count, fds + OWN_FDS);
    if (fds[0].revents != 0)
        take_input(session);
    if ((fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
        session->gone = true;
    check_time(session);
}

static void serve(struct session *session)
{
    for (;;) {
        start_waiting(session);
        http2_offer(&session->http2);
        session->gone = session->gone || !http2_flush(&session->http2, session->out);
        if (is_finished(session))
            return;
        turn(session);
    }
}

/* Translators see that their pipes are closed, and end docker: that takes a moment. From one that
 * hangs a signal frees us. */
static void finish(struct session *session)
{
    http2_release(&session->http2);
    if (!session->gone)
        frame_drain(session->in); /* so that the client gets to our last words */
    shutdown(session->out, SHUT_RDWR);
    sigprocmask(SIG_SETMASK, &session->gateway->mask, NULL);
    while (session->gateway->running > 0 && waitpid(-1, NULL, 0) > 0)
        session->gateway->running--;
}

/* Two descriptors are each running translator's. */
static size_t children_by_descriptors(size_t children)
{
    long limit = sysconf(_SC_OPEN_MAX);
    size_t left = limit < RESERVED_FDS + 2 ? 2 : (size_t)limit - RESERVED_FDS;

    return limit < 0 || children < left / 2 ? children : left / 2;
}

int session_serve(struct gateway *gateway, struct tokens *tokens, int in, int out)
{
    struct session session = {
        .gateway = gateway, .tokens = tokens, .in = in, .out = out, .signals = -1
    };
    sigset_t ours;
    bool started = false;

    gateway->children = children_by_descriptors(gateway->children);
    inherit_signals(&ours);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* were it ignored, there would be nothing to reap */
    sigprocmask(SIG_BLOCK, &ours, &gateway->mask);
    session.signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    started = http2_init(&session.http2, gateway) && session.signals >= 0;
    if (started)
        serve(&session);
    finish(&session);
    close(session.signals);
    return started ? 0 : 1;
}
