/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes an RPC's request as it comes.
 * It must not know HTTP/2's frames. */
#include <string.h>

#include "base/clock.h"
#include "gateway/rpc.h"

enum { HELD_BYTES = 64 * 1024 * 1024 }; /* of all requests of a connection */

void rpc_headers_end(struct rpc *rpc)
{
    const struct headers *headers = &rpc->headers;

    if (rpc->state != RPC_READING)
        return;
    rpc->http_status = headers_end(&rpc->headers, &rpc->err);
    rpc->method = headers->method;
    if (headers->has_timeout)
        rpc->deadline_ms = monotonic_ms() + headers->timeout_ms;
    if (rpc->err.code == GRPC_OK && rpc->gateway->err.code != GRPC_OK)
        rpc->err = rpc->gateway->err;
    if (rpc->err.code != GRPC_OK)
        rpc_end(rpc);
}

static size_t take_prefix(struct rpc *rpc, const uint8_t *bytes, size_t length)
{
    size_t wanted = GRPC_PREFIX - rpc->prefix_length;
    size_t taken = length < wanted ? length : wanted;
    const uint8_t *prefix = rpc->prefix;

    memcpy(rpc->prefix + rpc->prefix_length, bytes, taken);
    rpc->prefix_length += taken;
    if (rpc->prefix_length < GRPC_PREFIX)
        return taken;
    rpc->message_length =
        (size_t)prefix[1] << 24 | (size_t)prefix[2] << 16 | (size_t)prefix[3] << 8 | prefix[4];
    if (prefix[0] != 0)
        rpc_fail(rpc, GRPC_INTERNAL, "a compressed message without a grpc-encoding");
    else if (rpc->message_length > rpc->gateway->settings.max_request)
        rpc_fail(rpc, GRPC_RESOURCE_EXHAUSTED,
                 "the request is longer than CRI_ONESHOT_MAX_REQUEST allows");
    return taken;
}

static size_t take_message(struct rpc *rpc, const uint8_t *bytes, size_t length)
{
    size_t wanted = rpc->message_length - rpc->message.length;
    size_t taken = length < wanted ? length : wanted;

    if (wanted == 0) {
        rpc_fail(rpc, GRPC_UNIMPLEMENTED, "more than one message, where the RPC takes one");
        return length;
    }
    if (rpc->gateway->held + taken > HELD_BYTES || !buf_append(&rpc->message, bytes, taken)) {
        rpc_fail(rpc, GRPC_RESOURCE_EXHAUSTED, "too many long requests at once");
        return length;
    }
    rpc->gateway->held += taken;
    return taken;
}

void rpc_body(struct rpc *rpc, const uint8_t *bytes, size_t length)
{
    while (length > 0 && rpc->state == RPC_READING) {
        size_t taken = rpc->prefix_length < GRPC_PREFIX ? take_prefix(rpc, bytes, length)
                                                        : take_message(rpc, bytes, length);

        bytes += taken;
        length -= taken;
    }
}

void rpc_body_end(struct rpc *rpc)
{
    if (rpc->state != RPC_READING)
        return;
    if (rpc->prefix_length == 0)
        rpc_fail(rpc, GRPC_UNIMPLEMENTED, "no message, where the RPC takes one");
    else if (rpc->prefix_length < GRPC_PREFIX || rpc->message.length < rpc->message_length)
        rpc_fail(rpc, GRPC_INTERNAL, "the request ends before its message does");
    else
        rpc->state = RPC_WAITING;
}
