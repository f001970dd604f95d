/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the two forms of lines in fixtures: NAME=VALUE, and words with escapes.
 * It must not know what they mean. */
#ifndef FIXTURE_LINES_H
#define FIXTURE_LINES_H

#include <stdbool.h>

#include "arena.h"
#include "err.h"
#include "strv.h"

struct lines {
    struct strv words;
    bool *used;
};

/* The lines of a text; of NULL none. */
void lines_read(struct lines *lines, struct arena *arena, const char *text);

/* The value of NAME=VALUE, or NULL; the line counts as used. */
const char *lines_value(struct lines *lines, const char *name);

/* False with the first line that nobody asked for. */
bool lines_all_used(const struct lines *lines, const char *file, struct err *err);

/* One word a line, a backslash written "\\" and a newline "\n". */
const char *lines_join(struct arena *arena, const char *const *words, size_t count);

#endif
