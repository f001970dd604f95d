/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the ending of processes that carry a variable of ours.
 * It must not know what they run. */
#ifndef MARKED_PROCESSES_H
#define MARKED_PROCESSES_H

/* Kills every process whose first environment holds marker ("NAME=VALUE"), and what descends from
 * them, by root/proc. The engine may be starting one just now: looks again for half a second after
 * the last one seen. */
void marked_processes_end(const char *root, const char *marker);

#endif
