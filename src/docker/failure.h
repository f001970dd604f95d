/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of docker's failures: which gRPC code its words mean.
 * It must not know which RPC failed. */
#ifndef FAILURE_H
#define FAILURE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"
#include "docker/command.h"

/* A row of the table, in which the first match wins. */
struct failure_row {
    const char *pattern; /* failure_matches' */
    enum grpc_code code;
};

/* A row's pattern: what runc says when its own child may not be what the container is to be, such
 * as of a lower oom_score_adj than runc may set. */
#define FAILURE_LOST_CHILD "can't get final child's pid from pipe"

extern const struct failure_row failure_rows[];
extern const size_t failure_row_count;

/* The code that docker's words mean; UNKNOWN for those that no row has. As all that follows it
 * takes a moment, however long the text: no more than its start is looked at, and of stderr what
 * brief_text leaves of it. */
enum grpc_code failure_code(const char *text);

/* Whether text stands in one of the table's patterns: it is a word that docker's failures are told
 * by. */
bool failure_has_word(const char *text);

/* Docker's message: its error lines without the prefixes ("docker: ", "Error response from
 * daemon: "), warnings and help, joined by "; ". */
const char *failure_text(struct arena *arena, const struct docker_result *result);

/* Sets the error for a failed docker command and returns false: INTERNAL when a signal killed
 * docker, else by failure_code. */
bool failure_set(struct arena *arena, const struct docker_result *result, struct err *err);

/* Whether docker says that there is no container or object of this id, as it was given to docker:
 * "No such container" of another id is not ours. */
bool failure_is_unknown(const struct docker_result *result, const char *id);

/* Whether text holds the pattern's pieces ("*" parts them) in their order, in any case of letters.
 * "^" at its start: at the start of the text or of a part of it, after ": " or "; ". "$" at its
 * end: at the text's end, or before one of ":;.". */
bool failure_matches(const char *text, const char *pattern);

#endif
