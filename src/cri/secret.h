/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the finding of one secret in a text.
 * It must not know whose secret it is. */
#ifndef SECRET_H
#define SECRET_H

#include <stdbool.h>
#include <stddef.h>

struct secret {
    const char *bytes; /* borrowed */
    size_t length;
    bool is_word; /* as it is it stands for something else, too: only its base64 is looked for */
};

/* Where what begins at text[at] and shows the secret ends; 0: nothing does.
 *
 * A secret is seen in each spelling, and as base64 of either alphabet, padded or not, also amid
 * other bytes. By how long it is written:
 * - 8 bytes and more: anywhere;
 * - 4 to 7: where it is a word of its own, with no letter or digit beside it;
 * - 1 to 3: within quotation marks only. Ordinary words are full of such a text, and to hide it
 *   in them would garble all and tell where it is. */
size_t secret_end(const struct secret *secret, const char *text, size_t length, size_t at);

#endif
