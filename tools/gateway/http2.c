/* SPDX-License-Identifier: Apache-2.0 */
/* This file ties nghttp2's callbacks to RPCs.
 * It must not know where bytes come from, or go to. */
#include "gateway/http2.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/frame.h"

enum {
    HEADER_LIST = 16 * 1024,
    SEND_BYTES = 32 * 1024, /* gathered for one write */
    SEND_CAP = 64 * 1024,
    BACKLOG = 256, /* frames that wait to be sent: before that a client has to read */
    MESSAGE_BYTES = 4096,
};

/* ==== what the client sends ==== */

static struct rpc *rpc_of(nghttp2_session *session, int32_t stream)
{
    return nghttp2_session_get_stream_user_data(session, stream);
}

static int on_begin_headers(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct http2 *http2 = context;
    struct rpc *rpc = NULL;

    if (frame->hd.type != NGHTTP2_HEADERS || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    /* The goodbye may still wait for the client to read. When it does, it will make this call once
     * more on another connection, so that nothing may be run for it here. */
    if (http2->goodbye)
        return 0;
    rpc = rpc_new(http2->gateway, frame->hd.stream_id);
    if (rpc == NULL)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    rpc_list_append(&http2->rpcs, rpc);
    nghttp2_session_set_stream_user_data(session, frame->hd.stream_id, rpc);
    return 0;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name,
                     size_t name_length, const uint8_t *value, size_t value_length, uint8_t flags,
                     void *context)
{
    struct rpc *rpc = rpc_of(session, frame->hd.stream_id);

    (void)flags;
    (void)context;
    if (rpc == NULL || rpc->state != RPC_READING || frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        return 0;
    headers_take(&rpc->headers, (const char *)name, name_length, (const char *)value, value_length,
                 &rpc->err);
    return 0;
}

static int on_frame(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    struct http2 *http2 = context;
    struct rpc *rpc = NULL;

    http2->greeted = true;
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    rpc = rpc_of(session, frame->hd.stream_id);
    if (rpc == NULL)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        rpc_headers_end(rpc);
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        rpc_body_end(rpc);
    else if (frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat != NGHTTP2_HCAT_REQUEST)
        rpc_malformed(rpc, "malformed request: trailers that are not its end");
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *bytes,
                   size_t length, void *context)
{
    struct rpc *rpc = rpc_of(session, stream);

    (void)flags;
    (void)context;
    if (rpc != NULL)
        rpc_body(rpc, bytes, length);
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t code, void *context)
{
    struct http2 *http2 = context;
    struct rpc *rpc = rpc_list_take(&http2->rpcs, stream);

    (void)session;
    (void)code;
    if (rpc != NULL)
        rpc_list_leave(&http2->left, rpc);
    http2->idle_since_ms = monotonic_ms();
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
static ssize_t read_answer(nghttp2_session *session, int32_t stream, uint8_t *bytes, size_t length,
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
    rpc->shut_since_ms = 0;
    if (taken < left || rpc->state != RPC_ENDED)
        return (ssize_t)taken;
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    fill_trailers(&trailers, &rpc->err);
    if (nghttp2_submit_trailer(session, stream, trailers.headers, trailers.count) != 0)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    return (ssize_t)taken;
}

static void respond(struct http2 *http2, struct rpc *rpc)
{
    enum { OWN = 3 };
    const char *status = rpc->http_status;
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
    if (nghttp2_submit_response(http2->session, rpc->stream, headers, OWN + trailers.count,
                                has_messages ? &provider : NULL) != 0)
        nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, rpc->stream,
                                  NGHTTP2_INTERNAL_ERROR);
}

static bool has_more(const struct rpc *rpc)
{
    return rpc->out.length > rpc->out_at || rpc->state == RPC_ENDED;
}

static void offer(struct http2 *http2, struct rpc *rpc)
{
    if (!has_more(rpc) || rpc->reset)
        return;
    if (rpc->given_up) {
        rpc->reset = true;
        nghttp2_submit_rst_stream(http2->session, NGHTTP2_FLAG_NONE, rpc->stream, NGHTTP2_CANCEL);
    } else if (!rpc->responded) {
        respond(http2, rpc);
    } else if (rpc->deferred) {
        rpc->deferred = false;
        nghttp2_session_resume_data(http2->session, rpc->stream);
    }
}

/* What the client may still be sending is of no use after the answer's end. */
static int on_frame_sent(nghttp2_session *session, const nghttp2_frame *frame, void *context)
{
    (void)context;
    if (frame->hd.type == NGHTTP2_HEADERS && (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0 &&
        nghttp2_session_get_stream_remote_close(session, frame->hd.stream_id) == 0)
        nghttp2_submit_rst_stream(session, NGHTTP2_FLAG_NONE, frame->hd.stream_id,
                                  NGHTTP2_NO_ERROR);
    return 0;
}

void http2_offer(struct http2 *http2)
{
    for (struct rpc *rpc = http2->rpcs; rpc != NULL; rpc = rpc->next)
        offer(http2, rpc);
}

/* One write for many small frames. */
static bool gather(struct http2 *http2)
{
    const uint8_t *bytes = NULL;
    ssize_t length = 1;

    http2->unsent.length = 0;
    http2->sent = 0;
    while (http2->unsent.length < SEND_BYTES && length > 0) {
        length = nghttp2_session_mem_send(http2->session, &bytes);
        if (length < 0 || (length > 0 && !buf_append(&http2->unsent, bytes, (size_t)length)))
            return false;
    }
    return true;
}

bool http2_has_unsent(const struct http2 *http2)
{
    return http2->sent < http2->unsent.length;
}

/* Notes when a condition began to hold, and forgets it when it does not. */
static void note_since(bool holds, int64_t *since_ms)
{
    if (!holds)
        *since_ms = 0;
    else if (*since_ms == 0)
        *since_ms = monotonic_ms();
}

static bool window_is_shut(const struct http2 *http2, const struct rpc *rpc)
{
    return nghttp2_session_get_remote_window_size(http2->session) <= 0 ||
           nghttp2_session_get_stream_remote_window_size(http2->session, rpc->stream) <= 0;
}

/* What is left now waits for the client. */
static void note_waits(struct http2 *http2)
{
    note_since(http2_has_unsent(http2), &http2->stuck_since_ms);
    for (struct rpc *rpc = http2->rpcs; rpc != NULL; rpc = rpc->next)
        note_since(rpc->responded && has_more(rpc) && window_is_shut(http2, rpc),
                   &rpc->shut_since_ms);
}

bool http2_flush(struct http2 *http2, int fd)
{
    for (;;) {
        ssize_t count = 0;

        if (!http2_has_unsent(http2) && !gather(http2))
            return false;
        if (http2_has_unsent(http2))
            count = frame_write_now(fd, (const uint8_t *)http2->unsent.data + http2->sent,
                                    http2->unsent.length - http2->sent);
        if (count <= 0) {
            note_waits(http2);
            return count == 0;
        }
        http2->stuck_since_ms = 0;
        http2->sent += (size_t)count;
    }
}

/* ==== nghttp2 ==== */

static int make_session(struct http2 *http2)
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
        failed = nghttp2_session_server_new2(&http2->session, callbacks, http2, options);
    }
    nghttp2_option_del(options);
    nghttp2_session_callbacks_del(callbacks);
    return failed;
}

bool http2_init(struct http2 *http2, struct gateway *gateway)
{
    static const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, HTTP2_STREAMS },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, HEADER_LIST },
    };

    *http2 = (struct http2){ .gateway = gateway, .idle_since_ms = monotonic_ms() };
    buf_init(&http2->unsent, SEND_CAP);
    return make_session(http2) == 0 &&
           nghttp2_submit_settings(http2->session, NGHTTP2_FLAG_NONE, settings,
                                   sizeof(settings) / sizeof(settings[0])) == 0;
}

void http2_leave(struct http2 *http2)
{
    while (http2->rpcs != NULL)
        rpc_list_leave(&http2->left, rpc_list_take(&http2->rpcs, http2->rpcs->stream));
}

void http2_release(struct http2 *http2)
{
    rpc_list_free(&http2->rpcs);
    rpc_list_free(&http2->left);
    nghttp2_session_del(http2->session);
    buf_release(&http2->unsent);
}

static uint32_t reason_of(ssize_t failed)
{
    if (failed == NGHTTP2_ERR_FLOODED)
        return NGHTTP2_ENHANCE_YOUR_CALM;
    return failed == NGHTTP2_ERR_BAD_CLIENT_MAGIC ? NGHTTP2_PROTOCOL_ERROR : NGHTTP2_INTERNAL_ERROR;
}

bool http2_take(struct http2 *http2, const uint8_t *bytes, size_t length)
{
    ssize_t taken = nghttp2_session_mem_recv(http2->session, bytes, length);

    if (taken < 0)
        nghttp2_session_terminate_session(http2->session, reason_of(taken));
    return taken >= 0;
}

bool http2_is_backed_up(const struct http2 *http2)
{
    return nghttp2_session_get_outbound_queue_size(http2->session) >= BACKLOG;
}

bool http2_is_over(const struct http2 *http2)
{
    return !http2_has_unsent(http2) && nghttp2_session_want_read(http2->session) == 0 &&
           nghttp2_session_want_write(http2->session) == 0;
}

void http2_say_goodbye(struct http2 *http2)
{
    http2->goodbye = true;
    nghttp2_submit_goaway(http2->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(http2->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
}
