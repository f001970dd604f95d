/* SPDX-License-Identifier: Apache-2.0 */
/* This file fuzzes the reading of a translator's answer: a byte for the RPC, one for the sizes of
 * the pieces, then what the translator writes. It is taken as a whole and in pieces, and must come
 * to the same.
 * It must not know any RPC. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "gateway/answer.h"

enum { CAP = 4096, MOST = 64 };

struct outcome {
    struct answer answer;
    struct buf messages;
    struct err err;
    bool well;
};

static void take(struct outcome *outcome, const uint8_t *bytes, size_t length, unsigned seed)
{
    outcome->well = true;
    while (length > 0 && outcome->well && !outcome->answer.ended) {
        size_t size = seed == 0 ? length : 1 + seed % MOST;
        uint8_t *piece = NULL;

        if (size > length)
            size = length;
        piece = malloc(size); /* of its own, for the sanitizer to guard */
        if (piece == NULL)
            abort();
        memcpy(piece, bytes, size);
        outcome->well =
            answer_take(&outcome->answer, piece, size, &outcome->messages, &outcome->err);
        free(piece);
        bytes += size;
        length -= size;
        seed = seed * 1103515245 + (seed == 0 ? 0 : 12345);
    }
}

static void begin(struct outcome *outcome, const struct method *method, bool prefixed)
{
    memset(outcome, 0, sizeof(*outcome));
    answer_init(&outcome->answer, method, prefixed);
    buf_init(&outcome->messages, CAP);
}

/* A piece that does not fit leaves out what stands before it in the same piece, or not. */
static void compare(const struct outcome *whole, const struct outcome *parts)
{
    const struct buf *a = &whole->messages;
    const struct buf *b = &parts->messages;

    if (whole->well != parts->well || whole->err.code != parts->err.code ||
        strcmp(whole->err.text, parts->err.text) != 0 || whole->answer.ended != parts->answer.ended)
        abort();
    if (whole->err.code != GRPC_RESOURCE_EXHAUSTED &&
        (a->length != b->length || (a->length > 0 && memcmp(a->data, b->data, a->length) != 0)))
        abort();
    if (!whole->well && whole->err.code == GRPC_OK)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
    static struct outcome whole;
    static struct outcome parts;
    const struct method *method = NULL;

    if (length < 2)
        return 0;
    method = &methods[(bytes[0] & 0x7f) % method_count];
    begin(&whole, method, bytes[0] > 0x7f);
    begin(&parts, method, bytes[0] > 0x7f);
    take(&whole, bytes + 2, length - 2, 0);
    take(&parts, bytes + 2, length - 2, bytes[1] + 1U);
    compare(&whole, &parts);
    answer_release(&whole.answer);
    answer_release(&parts.answer);
    buf_release(&whole.messages);
    buf_release(&parts.messages);
    return 0;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}
