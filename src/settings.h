/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the settings: CRI_ONESHOT_… variables with a default each.
 * It must not know where they are read from. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "docker/call.h"

/* The value of a variable, or NULL where it is not set. */
typedef const char *settings_lookup(void *context, const char *name);

/* Where settings are read from, and what is wrong with them: FAILED_PRECONDITION, naming the
 * variable. For programs with settings of their own. */
struct settings_source {
    settings_lookup *lookup;
    void *context;
    struct err *err;
};

/* A variable's text, otherwise where it is not set or empty. */
const char *settings_text(const struct settings_source *source, const char *name,
                          const char *otherwise);

/* A variable's number, from low to high; otherwise where it is not set, empty or wrong. */
int64_t settings_number(const struct settings_source *source, const char *name,
                        const char *otherwise, int64_t low, int64_t high);

/* Fills settings of some kind from a source: asks it for each that there is. */
typedef void settings_reader(const struct settings_source *source, void *settings);

/* Whether the reader asks for each variable of the environment (NAME=value words, up to a NULL)
 * whose name starts with prefix and whose value is not empty. False with FAILED_PRECONDITION,
 * naming the variable and what it may have meant, so that no setting is passed over for a letter.
 * scratch is for the reader to fill. */
bool settings_check(char *const *environment, const char *prefix, settings_reader *reader,
                    void *scratch, struct err *err);

/* The same, of the variables that settings_load asks for. */
bool settings_check_ours(char *const *environment, struct err *err);

/* Fills settings with what lookup gives and the defaults; the strings stay the lookup's. False
 * with FAILED_PRECONDITION, naming the variable, when a value cannot be one. */
bool settings_load(struct settings *settings, settings_lookup *lookup, void *context,
                   struct err *err);

#endif
