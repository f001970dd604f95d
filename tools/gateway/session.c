/* SPDX-License-Identifier: Apache-2.0 */
/* This file serves one client's connection: one loop over its descriptors, the translators' pipes,
 * signals and time.
 * It must not know HTTP/2, nor what RPCs mean. */
#include "gateway/session.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
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
    POLLED = OWN_FDS + 2 * GATEWAY_CHILDREN_MAX,
};

struct session {
    struct gateway *gateway;
    struct tokens *tokens; /* NULL: there are no other connections to share with */
    bool short_of_tokens;  /* further ones might be of use */
    size_t most;           /* that run at once, with tokens */
    struct http2 http2;
    int in;
    int out;
    int signals;         /* signalfd */
    bool draining;       /* no new RPCs */
    int64_t leave_at_ms; /* draining because nobody called: when we go before the client does */
    bool gone;           /* the client: nothing can be read or written any more */
    bool stopped;        /* told to end at once */
};

/* ==== the RPCs, of the client and of those that have gone ==== */

static struct rpc *first_rpc(const struct session *session)
{
    return session->http2.rpcs != NULL ? session->http2.rpcs : session->http2.left;
}

static struct rpc *rpc_after(const struct session *session, const struct rpc *rpc)
{
    return rpc->next != NULL || rpc->left ? rpc->next : session->http2.left;
}

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

/* Whether what calls have left is still to be removed. Only to be told twice ends that. */
static bool is_undoing(struct session *session)
{
    if (session->stopped)
        return false;
    http2_leave(&session->http2);
    rpc_list_free_ended(&session->http2.left);
    session->gone = session->gone || session->http2.left != NULL;
    return session->http2.left != NULL;
}

/* ==== the loop ==== */

/* There may be children that are not ours: a shell's that became us. */
static void reap_processes(struct session *session)
{
    struct gateway *gateway = session->gateway;
    pid_t pid = 0;

    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        gateway->running -= gateway->running > 0;
        for (struct rpc *rpc = first_rpc(session); rpc != NULL; rpc = rpc_after(session, rpc))
            rpc_reaped(rpc, pid);
    }
}

static void note_signals(struct session *session)
{
    struct signalfd_siginfo info;

    while (read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        if (info.ssi_signo != SIGCHLD)
            drain(session);
    reap_processes(session);
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

/* The oldest first. */
static void go_on_with_each(struct session *session)
{
    for (struct rpc *rpc = first_rpc(session); rpc != NULL; rpc = rpc_after(session, rpc)) {
        if (rpc->state == RPC_WAITING && session->gateway->running < session->gateway->children)
            rpc_start(rpc);
        else
            rpc_go_on(rpc);
    }
    rpc_list_free_ended(&session->http2.left);
}

static bool has_work(const struct session *session)
{
    for (struct rpc *rpc = first_rpc(session); rpc != NULL; rpc = rpc_after(session, rpc))
        if (rpc->state == RPC_WAITING || rpc->state == RPC_RUNNING)
            return true;
    return false;
}

/* As many tokens as there may be errands are kept at hand, and only those in use for longer. */
static void go_on_with_rpcs(struct session *session)
{
    struct gateway *gateway = session->gateway;
    bool working = has_work(session);

    gateway->children = tokens_match(session->tokens, working ? session->most : gateway->running);
    go_on_with_each(session);
    session->short_of_tokens = working && session->tokens != NULL &&
                               gateway->children < session->most &&
                               gateway->running >= gateway->children;
    tokens_match(session->tokens, gateway->running);
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

    if (session->gone)
        due_ms = 0;
    else
        earlier(&due_ms, client_due_ms(session));
    for (const struct rpc *rpc = first_rpc(session); rpc != NULL; rpc = rpc_after(session, rpc))
        earlier(&due_ms, rpc_due_ms(rpc));
    if (due_ms == 0)
        return -1;
    left_ms = due_ms - monotonic_ms();
    return left_ms < 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

static void check_due(struct session *session)
{
    int64_t now_ms = monotonic_ms();
    int64_t due_ms = session->gone ? 0 : connection_due_ms(session);

    if (due_ms != 0 && now_ms >= due_ms) {
        drain(session);
        session->leave_at_ms = now_ms + GOODBYE_MS;
    }
    session->stopped =
        session->stopped || (!session->http2.greeted && due_ms != 0 && now_ms >= due_ms);
    due_ms = client_due_ms(session);
    session->gone = session->gone || (due_ms != 0 && now_ms >= due_ms);
    for (struct rpc *rpc = first_rpc(session); rpc != NULL; rpc = rpc_after(session, rpc))
        rpc_expire(rpc, now_ms);
}

/* Only what is open is polled: poll takes no more entries than there may be open descriptors. */
static size_t add_polled(struct pollfd *fds, size_t *count, bool wanted, int fd, short events)
{
    if (!wanted || *count == POLLED)
        return 0;
    fds[*count] = (struct pollfd){ .fd = fd, .events = events };
    return (*count)++;
}

static size_t fill_poll(const struct session *session, struct pollfd *fds)
{
    size_t count = OWN_FDS;
    bool may_read = !session->gone && !http2_is_backed_up(&session->http2);
    bool has_unsent = http2_has_unsent(&session->http2);

    fds[0] = (struct pollfd){ .fd = may_read ? session->in : -1, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = session->gone ? -1 : session->out,
                              .events = has_unsent ? POLLOUT : 0 };
    fds[2] = (struct pollfd){ .fd = session->signals, .events = POLLIN };
    fds[3] = (struct pollfd){ .fd = session->short_of_tokens ? session->tokens->free : -1,
                              .events = POLLIN };
    for (struct rpc *rpc = first_rpc(session); rpc != NULL; rpc = rpc_after(session, rpc))
        for (struct errand *errand = rpc->errands; errand != NULL; errand = errand->next) {
            errand->in_at =
                add_polled(fds, &count, rpc_wants_to_write(errand), errand->child.in, POLLOUT);
            errand->out_at =
                add_polled(fds, &count, rpc_wants_to_read(rpc, errand), errand->child.out, POLLIN);
        }
    return count;
}

static void take_pipes(struct session *session, const struct pollfd *fds)
{
    for (struct rpc *rpc = first_rpc(session); rpc != NULL; rpc = rpc_after(session, rpc))
        for (struct errand *errand = rpc->errands; errand != NULL; errand = errand->next) {
            if (errand->out_at != 0 && fds[errand->out_at].revents != 0)
                rpc_read(rpc, errand);
            else if (errand->in_at != 0 && fds[errand->in_at].revents != 0)
                rpc_write(errand);
        }
}

static void turn(struct session *session)
{
    struct pollfd fds[POLLED];
    size_t count = fill_poll(session, fds);

    if (poll(fds, (nfds_t)count, poll_timeout(session)) < 0) {
        session->gone = errno != EINTR;
        return;
    }
    if (fds[2].revents != 0)
        note_signals(session);
    take_pipes(session, fds);
    if (fds[0].revents != 0)
        take_input(session);
    if ((fds[1].revents & (POLLERR | POLLHUP | POLLNVAL)) != 0)
        session->gone = true;
    check_due(session);
}

static void run_session(struct session *session)
{
    for (;;) {
        go_on_with_rpcs(session);
        http2_offer(&session->http2);
        session->gone = session->gone || !http2_flush(&session->http2, session->out);
        if (is_finished(session) && !is_undoing(session))
            return;
        turn(session);
    }
}

/* Translators see that their pipes are closed, and end docker: that takes a moment. From one that
 * hangs a signal frees us. */
static void end_session(struct session *session)
{
    http2_release(&session->http2);
    if (!session->gone)
        frame_drain(session->in); /* so that the client gets to our last words */
    shutdown(session->out, SHUT_RDWR);
    sigprocmask(SIG_SETMASK, &session->gateway->mask, NULL);
    while (session->gateway->running > 0 && waitpid(-1, NULL, 0) > 0)
        session->gateway->running--;
}

/* Each takes two descriptors, and four for a moment; a call waits sooner than it fails. */
static void limit_children(struct gateway *gateway)
{
    enum { OTHERS = 32, OF_ONE = 2 };
    struct rlimit limit = { .rlim_cur = 0 };
    size_t most = 1;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    if (limit.rlim_cur > OTHERS + OF_ONE)
        most = (size_t)(limit.rlim_cur - OTHERS) / OF_ONE;
    if (gateway->children > most)
        gateway->children = most;
}

int session_serve(struct gateway *gateway, struct tokens *tokens, int in, int out)
{
    struct session session = {
        .gateway = gateway, .tokens = tokens, .in = in, .out = out, .signals = -1
    };
    sigset_t ours;
    bool started = false;

    limit_children(gateway);
    session.most = gateway->children;
    inherit_signals(&ours);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* were it ignored, there would be nothing to reap */
    sigprocmask(SIG_BLOCK, &ours, &gateway->mask);
    session.signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    started = http2_init(&session.http2, gateway) && session.signals >= 0;
    if (started)
        run_session(&session);
    end_session(&session);
    close(session.signals);
    return started ? 0 : 1;
}
