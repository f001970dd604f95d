/* SPDX-License-Identifier: Apache-2.0 */
/* This file converts maps of strings.
 * It must not know what the keys mean. */
#include "docker/pairs.h"

#include <stdbool.h>
#include <string.h>

#include "base/list.h"
#include "base/text.h"

/* The generated entry types differ in name alone; their descriptors say where the two strings
 * are. */
static char **entry_string(ProtobufCMessage *entry, unsigned index)
{
    return (char **)(void *)((char *)entry + entry->descriptor->fields[index].offset);
}

struct pairs pairs_of_map(struct arena *arena, size_t count, void *entries)
{
    ProtobufCMessage **messages = entries;
    struct pairs pairs = { .items = arena_array(arena, count, sizeof(struct pair)),
                           .count = count };

    for (size_t i = 0; i < count; i++)
        pairs.items[i] = (struct pair){ .key = *entry_string(messages[i], 0),
                                        .value = *entry_string(messages[i], 1) };
    return pairs;
}

struct pairs pairs_of_json(struct arena *arena, const json_t *object)
{
    json_t *members = (json_t *)(uintptr_t)object; /* jansson's iterators are not const */
    struct pairs pairs = { .items =
                               arena_array(arena, json_object_size(object), sizeof(struct pair)) };

    for (void *at = json_object_iter(members); at != NULL;
         at = json_object_iter_next(members, at)) {
        const char *value = json_string_value(json_object_iter_value(at));

        if (value != NULL)
            pairs.items[pairs.count++] =
                (struct pair){ .key = arena_strdup(arena, json_object_iter_key(at)),
                               .value = arena_strdup(arena, value) };
    }
    return pairs;
}

void pairs_to_map(struct arena *arena, const struct pairs *pairs,
                  const ProtobufCMessageDescriptor *descriptor, size_t *count, void *entries)
{
    struct list list;

    list_init(&list, arena);
    for (size_t i = 0; i < pairs->count; i++) {
        ProtobufCMessage *entry = arena_alloc(arena, descriptor->sizeof_message);

        protobuf_c_message_init(descriptor, entry);
        *entry_string(entry, 0) = text_borrowed(pairs->items[i].key);
        *entry_string(entry, 1) = text_borrowed(pairs->items[i].value);
        list_push(&list, entry);
    }
    list_give(&list, count, entries);
}

json_t *pairs_to_json(const struct pairs *pairs)
{
    json_t *object = json_object();

    for (size_t i = 0; i < pairs->count; i++)
        json_object_set_new_nocheck(object, pairs->items[i].key,
                                    json_string_nocheck(pairs->items[i].value));
    return object;
}

const char *pairs_get(const struct pairs *pairs, const char *key)
{
    for (size_t i = pairs->count; i > 0; i--)
        if (strcmp(pairs->items[i - 1].key, key) == 0)
            return pairs->items[i - 1].value;
    return NULL;
}

bool pairs_include(const struct pairs *pairs, const struct pairs *wanted)
{
    for (size_t i = 0; i < wanted->count; i++) {
        const char *value = pairs_get(pairs, wanted->items[i].key);

        if (value == NULL || strcmp(value, wanted->items[i].value) != 0)
            return false;
    }
    return true;
}
