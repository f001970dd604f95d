/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares maps of strings: as protobuf has them, as JSON has them, and as docker labels.
 * It must not know what the keys mean. */
#ifndef PAIRS_H
#define PAIRS_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/arena.h"

struct pair {
    const char *key;
    const char *value;
};

struct pairs {
    struct pair *items;
    size_t count;
};

/* The entries of a protobuf map field, of any entry type with key = 1 and value = 2 as strings.
 * The strings stay the message's. */
struct pairs pairs_of_map(struct arena *arena, size_t count, void *entries);

/* The members of a JSON object whose values are strings; none for NULL. Copies. */
struct pairs pairs_of_json(struct arena *arena, const json_t *object);

/* Fills a map field (its count and its array) with entries of the type that descriptor tells. */
void pairs_to_map(struct arena *arena, const struct pairs *pairs,
                  const ProtobufCMessageDescriptor *descriptor, size_t *count, void *entries);

/* A new JSON object; of equal keys the last one counts. */
json_t *pairs_to_json(const struct pairs *pairs);

/* The value of a key, the last where there are several, or NULL. */
const char *pairs_get(const struct pairs *pairs, const char *key);

/* Whether each pair of wanted is in pairs. */
bool pairs_include(const struct pairs *pairs, const struct pairs *wanted);

#endif
