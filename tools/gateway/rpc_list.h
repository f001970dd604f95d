/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares lists of RPCs, of the client's and of those whose client has gone.
 * It must not know HTTP/2's frames. */
#ifndef GATEWAY_RPC_LIST_H
#define GATEWAY_RPC_LIST_H

#include "gateway/rpc.h"

void rpc_list_append(struct rpc **list, struct rpc *rpc);

/* Takes the RPC of this stream out of the list. NULL: it has none. */
struct rpc *rpc_list_take(struct rpc **list, int32_t stream);

/* Its client has gone: it is freed, or goes on in the list of those that have something to undo. */
void rpc_list_leave(struct rpc **left, struct rpc *rpc);

/* Frees those that have ended, or all of them. */
void rpc_list_free_ended(struct rpc **list);
void rpc_list_free(struct rpc **list);

#endif
