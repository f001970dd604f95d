/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares a growing list of pointers, as protobuf's repeated messages are.
 * It must not know what they point to. */
#ifndef LIST_H
#define LIST_H

#include <stddef.h>

#include "base/arena.h"

struct list {
    struct arena *arena;
    void **items;
    size_t count;
    size_t room;
};

void list_init(struct list *list, struct arena *arena);
void list_push(struct list *list, void *item);

/* Sets a repeated message field: its count, and its array, whose address is given (a T ***, of any
 * T, hence void *). The array stays the list's arena's. */
void list_give(const struct list *list, size_t *count, void *array);

#endif
