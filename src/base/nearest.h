/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the guess which of some words a misspelt one may have meant.
 * It must not know what the words name. */
#ifndef NEAREST_H
#define NEAREST_H

#include <stddef.h>

struct nearest {
    const char *given;
    const char *best; /* NULL: none of those offered is near */
    size_t distance;
};

enum { NEAREST_HINT = 128 };

/* Then offer each word that there is; those are borrowed. Near is one with few letters changed,
 * left out, added or swapped (a third of them), in any case of letters and whatever of "_" and "-",
 * and one that holds what was given. The first of the nearest wins. */
void nearest_start(struct nearest *nearest, const char *given);
void nearest_offer(struct nearest *nearest, const char *word);

/* " (did you mean WORD?)", or nothing. Returns hint. */
const char *nearest_hint(const struct nearest *nearest, char hint[NEAREST_HINT]);

#endif
