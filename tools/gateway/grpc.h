/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares gRPC's words over HTTP/2: paths, timeouts, messages and their prefix.
 * It must not know HTTP/2's frames.
 * Source of the rules: gRPC's PROTOCOL-HTTP2.md. */
#ifndef GATEWAY_GRPC_H
#define GATEWAY_GRPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "methods.h"

/* Before each message: a byte that says whether it is compressed, and four of its length. */
enum { GRPC_PREFIX = 5 };

/* The RPC that ":path" names, "/runtime.v1.RuntimeService/Version". NULL with UNIMPLEMENTED. */
const struct method *grpc_route(const char *path, struct err *err);

/* Whether it is gRPC's content type, with protobuf messages. */
bool grpc_content_type(const char *text);

/* A grpc-timeout ("1500m") in milliseconds, a fraction of one counts as a whole. False when it is
 * none. */
bool grpc_timeout(const char *text, int64_t *timeout_ms);

/* Appends the prefix of an uncompressed message of this length (at most 4 GiB - 1). False without
 * memory. */
bool grpc_put_prefix(struct buf *buf, size_t length);

/* A grpc-message: text percent-encoded into room bytes, cut between characters where it is longer.
 * Returns its length; there is a NUL behind it. */
size_t grpc_encode_message(const char *text, char *encoded, size_t room);

#endif
