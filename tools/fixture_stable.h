/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the renaming of what differs from one recording to the next: ids, times,
 * addresses, process ids, ports, paths. The same thing gets the same name over a whole session.
 * It must not know what a session's files are. */
#ifndef FIXTURE_STABLE_H
#define FIXTURE_STABLE_H

#include <stdint.h>

#include "arena.h"
#include "buf.h"
#include "strv.h"

/* The n-th thing of a kind that appeared gets the n-th name. */
struct instant {
    int64_t second;
    int64_t nano;   /* -1: known to the second only */
    const char *id; /* the id that was last named before it */
};

struct instants {
    struct arena *arena;
    struct instant *list;
    size_t count;
    size_t room;
    int64_t from; /* seconds; what is older or newer stays as it is */
    int64_t to;
};

struct stable {
    struct arena *arena;
    struct strv renames_from; /* texts, longest first, and what they become */
    struct strv renames_to;
    struct strv ids;
    struct strv addresses;
    struct strv gateways;
    struct strv macs;
    struct strv pids;
    struct strv ports;
    struct instants instants;
    const char *last_id; /* "" at first */
    const char *host;    /* this machine's name */
};

/* Times from the second begin to end are renamed. */
void stable_init(struct stable *stable, struct arena *arena, int64_t begin, int64_t end);

/* Each text from becomes to, where it is not within a longer word. */
void stable_rename(struct stable *stable, const char *from, const char *to);

/* Appends the text renamed. All texts of a session go through it twice, in the same order each
 * time: a name may be cut short where it appears first. */
void stable_write(struct stable *stable, const char *text, size_t length, struct buf *out);

/* Of fixture_stable_time.c: what is at the text's start, if it is a time to be renamed, is appended
 * renamed; how many bytes it was, 0: it is none. */
size_t stable_time(struct instants *instants, const char *id, const char *text, size_t length,
                   struct buf *out);

#endif
