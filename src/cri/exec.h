/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares ExecSync, both ways.
 * It must not know how a command is run. */
#ifndef EXEC_H
#define EXEC_H

#include "docker/call.h"

/* In the environment of what ExecSync starts, with the call's nonce: by it the processes are found
 * that docker leaves behind when it is ended (a timeout). */
#define EXEC_MARKER "CRI_ONESHOT_EXEC"

plan_function plan_exec_sync;
parse_function parse_exec_sync;

#endif
