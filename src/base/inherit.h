/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what a program does about the descriptors and signals that it was started
 * with, by systemd, inetd, a shell or a script.
 * It must not know what the program serves. */
#ifndef INHERIT_H
#define INHERIT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* A descriptor of 0, 1 and 2 that we were started without would be given to a pipe of ours, and
 * then to a child. It is filled by one that cannot be written to. */
void inherit_fill(void);

/* Whether it is open for writing. */
bool inherit_is_writable(int fd);

/* inetd ties standard error to the client's socket: where it is the same open file as standard
 * output, it becomes /dev/null, so that not a byte of it is ours, or a library's, besides the
 * answer. */
void inherit_silence_stderr(void);

/* TCP lets anyone in, and shows no hang-up. False with PERMISSION_DENIED where descriptor 0 or 1 is
 * a TCP socket and that is not allowed; else keep-alive probes are on. */
bool inherit_check_transport(bool allow_tcp, struct err *err);

/* CHLD and the signals that end us, but for one that we were started to ignore (nohup), and those
 * of a crash: to be blocked and waited for. */
void inherit_signals(sigset_t *set);

#endif
