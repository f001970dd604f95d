/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares how the connections of one listener share what may run at once: a number of
 * tokens, of which each process holds as many as it runs translators.
 * It must not know what is run. */
#ifndef GATEWAY_TOKENS_H
#define GATEWAY_TOKENS_H

#include <stdbool.h>
#include <stddef.h>

/* Made before the processes fork. A slot is one process's; what it holds is in memory that all
 * share, so that the listener gets it back from a process that was killed. */
struct tokens {
    int free; /* a pipe of those that nobody holds: poll it for one */
    int give;
    unsigned *slots; /* how many each holds */
    size_t slot_count;
    size_t mine;
};

/* So many tokens for so many processes. False where that cannot be; tokens_close is due in either
 * case. */
bool tokens_open(struct tokens *tokens, size_t count, size_t slots);
void tokens_close(struct tokens *tokens);

/* Takes as many as there are, or gives back, until mine are wanted ones. How many mine are then;
 * NULL has as many as are wanted. */
size_t tokens_match(struct tokens *tokens, size_t wanted);

/* Gives back what the slot's process has left, which has ended. */
void tokens_recover(struct tokens *tokens, size_t slot);

#endif
