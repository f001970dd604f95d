/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what is read of a request's headers, and what is wrong with them.
 * It must not know HTTP/2's frames. */
#ifndef GATEWAY_HEADERS_H
#define GATEWAY_HEADERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "methods.h"

enum { HEADERS_BYTES = 16 * 1024 }; /* names and values, of one request */

struct headers {
    size_t bytes;
    unsigned seen;    /* those of our table, a bit each */
    bool has_regular; /* one that is no pseudo header, before which those must stand */
    bool is_malformed;
    bool is_post;
    bool is_grpc;
    bool has_timeout;
    int64_t timeout_ms;
    const struct method *method; /* NULL: there is none, and err says why */
};

/* Takes one, in their order; the bytes end with a NUL that is not counted. headers is zeroed before
 * the first. nghttp2 is told to leave HTTP's rules alone (its own would refuse grpc-go's
 * ":authority", which may be a path), so that those which guard us are checked here (RFC 9113,
 * section 8.2 and 8.3). The first error wins, but a malformed request or too many bytes override
 * the others. */
void headers_take(struct headers *headers, const char *name, size_t name_length, const char *value,
                  size_t value_length, struct err *err);

/* There are no more. Returns HTTP's status of the answer: "200" where gRPC's says it all. */
const char *headers_end(struct headers *headers, struct err *err);

#endif
