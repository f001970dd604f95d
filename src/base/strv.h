/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares a list of words that ends with NULL, as exec wants its arguments.
 * It must not know what the words mean. */
#ifndef STRV_H
#define STRV_H

#include <stddef.h>

#include "base/arena.h"

struct strv {
    struct arena *arena;
    const char **words; /* count of them, then NULL; NULL while empty */
    size_t count;
    size_t room;
};

void strv_init(struct strv *strv, struct arena *arena);

/* Appends a copy. */
void strv_push(struct strv *strv, const char *word);
void strv_pushf(struct strv *strv, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Takes the last word off. */
void strv_pop(struct strv *strv);

/* Appends copies of count words. */
void strv_push_all(struct strv *strv, char *const *words, size_t count);

#endif
