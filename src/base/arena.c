/* SPDX-License-Identifier: Apache-2.0 */
/* This file implements the arena on malloc.
 * It must not know what is kept in it. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK_SIZE = 64 * 1024 };

/* What is at least so large gets a block of its own. Under AddressSanitizer all does, so that an
 * overrun is seen. */
#if defined(__SANITIZE_ADDRESS__)
enum { OWN_BLOCK = 1 };
#else
enum { OWN_BLOCK = BLOCK_SIZE / 4 };
#endif

struct arena_block {
    struct arena_block *older;
    bool own; /* it holds one allocation alone */
    max_align_t memory[];
};

void arena_init(struct arena *arena, size_t cap, arena_exhausted *exhausted, void *context)
{
    *arena = (struct arena){ .cap = cap, .exhausted = exhausted, .context = context };
}

static size_t aligned(size_t size)
{
    size_t unit = alignof(max_align_t);

    if (size == 0)
        return unit;
    return size > SIZE_MAX - unit ? SIZE_MAX : (size + unit - 1) / unit * unit;
}

static void *take(struct arena *arena, size_t size)
{
    void *memory = arena->next;

    arena->next += size;
    arena->left -= size;
    return memory;
}

/* A large allocation gets a block to itself, and the free bytes of the newest block stay in use. */
static struct arena_block *add_block(struct arena *arena, size_t size)
{
    struct arena_block *block = NULL;

    if (size > arena->cap - arena->total)
        return NULL;
    block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    *block = (struct arena_block){ .older = arena->blocks };
    arena->blocks = block;
    arena->total += size;
    return block;
}

void *arena_try_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = NULL;

    size = aligned(size);
    if (size <= arena->left && size < OWN_BLOCK)
        return take(arena, size);
    if (size >= OWN_BLOCK) {
        block = add_block(arena, size);
        if (block == NULL)
            return NULL;
        block->own = true;
        return block->memory;
    }
    block = add_block(arena, BLOCK_SIZE);
    if (block == NULL)
        return NULL;
    arena->next = (char *)block->memory;
    arena->left = BLOCK_SIZE;
    return take(arena, size);
}

void *arena_alloc(struct arena *arena, size_t size)
{
    void *memory = arena_try_alloc(arena, size);

    if (memory == NULL) {
        arena->exhausted(arena->context);
        abort();
    }
    memset(memory, 0, size);
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
    size_t product = 0;

    if (__builtin_mul_overflow(count, size, &product))
        product = SIZE_MAX;
    return arena_alloc(arena, product);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
    char *copy = arena_alloc(arena, length + 1);

    if (length > 0) /* text may be NULL where there is none */
        memcpy(copy, text, length);
    return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
    return arena_strndup(arena, text, strlen(text));
}

char *arena_vprintf(struct arena *arena, const char *format, va_list arguments)
{
    va_list again;
    char *text = NULL;
    int length = 0;

    va_copy(again, arguments);
    length = vsnprintf(NULL, 0, format, arguments);
    text = arena_alloc(arena, (size_t)length + 1);
    vsnprintf(text, (size_t)length + 1, format, again);
    va_end(again);
    return text;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    char *text = NULL;

    va_start(arguments, format);
    text = arena_vprintf(arena, format, arguments);
    va_end(arguments);
    return text;
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = NULL;

    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;

        arena->blocks = block->older;
        if (kept == NULL && !block->own)
            kept = block;
        else
            free(block);
    }
    arena->blocks = kept;
    arena->total = kept == NULL ? 0 : BLOCK_SIZE;
    arena->left = arena->total;
    arena->next = kept == NULL ? NULL : (char *)kept->memory;
    if (kept != NULL)
        kept->older = NULL;
}

void arena_release(struct arena *arena)
{
    while (arena->blocks != NULL) {
        struct arena_block *block = arena->blocks;

        arena->blocks = block->older;
        free(block);
    }
    arena_init(arena, arena->cap, arena->exhausted, arena->context);
}
