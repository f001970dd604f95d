/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares "docker ps": its filters, its columns, and the reading of its lines.
 * It must not know which message a line becomes. */
#ifndef PS_H
#define PS_H

#include <stdbool.h>

#include "docker/call.h"
#include "docker/record.h"

/* What a list asks for; 0, NULL and "" do not filter. */
struct ps_filter {
    const char *type;              /* LABEL_TYPE_SANDBOX or LABEL_TYPE_CONTAINER */
    const char *id;                /* a prefix */
    const char *sandbox_id;        /* a prefix */
    const char *const *statuses;   /* docker's words for the state, ended by NULL; NULL: any */
    const char *const *other_than; /* words that the state must not be; NULL: any */
    struct pairs labels;           /* each must be there */
};

/* One line of docker ps. */
struct ps_row {
    const char *id;
    const char *status; /* docker's word: "running" */
    int64_t created_at; /* nanoseconds, exact to the second, as docker ps has it */
    const char *image;  /* as created, or "sha256:…" where that name has moved */
    struct record record;
};

/* Fills the command. Docker filters by what it can filter by exactly; ps_read applies the rest, and
 * all of it once more. An id that cannot be one matches nothing: sets plan->answered. Returns
 * true. */
bool ps_plan(const struct ps_filter *filter, struct plan *plan);

/* Reads one line. False with INTERNAL when it is not one of ours; else passes tells whether the
 * filter lets it pass. Resets the call's scratch arena. */
bool ps_read_line(const struct call *call, const struct ps_filter *filter, const char *line,
                  size_t length, struct ps_row *row, bool *passes, struct err *err);

/* What to do with a row that the filter lets pass. The row's memory is the call's arena's. */
typedef void ps_row_function(void *context, const struct ps_row *row);

/* Reads docker's lines. False when docker failed, or with INTERNAL when a line is not one of
 * ours. */
bool ps_read(const struct call *call, const struct docker_result *result,
             const struct ps_filter *filter, ps_row_function *function, void *context,
             struct err *err);

/* Makes the message of a row. */
typedef void *ps_make(struct arena *arena, const struct ps_row *row);

/* ps_read into a repeated message field: its count, and its array at the address given. */
bool ps_list(const struct call *call, const struct docker_result *result,
             const struct ps_filter *filter, ps_make *make, size_t *count, void *array,
             struct err *err);

/* ps_read_line into one message; NULL at the end (line is NULL), where the filter does not let it
 * pass, and with err. */
void *ps_one(const struct call *call, const struct ps_filter *filter, const char *line,
             size_t length, ps_make *make, struct err *err);

#endif
