/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares one client's HTTP/2 connection and its RPCs, without its descriptors.
 * It must not know where bytes come from, or go to. */
#ifndef GATEWAY_HTTP2_H
#define GATEWAY_HTTP2_H

#include <nghttp2/nghttp2.h>

#include "gateway/rpc_list.h"

enum { HTTP2_STREAMS = 128 }; /* RPCs at once; what is beyond waits at the client */

struct http2 {
    struct gateway *gateway;
    nghttp2_session *session;
    struct rpc *rpcs; /* the oldest first; at most HTTP2_STREAMS */
    struct rpc *left; /* whose clients have gone: they remove what they have left */
    bool greeted;     /* the client speaks HTTP/2 */
    bool goodbye;     /* no RPC is begun any more */
    int64_t idle_since_ms;
    struct buf unsent; /* for the client */
    size_t sent;
    int64_t stuck_since_ms; /* since when fd takes none of them; 0: it does, or there are none */
};

/* False without memory. http2_release is due in either case. */
bool http2_init(struct http2 *http2, struct gateway *gateway);
void http2_release(struct http2 *http2);

/* The client has gone. */
void http2_leave(struct http2 *http2);

/* Takes what the client sent. False when the connection cannot go on: what is to be said about that
 * can still be written. */
bool http2_take(struct http2 *http2, const uint8_t *bytes, size_t length);

/* Puts what RPCs have to answer on its way. */
void http2_offer(struct http2 *http2);

/* Writes what fd takes now. False when the connection cannot go on. */
bool http2_flush(struct http2 *http2, int fd);

/* Whether there are bytes that fd has not taken. */
bool http2_has_unsent(const struct http2 *http2);

/* Whether so much waits to be sent that nothing more is to be taken from the client. */
bool http2_is_backed_up(const struct http2 *http2);

/* Whether both sides have said all that they will say. */
bool http2_is_over(const struct http2 *http2);

/* Tells the client that no RPC is begun any more. */
void http2_say_goodbye(struct http2 *http2);

#endif
