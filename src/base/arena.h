/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the arena: the memory of one invocation, freed as a whole.
 * It must not know what is kept in it. */
#ifndef ARENA_H
#define ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct arena_block;

/* Called when the cap would be passed or the system has no memory left. It must not return: it
 * answers the client and exits, or jumps out (tests). */
typedef void arena_exhausted(void *context);

struct arena {
    struct arena_block *blocks;
    char *next;   /* free bytes of the newest block */
    size_t left;  /* how many */
    size_t total; /* bytes asked of the system, at most cap */
    size_t cap;
    arena_exhausted *exhausted;
    void *context;
};

void arena_init(struct arena *arena, size_t cap, arena_exhausted *exhausted, void *context);

/* Zeroed memory, aligned for any type, owned by the arena. Never NULL: past the cap it calls
 * exhausted. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same, but not zeroed, and NULL past the cap: for libraries, which handle both. */
void *arena_try_alloc(struct arena *arena, size_t size);

/* Room for count elements of size bytes each; a product that overflows is past any cap. */
void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies with a NUL at the end. Where length is 0, text may be NULL. */
char *arena_strdup(struct arena *arena, const char *text);
char *arena_strndup(struct arena *arena, const char *text, size_t length);
char *arena_printf(struct arena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Takes back all that was allocated, but keeps a block of memory for what comes next. */
void arena_reset(struct arena *arena);

/* Gives all memory back to the system; the arena can be used again. */
void arena_release(struct arena *arena);

#endif
