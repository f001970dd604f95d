/* SPDX-License-Identifier: Apache-2.0 */
/* This file keeps lists of RPCs.
 * It must not know HTTP/2's frames. */
#include "gateway/rpc_list.h"

void rpc_list_append(struct rpc **list, struct rpc *rpc)
{
    while (*list != NULL)
        list = &(*list)->next;
    *list = rpc;
    rpc->next = NULL;
}

struct rpc *rpc_list_take(struct rpc **list, int32_t stream)
{
    struct rpc *rpc = NULL;

    while (*list != NULL && (*list)->stream != stream)
        list = &(*list)->next;
    rpc = *list;
    if (rpc != NULL)
        *list = rpc->next;
    return rpc;
}

void rpc_list_leave(struct rpc **left, struct rpc *rpc)
{
    if (rpc_leave(rpc))
        rpc_list_append(left, rpc);
    else
        rpc_free(rpc);
}

void rpc_list_free_ended(struct rpc **list)
{
    while (*list != NULL) {
        struct rpc *rpc = *list;

        if (rpc->state != RPC_ENDED) {
            list = &rpc->next;
            continue;
        }
        *list = rpc->next;
        rpc_free(rpc);
    }
}

void rpc_list_free(struct rpc **list)
{
    while (*list != NULL) {
        struct rpc *rpc = *list;

        *list = rpc->next;
        rpc_free(rpc);
    }
}
