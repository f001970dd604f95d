/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads a request's headers, and checks them.
 * It must not know HTTP/2's frames. */
#include "gateway/headers.h"

#include <string.h>

#include "gateway/grpc.h"

/* ==== errors ==== */

static void override(struct err *err)
{
    *err = (struct err){ .code = GRPC_OK };
}

static void malformed(struct headers *headers, const char *what, const char *name, struct err *err)
{
    if (!headers->is_malformed)
        override(err);
    headers->is_malformed = true;
    err_set(err, GRPC_INTERNAL, "malformed request: %s \"%s\"", what, name);
}

/* ==== values ==== */

static void take_method(struct headers *headers, const char *value, struct err *err)
{
    (void)err;
    headers->is_post = strcmp(value, "POST") == 0;
}

static void take_path(struct headers *headers, const char *value, struct err *err)
{
    if (*value == '\0')
        malformed(headers, "an empty", ":path", err);
    else
        headers->method = grpc_route(value, err);
}

static void take_content_type(struct headers *headers, const char *value, struct err *err)
{
    (void)err;
    headers->is_grpc = grpc_content_type(value);
}

static void take_timeout(struct headers *headers, const char *value, struct err *err)
{
    headers->has_timeout = grpc_timeout(value, &headers->timeout_ms);
    if (!headers->has_timeout)
        err_set(err, GRPC_INTERNAL, "malformed grpc-timeout: \"%s\"", value);
}

static void take_encoding(struct headers *headers, const char *value, struct err *err)
{
    (void)headers;
    if (strcmp(value, "identity") != 0)
        err_set(err, GRPC_UNIMPLEMENTED,
                "grpc-encoding \"%s\" is not supported: messages must not be compressed", value);
}

static void take_te(struct headers *headers, const char *value, struct err *err)
{
    if (strcmp(value, "trailers") != 0)
        malformed(headers, "te is", value, err);
}

static void take_nothing(struct headers *headers, const char *value, struct err *err)
{
    (void)headers;
    (void)value;
    (void)err;
}

/* HTTP/1's, which say how a connection is used. */
static void take_connection_header(struct headers *headers, const char *value, struct err *err)
{
    (void)value;
    malformed(headers, "a header of", "HTTP/1", err);
}

/* ==== the table ==== */

static const struct row {
    const char *name;
    void (*take)(struct headers *headers, const char *value, struct err *err);
    bool required;
} rows[] = {
    { ":method", take_method, true },
    { ":path", take_path, true },
    { ":scheme", take_nothing, true },
    { ":authority", take_nothing, false },
    { "content-type", take_content_type, false },
    { "grpc-timeout", take_timeout, false },
    { "grpc-encoding", take_encoding, false },
    { "te", take_te, false },
    { "connection", take_connection_header, false },
    { "keep-alive", take_connection_header, false },
    { "proxy-connection", take_connection_header, false },
    { "transfer-encoding", take_connection_header, false },
    { "upgrade", take_connection_header, false },
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool is_name(const char *name, size_t length)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~";

    if (*name == ':') {
        name++;
        length--;
    }
    return length > 0 && strspn(name, characters) == length;
}

static bool is_value(const char *value, size_t length)
{
    return strcspn(value, "\r\n") == length;
}

static void take_row(struct headers *headers, size_t row, const char *value, struct err *err)
{
    unsigned bit = 1U << row;

    if ((headers->seen & bit) != 0)
        malformed(headers, "more than one", rows[row].name, err);
    else
        rows[row].take(headers, value, err);
    headers->seen |= bit;
}

void headers_take(struct headers *headers, const char *name, size_t name_length, const char *value,
                  size_t value_length, struct err *err)
{
    if (headers->bytes > HEADERS_BYTES)
        return;
    headers->bytes += name_length + value_length;
    if (headers->bytes > HEADERS_BYTES) {
        override(err);
        err_set(err, GRPC_RESOURCE_EXHAUSTED, "the headers are longer than %d bytes",
                HEADERS_BYTES);
        return;
    }
    if (!is_name(name, name_length))
        malformed(headers, "no name of a header:", name, err);
    if (!is_value(value, value_length))
        malformed(headers, "a NUL or the end of a line in", name, err);
    if (*name == ':' && headers->has_regular)
        malformed(headers, "after other headers:", name, err);
    headers->has_regular = headers->has_regular || *name != ':';
    for (size_t i = 0; i < ROWS; i++)
        if (strcmp(rows[i].name, name) == 0) {
            take_row(headers, i, value, err);
            return;
        }
    if (*name == ':')
        malformed(headers, "no header of a request:", name, err);
}

const char *headers_end(struct headers *headers, struct err *err)
{
    if (headers->bytes > HEADERS_BYTES)
        return "200";
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i].required && (headers->seen & 1U << i) == 0)
            malformed(headers, "there is no", rows[i].name, err);
    if (headers->is_malformed)
        return "400";
    if (!headers->is_post || !headers->is_grpc)
        err_set(err, GRPC_INTERNAL, "a gRPC request is a POST of application/grpc");
    return !headers->is_post ? "405" : !headers->is_grpc ? "415" : "200";
}
