/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads and writes JSON with jansson.
 * It must not know what the documents mean. */
#include "base/document.h"

#include <string.h>

static struct arena *memory;

/* jansson hands back NULL where memory ends, but many of its callers would then see half a
 * document: end the call instead. */
static void *take_block(size_t size)
{
    return arena_alloc(memory, size);
}

static void keep_block(void *block)
{
    (void)block;
}

void doc_use(struct arena *arena)
{
    memory = arena;
    json_set_alloc_funcs(take_block, keep_block);
}

void doc_seed(uint64_t nonce)
{
    size_t seed = (size_t)(nonce ^ nonce >> 32);

    json_object_seed(seed == 0 ? 1 : seed); /* 0 would mean: from the system */
}

const json_t *doc_read(const char *text, size_t length, struct err *err)
{
    json_error_t error;
    const json_t *document = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    if (document == NULL)
        err_set(err, GRPC_INTERNAL, "docker's output is not the JSON that was asked for: %s",
                error.text);
    return document;
}

const json_t *doc_path(const json_t *document, const char *path)
{
    while (document != NULL && *path != '\0') {
        size_t length = strcspn(path, ".");
        char name[128];

        if (length >= sizeof(name))
            return NULL;
        memcpy(name, path, length);
        name[length] = '\0';
        document = json_object_get(document, name);
        path += length + (path[length] == '.');
    }
    return document;
}

const char *doc_text(const json_t *document, const char *path)
{
    const char *text = json_string_value(doc_path(document, path));

    return text == NULL ? "" : text;
}

int64_t doc_number(const json_t *document, const char *path)
{
    return json_integer_value(doc_path(document, path));
}

bool doc_flag(const json_t *document, const char *path)
{
    return json_is_true(doc_path(document, path));
}

const char *doc_text_at(const json_t *array, size_t index)
{
    const char *text = json_string_value(json_array_get(array, index));

    return text == NULL ? "" : text;
}

void doc_put_text(json_t *object, const char *name, const char *text)
{
    json_object_set_new_nocheck(object, name, json_string_nocheck(text));
}

const char *doc_compact(struct arena *arena, const json_t *document)
{
    /* With more digits 0.1 would be 0.10000000000000001. */
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15);
    size_t length = json_dumpb(document, NULL, 0, flags);
    char *text = arena_alloc(arena, length + 1);

    json_dumpb(document, text, length, flags);
    return text;
}
