/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the form of docker's ids.
 * It must not know whose they are. */
#ifndef ID_H
#define ID_H

#include <stdbool.h>

enum { ID_DIGITS = 64 };

/* Whether a request may name a container by it: 12 to 64 digits of 0-9a-f (crictl sends 13). */
bool id_valid(const char *id);

/* All 64 digits. */
bool id_full(const char *id);

/* What a list may be filtered by: 1 to 64 digits. */
bool id_prefix(const char *id);

/* "sha256:" and 64 digits. */
bool id_of_image(const char *id);

#endif
