/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what is done about a difference: showing it, or writing what came out.
 * It must not know how a case is played. */
#ifndef FIXTURE_COMPARE_H
#define FIXTURE_COMPARE_H

#include <stdio.h>

#include "arena.h"
#include "fixture_case.h"

/* Whether what came out of this file is not what the case expects. */
bool fixture_differs(const struct fixture *fixture, const struct fixture_text *out,
                     enum fixture_file file);

/* Prints the unified diff of the expected file to what came out, each line after "# ". A stream's
 * documents are spread over lines first. The arena is jansson's from then on. */
void fixture_show(struct arena *arena, FILE *to, const struct fixture *fixture,
                  const struct fixture_text *out, enum fixture_file file);

/* Writes what came out as the expected file, or removes the file where nothing came out. False
 * with errno. */
bool fixture_update(const struct fixture *fixture, const struct fixture_text *out,
                    enum fixture_file file);

#endif
