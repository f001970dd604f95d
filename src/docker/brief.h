/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the shortening of what docker said to what can be looked at in a moment.
 * It must not know what is looked for. */
#ifndef BRIEF_H
#define BRIEF_H

#include <stddef.h>

#include "base/arena.h"

/* What is kept of a text that is longer than both: its first and its last bytes. */
enum { BRIEF_HALF = 16 * 1024 };

/* The text, or its beginning and its end, each with whole lines where it has line breaks, with a
 * line " … " between them. *length is the text's, and becomes the result's. A word without blanks
 * that a cut goes through, which may be half a secret, is not in the result. */
const char *brief_text(struct arena *arena, const char *text, size_t *length);

#endif
