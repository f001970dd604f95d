/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the taking of a request's secrets out of what docker said to it.
 * It must not know how it was kept. */
#ifndef FIXTURE_RECORD_HIDE_H
#define FIXTURE_RECORD_HIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arena.h"

/* Takes the secrets of a Request of these bytes out of docker's two outputs in the call's folder,
 * as the translator does before it reads them. False when they cannot be read or written. */
bool record_hide(struct arena *arena, const char *dir, const uint8_t *bytes, size_t length);

#endif
