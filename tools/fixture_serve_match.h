/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the finding of a docker command among the recorded ones of a session.
 * It must not know how the commands came here. */
#ifndef FIXTURE_SERVE_MATCH_H
#define FIXTURE_SERVE_MATCH_H

#include <stdbool.h>
#include <stddef.h>

#include "err.h"
#include "strv.h"

/* A case that asked docker. */
struct recorded {
    const char *path;
    struct strv argv; /* without docker itself */
};

struct session {
    const char *path;
    struct recorded *cases; /* in their order */
    size_t count;
    bool lenient;
};

/* The words of an argv file, without docker itself; of NULL none. */
void recorded_read(struct arena *arena, const char *text, struct strv *argv);

/* The cases at and below path. False with err when there is none. */
bool session_load(struct arena *arena, const char *path, struct session *session, struct err *err);

/* Whether the case answers this command (words end with NULL, without docker itself). What differs
 * from one run to the next (the marker of an exec, the folder of a --config, also where it is on
 * one side alone) counts as equal; lenient sessions look at no option at all, only at the verb and
 * what it is about. */
bool session_matches(const struct session *session, const struct recorded *recorded,
                     char *const *words);

/* The case whose command differs in the fewest words; NULL in an empty session. */
const struct recorded *session_nearest(struct arena *arena, const struct session *session,
                                       char *const *words);

/* How a command differs from the recorded one: "-word" what it lacks, "+word" what it has, joined
 * by blanks. */
const char *recorded_difference(struct arena *arena, const struct recorded *recorded,
                                char *const *words);

#endif
