/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares one RPC of a client: its request as it comes, the runs of the translator that
 * answer it, and the answer as it goes.
 * It must not know HTTP/2's frames. */
#ifndef GATEWAY_RPC_H
#define GATEWAY_RPC_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "gateway/errand.h"
#include "gateway/grpc.h"
#include "gateway/headers.h"
#include "gateway/steps.h"
#include "settings.h"

enum { GATEWAY_CHILDREN_MAX = 1024, ATTEMPT_DIGITS = 64 };

/* What all RPCs of a process have in common. */
struct gateway {
    const char *translator;  /* CRI_GATEWAY_TRANSLATOR: the program, looked for on PATH */
    size_t children;         /* CRI_GATEWAY_CHILDREN: translators at once, for one connection */
    int64_t idle_timeout_ms; /* CRI_GATEWAY_IDLE_TIMEOUT: a connection without an RPC */
    struct settings settings;
    struct err err; /* what is wrong with the settings: every RPC's answer */
    sigset_t mask;  /* the translator's signal mask */
    size_t running; /* processes that have not been reaped */
    size_t held;    /* bytes of requests that are kept */
};

enum rpc_state {
    RPC_READING, /* the request is coming */
    RPC_WAITING, /* it is there: the RPC may be started */
    RPC_RUNNING, /* its steps are done */
    RPC_ENDED,   /* out's rest, and then err, is the answer */
};

struct rpc {
    struct rpc *next;
    int32_t stream; /* HTTP/2's number */
    enum rpc_state state;
    struct gateway *gateway;
    struct headers headers;
    const char *http_status;     /* of the answer */
    const struct method *method; /* NULL until the headers' end */
    int64_t read_deadline_ms;    /* of monotonic_ms: the request must be complete */
    int64_t deadline_ms;         /* the client's; 0: none */
    uint8_t prefix[GRPC_PREFIX];
    size_t prefix_length;
    size_t message_length; /* what the prefix says */
    struct buf message;
    bool stepping; /* steps are in use */
    struct steps steps;
    char attempt[ATTEMPT_DIGITS + 1];
    struct errand *errands; /* the oldest first */
    int64_t not_before_ms;  /* of monotonic_ms: the next one */
    int64_t undo_by_ms;     /* what was left must be removed; 0: it need not */
    bool left;              /* the client has gone */
    bool passed_on;         /* the RPC's own result has been */
    struct buf out;         /* messages with their prefix, for the client */
    size_t out_at;          /* where what the client has not got yet starts */
    bool responded;         /* the response's headers are on their way */
    bool deferred;          /* the response waits for out to have more */
    int64_t shut_since_ms;  /* the client's window holds the response back; 0: it does not */
    bool given_up;          /* for too long: there is nobody to answer any more */
    bool reset;             /* HTTP/2's word for that is on its way */
    struct err err;
};

/* A new RPC, malloc'ed. NULL without memory. */
struct rpc *rpc_new(struct gateway *gateway, int32_t stream);

/* Ends its errands, and frees it. */
void rpc_free(struct rpc *rpc);

/* Nothing is to be done for it any more, but to give its answer. */
void rpc_end(struct rpc *rpc);

/* Its headers have been taken, all of them. */
void rpc_headers_end(struct rpc *rpc);

/* Bytes of its body, and then their end. */
void rpc_body(struct rpc *rpc, const uint8_t *bytes, size_t length);
void rpc_body_end(struct rpc *rpc);

/* Ends it with an error, and its errands. Does nothing to one that has ended. */
void rpc_fail(struct rpc *rpc, enum grpc_code code, const char *text);

/* The same, as HTTP has it: INTERNAL, and 400. */
void rpc_malformed(struct rpc *rpc, const char *text);

/* Begins its steps: RPC_WAITING no more. */
void rpc_start(struct rpc *rpc);

/* Begins what errands can be begun now, or ends with what they came to. Due whenever something may
 * have changed. */
void rpc_go_on(struct rpc *rpc);

/* The client has gone. False: nothing is to be done for it any more; else what its call has left is
 * to be removed, until RPC_ENDED. */
bool rpc_leave(struct rpc *rpc);

/* What to poll for on an errand's pipes. A client that does not read keeps them waiting. */
bool rpc_wants_to_write(const struct errand *errand);
bool rpc_wants_to_read(const struct rpc *rpc, const struct errand *errand);
/* Poll says that it can; nothing is done where it is not wanted any more. */
void rpc_write(struct errand *errand);
void rpc_read(struct rpc *rpc, struct errand *errand);

/* A process has ended: maybe one of its errands'. */
void rpc_reaped(struct rpc *rpc, pid_t pid);

/* When rpc_expire is due, of monotonic_ms; 0: never. */
int64_t rpc_due_ms(const struct rpc *rpc);
void rpc_expire(struct rpc *rpc, int64_t now_ms);

#endif
