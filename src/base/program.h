/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares where the running program is, and what is beside it.
 * It must not know what the programs do. */
#ifndef PROGRAM_H
#define PROGRAM_H

#include <stddef.h>

/* The running program, written to path (of room bytes); NULL where that is not known, or does not
 * fit. */
const char *program_own(char *path, size_t room);

/* The program of this name in the folder that our own is in, written to path; where there is none
 * the name itself, to be looked for on PATH. */
const char *program_beside(const char *name, char *path, size_t room);

#endif
