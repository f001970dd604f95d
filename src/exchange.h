/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the pure steps of a call: bytes to request, request to command, docker's
 * result to response, response to bytes.
 * It must not know how any of them is read, run or written. */
#ifndef EXCHANGE_H
#define EXCHANGE_H

#include "base/cri.h"
#include "docker/call.h"
#include "methods.h"

/* The memory that a hostile request may make us use. */
enum { EXCHANGE_MEMORY = 128 * 1024 * 1024 };

struct exchange {
    struct call call; /* filled by the caller, but for its request */
    Oneshot__V1__Request *request;
    const struct method *method; /* NULL until the request is decoded */
    struct plan plan;
    Oneshot__V1__Response response;
    ProtobufCMessage *result; /* the RPC's own response, within it once it succeeded */
};

/* For libprotobuf-c: memory of the arena, NULL past its cap. */
ProtobufCAllocator exchange_allocator(struct arena *arena);

/* Starts with call's arena, scratch, settings and surroundings. From here on jansson's memory is
 * call.scratch. */
void exchange_init(struct exchange *exchange, const struct call *call);

/* A Request's bytes, checked. Errors: INVALID_ARGUMENT (malformed, or no call), UNIMPLEMENTED (a
 * call that we do not know), RESOURCE_EXHAUSTED. */
bool exchange_decode(struct exchange *exchange, const uint8_t *bytes, size_t length,
                     struct err *err);

/* The docker command of the request, or plan.answered. Errors: the request is refused. */
bool exchange_plan(struct exchange *exchange, struct err *err);

/* The response of docker's result; of no result (NULL) when plan.answered. */
bool exchange_parse(struct exchange *exchange, const struct docker_result *result, struct err *err);

/* The response messages of a streaming RPC, given one by one. bytes is what docker has printed
 * since the last call's return value, the bytes that were complete lines; end: nothing follows, and
 * docker succeeded. RUN_STOP's value (SIZE_MAX) with err when a line is not right, or give fails.
 * What is allocated for a line is in lines, which is reset after it. */
size_t exchange_stream(struct exchange *exchange, struct stream *stream, struct arena *lines,
                       const char *bytes, size_t length, bool end, struct err *err);

/* Fills the response with one message of a stream. */
void exchange_item(struct exchange *exchange, ProtobufCMessage *result);

/* Fills the response that ends the call: with the result, with an outcome of code 0 where the RPC
 * streams, or with err's outcome where err has a code. */
void exchange_finish(struct exchange *exchange, const struct err *err);

/* The response's bytes, malloc'ed. NULL without memory. */
uint8_t *exchange_encode(const struct exchange *exchange, size_t *length);

#endif
