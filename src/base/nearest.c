/* SPDX-License-Identifier: Apache-2.0 */
/* This file guesses which of some words a misspelt one may have meant.
 * It must not know what the words name. */
#include "base/nearest.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* Longer words are compared by their beginnings. */
enum { LETTERS = 48, SHORT = 3 };

/* The word's letters in lower case, without what parts them. Returns how many there are. */
static size_t letters_of(const char *word, char letters[LETTERS])
{
    size_t count = 0;

    for (; *word != '\0' && count < LETTERS; word++)
        if (*word != '_' && *word != '-')
            letters[count++] = (char)tolower((unsigned char)*word);
    return count;
}

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* How many letters must be changed, left out, added, or swapped with the next. */
static size_t distance_of(const char *one, size_t ones, const char *other, size_t others)
{
    size_t rows[3][LETTERS + 1] = { { 0 } };

    for (size_t j = 0; j <= others; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= ones; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *before = rows[(i + 1) % 3];

        row[0] = i;
        for (size_t j = 1; j <= others; j++) {
            row[j] = above[j - 1] + (one[i - 1] != other[j - 1]);
            row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
            if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                row[j] = least(row[j], before[j - 2] + 1);
        }
    }
    return rows[ones % 3][others];
}

void nearest_start(struct nearest *nearest, const char *given)
{
    *nearest = (struct nearest){ .given = given };
}

void nearest_offer(struct nearest *nearest, const char *word)
{
    char given[LETTERS];
    char offered[LETTERS];
    size_t length = letters_of(nearest->given, given);
    size_t others = letters_of(word, offered);
    size_t distance = distance_of(given, length, offered, others);
    size_t most = length / 3;

    /* One that holds it comes after all that are misspelt, the shortest first. */
    if (distance > most && length >= SHORT && memmem(offered, others, given, length) != NULL)
        distance = LETTERS + others;
    else if (distance > most)
        return;
    if (nearest->best != NULL && nearest->distance <= distance)
        return;
    nearest->best = word;
    nearest->distance = distance;
}

const char *nearest_hint(const struct nearest *nearest, char hint[NEAREST_HINT])
{
    hint[0] = '\0';
    if (nearest->best != NULL)
        snprintf(hint, NEAREST_HINT, " (did you mean %s?)", nearest->best);
    return hint;
}
