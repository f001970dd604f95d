/* SPDX-License-Identifier: Apache-2.0 */
/* This file shares out among processes what may run at once.
 * It must not know what is run. */
#include "gateway/tokens.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

enum { AT_ONCE = 1024 };

/* How many went into the pipe, or came out of it. */
static size_t put_tokens(int fd, size_t count)
{
    char tokens[AT_ONCE] = { 0 };
    ssize_t put = -1;

    do
        put = write(fd, tokens, count < AT_ONCE ? count : AT_ONCE);
    while (put < 0 && errno == EINTR);
    return put < 0 ? 0 : (size_t)put;
}

static size_t get_tokens(int fd, size_t count)
{
    char tokens[AT_ONCE];
    ssize_t got = -1;

    do
        got = read(fd, tokens, count < AT_ONCE ? count : AT_ONCE);
    while (got < 0 && errno == EINTR);
    return got < 0 ? 0 : (size_t)got;
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
    for (size_t put = 0, more = 1; put < count; put += more) {
        more = put_tokens(tokens->give, count - put);
        if (more == 0)
            return false;
    }
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

/* Counted as ours as long as they may be: who is killed in between leaves some too many, and none
 * is lost. */
size_t tokens_match(struct tokens *tokens, size_t wanted)
{
    unsigned *mine = tokens == NULL ? NULL : &tokens->slots[tokens->mine];
    size_t moved = 1;

    if (mine == NULL)
        return wanted;
    while (*mine < wanted && moved > 0) {
        unsigned before = *mine;

        *mine = (unsigned)wanted;
        moved = get_tokens(tokens->free, wanted - before);
        *mine = before + (unsigned)moved;
    }
    while (*mine > wanted && moved > 0) {
        moved = put_tokens(tokens->give, *mine - wanted);
        *mine -= (unsigned)moved;
    }
    return *mine;
}

void tokens_recover(struct tokens *tokens, size_t slot)
{
    tokens->mine = slot;
    tokens_match(tokens, 0);
}
