/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the one error type: a gRPC code and a text.
 * It must not know where errors come from. */
#ifndef ERR_H
#define ERR_H

#include <stdbool.h>

/* google.rpc.Code numbers, which gRPC puts into grpc-status. */
enum grpc_code {
    GRPC_OK = 0,
    GRPC_CANCELLED = 1,
    GRPC_UNKNOWN = 2,
    GRPC_INVALID_ARGUMENT = 3,
    GRPC_DEADLINE_EXCEEDED = 4,
    GRPC_NOT_FOUND = 5,
    GRPC_ALREADY_EXISTS = 6,
    GRPC_PERMISSION_DENIED = 7,
    GRPC_RESOURCE_EXHAUSTED = 8,
    GRPC_FAILED_PRECONDITION = 9,
    GRPC_ABORTED = 10,
    GRPC_OUT_OF_RANGE = 11,
    GRPC_UNIMPLEMENTED = 12,
    GRPC_INTERNAL = 13,
    GRPC_UNAVAILABLE = 14,
    GRPC_DATA_LOSS = 15,
    GRPC_UNAUTHENTICATED = 16,
};

/* Owned by the caller, who starts it zeroed. The first error wins. */
struct err {
    enum grpc_code code; /* GRPC_OK: no error */
    char text[2048];     /* cut between UTF-8 characters where it would be longer */
};

/* Fills an empty error and returns false, so that a function can `return err_set(…)`. Text that
 * is not UTF-8 (docker's garbage) is made so, because a protobuf string must be. */
bool err_set(struct err *err, enum grpc_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Puts "PREFIX: " before the text; the code stays. Returns false. */
bool err_wrap(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The name of a code as gRPC writes it, "NOT_FOUND"; "UNKNOWN" for a number that is none. */
const char *grpc_code_name(enum grpc_code code);

#endif
