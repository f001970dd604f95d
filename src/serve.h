/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the serving of one call on standard input and output.
 * It must not know any RPC. */
#ifndef SERVE_H
#define SERVE_H

/* Reads one Request from descriptor 0, runs its docker command, writes the Response to descriptor
 * 1. Returns the exit code: 0 when a complete answer was written, whatever it says, or nothing was
 * asked; 1 when the answer could not be written. */
int serve(void);

/* Reads one Request from descriptor 0 and prints its docker command for a shell, with what goes by
 * descriptor and environment; runs nothing. Returns the exit code: 0, or 1 when the request is
 * refused. */
int explain(void);

#endif
