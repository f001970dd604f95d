/* SPDX-License-Identifier: Apache-2.0 */
/* This file shares out among processes what may run at once.
 * It must not know what is run. */
#include "gateway/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

static bool put_token(struct tokens *tokens)
{
    ssize_t count = -1;

    do
        count = write(tokens->give, "", 1);
    while (count < 0 && errno == EINTR);
    return count == 1;
}

bool tokens_open(struct tokens *tokens, size_t count, size_t slots)
{
    int ends[2] = { -1, -1 };
    void *shared = mmap(NULL, slots * sizeof(*tokens->slots), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    *tokens = (struct tokens){ .free = -1, .give = -1 };
    if (shared != MAP_FAILED) {
        tokens->slots = shared;
        tokens->slot_count = slots;
    }
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0 || shared == MAP_FAILED)
        count = 0;
    tokens->free = ends[0];
    tokens->give = ends[1];
    for (size_t i = 0; i < count; i++)
        if (!put_token(tokens))
            return false;
    return count > 0;
}

void tokens_close(struct tokens *tokens)
{
    if (tokens->slots != NULL)
        munmap(tokens->slots, tokens->slot_count * sizeof(*tokens->slots));
    tokens->slots = NULL;
    fd_close(&tokens->free);
    fd_close(&tokens->give);
}

/* Counted before it is taken: who is killed in between leaves one too many, and none is lost. */
bool tokens_take(struct tokens *tokens)
{
    char token = 0;
    ssize_t count = -1;

    if (tokens == NULL)
        return true;
    tokens->slots[tokens->mine]++;
    do
        count = read(tokens->free, &token, 1);
    while (count < 0 && errno == EINTR);
    if (count != 1)
        tokens->slots[tokens->mine]--;
    return count == 1;
}

void tokens_match(struct tokens *tokens, size_t wanted)
{
    if (tokens == NULL)
        return;
    while (tokens->slots[tokens->mine] < wanted && tokens_take(tokens))
        continue;
    while (tokens->slots[tokens->mine] > wanted && put_token(tokens))
        tokens->slots[tokens->mine]--;
}

void tokens_recover(struct tokens *tokens, size_t slot)
{
    tokens->mine = slot;
    tokens_match(tokens, 0);
}
