/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the names of signals, as the CRI and as docker spell them.
 * It must not know who is sent one. */
#ifndef SIGNALS_H
#define SIGNALS_H

#include "base/arena.h"
#include "base/cri.h"

/* "SIGRTMIN+1" for SIGNAL_SIGRTMINPLUS1; NULL for SIGNAL_RUNTIME_DEFAULT. */
const char *signal_to_docker(struct arena *arena, CRI(Signal) signal);

/* The signal of docker's "SIGTERM", "TERM" or "15"; "" is what docker sends where nothing is set,
 * SIGNAL_SIGTERM. SIGNAL_RUNTIME_DEFAULT for what the CRI has no number for. */
CRI(Signal) signal_from_docker(struct arena *arena, const char *text);

#endif
