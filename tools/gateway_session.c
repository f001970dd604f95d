/* SPDX-License-Identifier: Apache-2.0 */
/* This file serves one client's connection with nghttp2: one loop over its descriptors, the
 * translators' pipes, signals and time.
 * It must not know what RPCs mean. */
#include "gateway_session.h"

#include <errno.h>
#include <limits.h>
#include <nghttp2/nghttp2.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frame.h"

enum {
    STREAMS = 128, /* at once; what is beyond waits at the client */
    HEADER_LIST = 16 * 1024,
    READ_BYTES = 64 * 1024,
    SEND_BYTES = 32 * 1024, /* gathered for one write */
    SEND_CAP = 64 * 1024,
    BACKLOG = 256, /* frames that wait to be sent: before that a client has to read */
    OWN_FDS = 3,
    POLLED = OWN_FDS + 2 * STREAMS,
    MESSAGE_BYTES = 4096,
};

struct session {
    struct gateway *gateway;
    nghttp2_session *http2;
    int in;
    int out;
    int signals; /* signalfd */
    struct rpc *rpcs;
    struct buf unsent; /* for the client */
    size_t sent;
    bool greeted;  /* the client speaks HTTP/2 */
    bool draining; /* no new RPCs */
    bool gone;     /* nothing can be read or written any more */
    bool stopped;  /* told to end at once */
    int64_t idle_since_ms;
};

/* ==== what the client sends ==== */

static struct rpc *rpc_of(nghttp2_session *http2, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(http2, stream);
}

static int on_begin_headers(nghttp2_session *http2, const nghttp2_frame *frame, void *context)
{
    struct session *session = context;
    struct rpc **last = NULL;
    struct rpc *rpc = NULL;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    rpc = rpc_new(session->gateway, frame->hd.stream_id);
    if (rpc == NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    for (last = &session->rpcs; *last != NULL; last = &(*last)->next)
        continue;
    *last = rpc;
    nghttp2_session_set_stream_user_data(http2, frame->hd.stream_id, rpc);
    return 0;
}

static int on_header(nghttp2_session *http2, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *context)
{
    struct rpc *rpc = rpc_of(http2, frame->hd.stream_id);

    (void)flags;
    (void)context;
    if (rpc == NULL || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    if (strlen((const char *)name) != name_length || strlen((const char *)value) != value_length)
        err_set(&rpc->err, GRPC_INTERNAL, "a header has a NUL byte");
    rpc_header(rpc, (const char *)name, (const char *)value);
    return 0;
}

static int on_frame(nghttp2_session *http2, const nghttp2_frame *frame, void *context)
{
    struct session *session = context;
    struct rpc *rpc = NULL;

    session->greeted = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    rpc = rpc_of(http2, frame->hd.stream_id);
    if (rpc == NULL)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        rpc_headers_end(rpc);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        rpc_body_end(rpc);
    return 0;
}

static int on_data(nghttp2_session *http2, uint8_t flags, int32_t stream, const uint8_t *bytes,
                   size_t length, void *context)
{
    struct rpc *rpc = rpc_of(http2, stream);

    (void)flags;
    (void)context;
    if (rpc != NULL)
        rpc_body(rpc, bytes, length);
    return 0;
}

static int on_stream_close(nghttp2_session *http2, int32_t stream, uint32_t code, void *context)
{
    struct session *session = context;

    (void)http2;
    (void)code;
    for (struct rpc **link = &session->rpcs; *link != NULL; link = &(*link)->next) {
        struct rpc *rpc = *link;

        if (rpc->stream != stream)
            continue;
        *link = rpc->next;
        rpc_free(rpc);
        break;
    }
    session->idle_since_ms = monotonic_ms();
    return 0;
}

/* ==== what the client gets ==== */

#define HEADER(name, value, length)                                                                \
    (nghttp2_nv)                                                                                   \
    {                                                                                              \
        (uint8_t *)(uintptr_t)(name), (uint8_t *)(uintptr_t)(value), sizeof(name) - 1, (length),   \
            NGHTTP2_NV_FLAG_NONE                                                                   \
    }

struct trailers {
    char code[12];
    char message[MESSAGE_BYTES];
    nghttp2_nv headers[2];
    size_t count;
};

static void fill_trailers(struct trailers *trailers, const struct err *err)
{
    int length = snprintf(trailers->code, sizeof(trailers->code), "%d", (int)err->code);

    trailers->headers[0] = HEADER("grpc-status", trailers->code, (size_t)length);
    trailers->count = 1;
    if (err->code == GRPC_OK)
        return;
    trailers->headers[1] =
        HEADER("grpc-message", trailers->message,
               grpc_encode_message(err->text, trailers->message, sizeof(trailers->message)));
    trailers->count = 2;
}

/* The messages of an RPC; after its last one the trailers. */
static ssize_t read_answer(nghttp2_session *http2, int32_t stream, uint8_t *bytes, size_t length,
                           uint32_t *flags, nghttp2_data_source *source, void *context)
{
    struct rpc *rpc = source->ptr;
    size_t left = rpc->out.length - rpc->out_at;
    size_t taken = left < length ? left : length;
    struct trailers trailers;

    (void)context;
    if (left == 0 && rpc->state != RPC_ENDED) {
        rpc->deferred = true;
        return NGHTTP2_ERR_DEFERRED;
    }
    if (taken > 0)
        memcpy(bytes, rpc->out.data + rpc->out_at, taken);
    rpc->out_at += taken;
    if (taken < left || rpc->state != RPC_ENDED)
        return (ssize_t)taken;
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    fill_trailers(&trailers, &rpc->err);
    if (nghttp2_submit_trailer(http2, stream, trailers.headers, trailers.count) != 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return (ssize_t)taken;
}

static const char *http_status(const struct rpc *rpc)
{
    return !rpc->is_post ? "405" : !rpc->is_grpc ? "415" : "200";
}

static void respond(struct session *session, struct rpc *rpc)
{
    enum { OWN = 3 };
    const char *status = http_status(rpc);
    nghttp2_nv headers[OWN + 2] = { HEADER(":status", status, strlen(status)),
                                    HEADER("content-type", "application/grpc", 16),
                                    HEADER("grpc-accept-encoding", "identity", 8) };
    nghttp2_data_provider provider = { .source = { .ptr = rpc }, .read_callback = read_answer };
    bool has_messages = rpc->out.length > rpc->out_at;
    struct trailers trailers = { .count = 0 };

    rpc->responded = true;
    if (!has_messages) {
        fill_trailers(&trailers, &rpc->err);
        memcpy(headers + OWN, trailers.headers, sizeof(trailers.headers));
    }
    nghttp2_submit_response(session->http2, rpc->stream, headers, OWN + trailers.count,
                            has_messages ? &provider : NULL);
}

static void offer(struct session *session, struct rpc *rpc)
{
    if (rpc->out.length == rpc->out_at && rpc->state != RPC_ENDED)
        return;
    if (!rpc->responded) {
        respond(session, rpc);
    } else if (rpc->deferred) {
        rpc->deferred = false;
        nghttp2_session_resume_data(session->http2, rpc->stream);
    }
}

/* What the client may still be sending is of no use after the answer's end. */
static int on_frame_sent(nghttp2_session *http2, const nghttp2_frame *frame, void *context)
{
    (void)context;
    if (frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        nghttp2_session_get_stream_remote_close(http2, frame->hd.stream_id) == 0)
        nghttp2_submit_rst_stream(http2, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_NO_ERROR);
    return 0;
}

/* One write for many small frames. */
static void gather(struct session *session)
{
    const uint8_t *bytes = NULL;
    ssize_t length = 1;

    session->unsent.length = 0;
    session->sent = 0;
    while (session->unsent.length < SEND_BYTES && length > 0) {
        length = nghttp2_session_mem_send(session->http2, &bytes);
        if (length < 0 || (length > 0 && !buf_append(&session->unsent, bytes, (size_t)length)))
            session->gone = true;
    }
}

static void flush(struct session *session)
{
    while (!session->gone) {
        struct buf *unsent = &session->unsent;
        ssize_t count = 0;

        if (session->sent == unsent->length)
            gather(session);
        if (session->gone || unsent->length == 0)
            return;
        count = frame_write_now(session->out, (const uint8_t *)unsent->data + session->sent,
                                unsent->length - session->sent);
        if (count == 0)
            return;
        if (count < 0)
            session->gone = true;
        else
            session->sent += (size_t)count;
    }
}

/* ==== nghttp2 ==== */

static int make_http2(struct session *session)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *options = NULL;
    int failed = nghttp2_session_callbacks_new(&callbacks);

    if (failed == 0)
        failed = nghttp2_option_new(&options);
    if (failed == 0) {
        nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
        nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
        nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
        nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
        nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
        nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, on_frame_sent);
        nghttp2_option_set_no_closed_streams(options, 1);
        /* grpc-go's clients (crictl, the kubelet) may send the socket's path as ":authority", which
         * is none by HTTP's rules. What matters of a request we check ourselves. */
        nghttp2_option_set_no_http_messaging(options, 1);
        failed = nghttp2_session_server_new2(&session->http2, callbacks, session, options);
    }
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    return failed;
}

static bool start(struct session *session)
{
    static const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, STREAMS },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST },
    };

    buf_init(&session->unsent, SEND_CAP);
    session->idle_since_ms = monotonic_ms();
    return make_http2(session) == 0 &&
           nghttp2_submit_settings(session->http2, NGHTTP2_FLAG_NONE, settings,
                                   sizeof(settings) / sizeof(settings[0])) == 0;
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
    nghttp2_submit_goaway(session->http2, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(session->http2), NGHTTP2_NO_ERROR,
                          NULL, 0);
    for (struct rpc *rpc = session->rpcs; rpc != NULL; rpc = rpc->next)
        if (rpc->method == NULL || rpc->method->stream != NULL)
            rpc_fail(rpc, GRPC_UNAVAILABLE, "cri-gateway was told to end");
}

static bool is_finished(const struct session *session)
{
    bool idle = session->rpcs == NULL && session->sent == session->unsent.length;

    return session->gone || session->stopped || (session->draining && idle) ||
           (session->sent == session->unsent.length &&
            nghttp2_session_want_read(session->http2) == 0 &&
            nghttp2_session_want_write(session->http2) == 0);
}

/* ==== the loop ==== */

static void take_signals(struct session *session)
{
    struct signalfd_siginfo info;

    while (read(session->signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
        if (info.ssi_signo != SIGCHLD)
            drain(session);
    while (waitpid(-1, NULL, WNOHANG) > 0)
        session->gateway->running--;
}

static void take_input(struct session *session)
{
    uint8_t bytes[READ_BYTES];
    ssize_t count = read(session->in, bytes, sizeof(bytes));

    if (count < 0 && (errno == EINTR || errno == EAGAIN))
        return;
    if (count <= 0 || nghttp2_session_mem_recv(session->http2, bytes, (size_t)count) < 0)
        session->gone = true;
}

/* The oldest first. */
static void start_waiting(struct session *session)
{
    for (struct rpc *rpc = session->rpcs; rpc != NULL; rpc = rpc->next)
        if (rpc->state == RPC_WAITING && session->gateway->running < session->gateway->children)
            rpc_start(rpc);
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

    if (!session->greeted)
        return session->idle_since_ms + gateway->settings.read_timeout_ms;
    if (session->rpcs == NULL && !session->draining)
        return session->idle_since_ms + gateway->idle_timeout_ms;
    return 0;
}

static int poll_timeout(const struct session *session)
{
    int64_t due_ms = connection_due_ms(session);
    int64_t left_ms = 0;

    for (const struct rpc *rpc = session->rpcs; rpc != NULL; rpc = rpc->next)
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

    if (due_ms != 0 && now_ms >= due_ms)
        drain(session);
    session->stopped = session->stopped || (!session->greeted && due_ms != 0 && now_ms >= due_ms);
    for (struct rpc *rpc = session->rpcs; rpc != NULL; rpc = rpc->next)
        rpc_expire(rpc, now_ms);
}

/* The descriptors of one turn: our own, then two for each RPC, in the list's order. */
static size_t fill_poll(const struct session *session, struct pollfd *fds)
{
    size_t count = OWN_FDS;
    bool may_read = nghttp2_session_get_outbound_queue_size(session->http2) < BACKLOG;
    bool has_unsent = session->sent < session->unsent.length;

    fds[0] = (struct pollfd){ .fd = may_read ? session->in : -1, .events = POLLIN };
    fds[1] = (struct pollfd){ .fd = session->out, .events = has_unsent ? POLLOUT : 0 };
    fds[2] = (struct pollfd){ .fd = session->signals, .events = POLLIN };
    for (const struct rpc *rpc = session->rpcs; rpc != NULL && count < POLLED; rpc = rpc->next) {
        fds[count++] = (struct pollfd){ .fd = rpc_wants_to_write(rpc) ? rpc->child.in : -1,
                                        .events = POLLOUT };
        fds[count++] =
            (struct pollfd){ .fd = rpc_wants_to_read(rpc) ? rpc->child.out : -1, .events = POLLIN };
    }
    return count;
}

static void take_pipes(struct session *session, const struct pollfd *fds, const struct pollfd *end)
{
    for (struct rpc *rpc = session->rpcs; rpc != NULL && fds < end; rpc = rpc->next, fds += 2) {
        /* A step may have begun another run since, so that only one of the two is looked at. */
        if (fds[1].revents != 0)
            rpc_read(rpc);
        else if (fds[0].revents != 0)
            rpc_write(rpc);
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
        take_signals(session);
    take_pipes(session, fds + OWN_FDS, fds + count);
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
        for (struct rpc *rpc = session->rpcs; rpc != NULL; rpc = rpc->next)
            offer(session, rpc);
        flush(session);
        if (is_finished(session))
            return;
        turn(session);
    }
}

/* Translators see that their pipes are closed, and end docker: that takes a moment. */
static void finish(struct session *session)
{
    while (session->rpcs != NULL) {
        struct rpc *rpc = session->rpcs;

        session->rpcs = rpc->next;
        rpc_free(rpc);
    }
    if (!session->gone)
        frame_drain(session->in); /* so that the client gets to our last words */
    shutdown(session->out, SHUT_RDWR);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
    nghttp2_session_del(session->http2);
    buf_release(&session->unsent);
}

int session_serve(struct gateway *gateway, int in, int out)
{
    struct session session = { .gateway = gateway, .in = in, .out = out, .signals = -1 };
    sigset_t ours;
    bool started = false;

    sigemptyset(&ours);
    sigaddset(&ours, SIGCHLD);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGHUP);
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_DFL); /* were it ignored, there would be nothing to reap */
    sigprocmask(SIG_BLOCK, &ours, &gateway->mask);
    session.signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    started = session.signals >= 0 && start(&session);
    if (started)
        serve(&session);
    finish(&session);
    close(session.signals);
    return started ? 0 : 1;
}
