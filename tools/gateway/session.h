/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the serving of one client's connection: HTTP/2, and its RPCs.
 * It must not know where the connection comes from. */
#ifndef GATEWAY_SESSION_H
#define GATEWAY_SESSION_H

#include "gateway/rpc.h"
#include "gateway/tokens.h"

/* Serves the client on descriptors in and out (which may be one) until it is gone, says nothing for
 * the idle timeout, or we are told to end (TERM, INT, HUP): then RPCs that have one answer are
 * finished, the others end, and a second signal ends all. No more translators run at once than
 * RLIMIT_NOFILE has room for, and than there are tokens (NULL: any number): further RPCs wait.
 * Waits for all translators to end. Returns the exit code, 0, or 1 where there is no memory for a
 * session. */
int session_serve(struct gateway *gateway, struct tokens *tokens, int in, int out);

#endif
