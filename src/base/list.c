/* SPDX-License-Identifier: Apache-2.0 */
/* This file grows lists of pointers in an arena.
 * It must not know what they point to. */
#include "base/list.h"

#include <string.h>

void list_init(struct list *list, struct arena *arena)
{
    *list = (struct list){ .arena = arena };
}

void list_push(struct list *list, void *item)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 8 : list->room * 2;
        void **items = arena_array(list->arena, room, sizeof(*items));

        if (list->count > 0)
            memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = item;
}

void list_give(const struct list *list, size_t *count, void *array)
{
    *count = list->count;
    memcpy(array, &list->items, sizeof(list->items));
}
