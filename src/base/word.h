/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the check of words that end in a file of lines (hosts, resolv.conf, a sysctl,
 * a security label). It must not know which file. */
#ifndef WORD_H
#define WORD_H

#include <stdbool.h>

#include "base/err.h"

/* False with INVALID_ARGUMENT, naming the field, for a word with a blank or a control character:
 * what follows it would be another word, or a line of its own. "" is one. */
bool word_check(const char *field, const char *word, struct err *err);

/* The same of a line, which may have blanks and tabs. */
bool word_check_line(const char *field, const char *line, struct err *err);

#endif
