/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of text that somebody has escaped on its way.
 * It must not know what is looked for in it. */
#ifndef SPELLING_H
#define SPELLING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How a text may be written: as it is, percent-encoded (RFC 3986, section 2.1, and net/url), with
 * backslashes (JSON, RFC 8259 section 7; Go's %q), or with those twice, as JSON within a quoted
 * message has it. */
enum spelling { SPELLING_PLAIN, SPELLING_PERCENT, SPELLING_ESCAPED, SPELLING_TWICE, SPELLINGS };

struct spelled {
    const char *text;
    size_t length;
    size_t at; /* the next byte to be read */
    enum spelling spelling;
    struct {
        uint8_t bytes[4];
        size_t count;
        size_t taken;
    } rest[2]; /* of a character that was one escape, at each depth */
};

/* The next byte of what the text stands for; -1 at its end, and where it is not spelled so. */
int spelled_next(struct spelled *spelled);

/* Whether nothing of what was read so far is left over: a place where a match may end. */
bool spelled_between(const struct spelled *spelled);

#endif
