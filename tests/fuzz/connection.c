/* SPDX-License-Identifier: Apache-2.0 */
/* This file fuzzes a client's connection: through nghttp2 and our callbacks to translators that are
 * made up, and back. The input is parts, each a byte for what it is and two for its length (the
 * lower first): enum part below.
 * It must not know any RPC. */
#include "fuzz.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/frame.h"
#include "gateway/http2.h"

enum {
    HEAD = 3,
    FRAME_HEAD = 9,
    FRAME_MAX = 16384,
    CHILDREN = 4,
    MAX_REQUEST = 100000,
    ANSWERS = 16
};

enum part {
    BYTES,   /* the client sends them */
    FRAME,   /* the client sends a frame: type, flags, stream (one byte), payload */
    CALL,    /* the client sends the headers of an RPC: its number, flags, stream, more of them */
    MESSAGE, /* the client sends a message with its prefix: stream, flags, the rest */
    ANSWER,  /* the next translator writes it, and ends */
    PIECES,  /* of so many bytes: one */
    PASS,    /* time goes by: two bytes of milliseconds */
    READ,    /* the client reads all that there is */
    SHUT,    /* it does not read any more */
    GOODBYE, /* we are told to end */
    PARTS,
};

/* ==== translators ==== */

static void append(struct buf *buf, const void *bytes, size_t length)
{
    if (!buf_append(buf, bytes, length))
        abort();
}

/* What they write, one after the other; the last one is for all that follow. A pipe holds it. */
static struct {
    const uint8_t *bytes;
    size_t length;
} answers[ANSWERS];
static size_t answer_count;
static size_t answer_next;
static size_t piece;

void child_init(struct child *child)
{
    *child = (struct child){ .in = -1, .out = -1 };
    buf_init(&child->unsent, 64 * 1024 * 1024);
}

/* The pipe's two ends: what it is to write is in unsent, and goes in pieces. */
bool child_start(struct child *child, const char *program, const sigset_t *mask, struct err *err)
{
    int out[2];

    (void)program;
    (void)mask;
    (void)err;
    if (pipe(out) != 0)
        abort();
    child->out = out[0];
    child->in = out[1];
    child->unsent.length = 0;
    child->sent = 0;
    if (answer_count > 0)
        append(&child->unsent, answers[answer_next].bytes, answers[answer_next].length);
    if (answer_next + 1 < answer_count)
        answer_next++;
    return true;
}

bool child_fork(struct child *child, void (*function)(void *context), void *context,
                struct err *err)
{
    (void)function;
    (void)context;
    return child_start(child, "", NULL, err);
}

void child_push(struct child *child)
{
    size_t left = child->unsent.length - child->sent;
    size_t size = left < piece ? left : piece;

    if (size > 0 && write(child->in, child->unsent.data + child->sent, size) != (ssize_t)size)
        abort();
    child->sent += size;
    if (child->sent < child->unsent.length)
        return;
    close(child->in);
    child->in = -1;
}

void child_close(struct child *child)
{
    if (child->in >= 0)
        close(child->in);
    if (child->out >= 0)
        close(child->out);
    child->in = -1;
    child->out = -1;
    buf_release(&child->unsent);
}

/* ==== the client ==== */

static struct gateway gateway;
static struct http2 http2;
static int ends[2];
static bool reads;

static void put_frame_head(struct buf *buf, size_t length, uint8_t type, uint8_t flags,
                           uint8_t stream)
{
    const uint8_t head[FRAME_HEAD] = { (uint8_t)(length >> 16),
                                       (uint8_t)(length >> 8),
                                       (uint8_t)length,
                                       type,
                                       flags,
                                       0,
                                       0,
                                       0,
                                       stream };

    append(buf, head, sizeof(head));
}

static void put_header(struct buf *buf, const char *name, const char *value)
{
    const uint8_t lengths[3] = { 0, (uint8_t)strlen(name), (uint8_t)strlen(value) };

    append(buf, lengths, 2);
    append(buf, name, strlen(name));
    append(buf, lengths + 2, 1);
    append(buf, value, strlen(value));
}

static void put_call(struct buf *buf, const uint8_t *bytes, size_t length)
{
    static const char *const services[] = { "runtime.v1.RuntimeService",
                                            "runtime.v1.ImageService" };
    char path[100];
    struct buf block;

    if (length < 3)
        return;
    snprintf(path, sizeof(path), "/%s/%s", services[bytes[0] > 0x7f],
             methods[(bytes[0] & 0x7f) % method_count].name);
    buf_init(&block, FRAME_MAX * 2);
    put_header(&block, ":method", "POST");
    put_header(&block, ":scheme", "http");
    put_header(&block, ":path", path);
    put_header(&block, "content-type", "application/grpc");
    append(&block, bytes + 3, length - 3);
    put_frame_head(buf, block.length, NGHTTP2_HEADERS, bytes[1] | NGHTTP2_FLAG_END_HEADERS,
                   bytes[2]);
    append(buf, block.data, block.length);
    buf_release(&block);
}

static void put_message(struct buf *buf, const uint8_t *bytes, size_t length)
{
    uint8_t prefix[GRPC_PREFIX] = { 0 };

    if (length < 2)
        return;
    prefix[3] = (uint8_t)((length - 2) >> 8);
    prefix[4] = (uint8_t)(length - 2);
    put_frame_head(buf, length - 2 + GRPC_PREFIX, NGHTTP2_DATA, bytes[1], bytes[0]);
    append(buf, prefix, sizeof(prefix));
    append(buf, bytes + 2, length - 2);
}

static bool send_part(enum part part, const uint8_t *bytes, size_t length)
{
    struct buf buf;
    bool well = true;

    buf_init(&buf, 1024 * 1024);
    if (part == BYTES) {
        append(&buf, bytes, length);
    } else if (part == CALL) {
        put_call(&buf, bytes, length);
    } else if (part == MESSAGE) {
        put_message(&buf, bytes, length);
    } else if (length >= 3) {
        put_frame_head(&buf, length - 3, bytes[0], bytes[1], bytes[2]);
        append(&buf, bytes + 3, length - 3);
    }
    if (buf.length > 0)
        well = http2_take(&http2, (const uint8_t *)buf.data, buf.length);
    buf_release(&buf);
    return well;
}

/* ==== the session ==== */

/* What must hold whatever comes. */
static void check(void)
{
    size_t count = 0;
    size_t held = 0;

    for (const struct rpc *rpc = http2.rpcs; rpc != NULL; rpc = rpc->next) {
        count++;
        held += rpc->message.length;
        if (rpc->state == RPC_ENDED && rpc->errands != NULL)
            abort();
        if (rpc->out_at > rpc->out.length || rpc->out.length > 1024 * 1024)
            abort();
    }
    if (count > HTTP2_STREAMS || held != gateway.held)
        abort();
}

static bool is_readable(int fd)
{
    struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

    return fd >= 0 && poll(&poll_fd, 1, 0) == 1;
}

static void work_on(struct rpc *rpc)
{
    if (rpc->state == RPC_WAITING)
        rpc_start(rpc);
    else
        rpc_go_on(rpc);
    for (struct errand *errand = rpc->errands; errand != NULL; errand = errand->next) {
        gateway.running = 0; /* there are no processes to be reaped */
        if (errand->child.out >= 0 && rpc_wants_to_write(errand))
            rpc_write(errand);
        if (is_readable(errand->child.out))
            rpc_read(rpc, errand);
    }
}

static void work(void)
{
    for (struct rpc *rpc = http2.rpcs; rpc != NULL; rpc = rpc->next)
        work_on(rpc);
    for (struct rpc *rpc = http2.left; rpc != NULL; rpc = rpc->next)
        work_on(rpc);
    rpc_list_free_ended(&http2.left);
}

static void drain_socket(void)
{
    static uint8_t bytes[256 * 1024];

    while (recv(ends[1], bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
        continue;
}

static bool turn(void)
{
    bool well = true;

    for (int i = 0; i < 3 && well; i++) {
        work();
        http2_offer(&http2);
        well = http2_flush(&http2, ends[0]);
        check();
        if (reads)
            drain_socket();
    }
    return well;
}

static void pass(const uint8_t *bytes, size_t length)
{
    int64_t now_ms = monotonic_ms() + (length < 2 ? 0 : bytes[0] << 8 | bytes[1]);

    for (struct rpc *rpc = http2.rpcs; rpc != NULL; rpc = rpc->next) {
        rpc_due_ms(rpc);
        rpc_expire(rpc, now_ms);
    }
}

static bool take_part(enum part part, const uint8_t *bytes, size_t length)
{
    switch (part) {
    case ANSWER:
        if (answer_count < ANSWERS) {
            answers[answer_count].bytes = bytes;
            answers[answer_count++].length = length;
        }
        return true;
    case PIECES:
        piece = length == 0 || bytes[0] == 0 ? FRAME_MAX : bytes[0];
        return true;
    case PASS:
        pass(bytes, length);
        return true;
    case READ:
    case SHUT:
        reads = part == READ;
        return true;
    case GOODBYE:
        http2_say_goodbye(&http2);
        return true;
    case BYTES:
    case FRAME:
    case CALL:
    case MESSAGE:
    case PARTS:
        break;
    }
    return http2_is_backed_up(&http2) || send_part(part, bytes, length);
}

static void serve(const uint8_t *bytes, size_t length)
{
    while (length >= HEAD) {
        size_t size = (size_t)bytes[1] | (size_t)bytes[2] << 8;

        if (size > length - HEAD)
            size = length - HEAD;
        if (size > FRAME_MAX)
            size = FRAME_MAX;
        if (!take_part((enum part)(bytes[0] % PARTS), bytes + HEAD, size) || !turn() ||
            http2_is_over(&http2))
            break;
        bytes += HEAD + size;
        length -= HEAD + size;
    }
    http2_flush(&http2, ends[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    gateway = (struct gateway){
        .translator = "made up",
        .children = CHILDREN,
        .settings = { .max_request = MAX_REQUEST,
                      .read_timeout_ms = 1000,
                      .docker_root = "/var/lib/docker",
                      .host_root = "/nonexistent" },
    };
    reads = true;
    answer_count = 0;
    answer_next = 0;
    piece = FRAME_MAX;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0 ||
        !http2_init(&http2, &gateway))
        abort();
    serve(bytes, length);
    http2_release(&http2);
    if (gateway.held != 0)
        abort();
    close(ends[0]);
    close(ends[1]);
    return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    signal(SIGPIPE, SIG_IGN);
    return 0;
}
