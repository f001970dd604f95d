/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares image references, [registry/]repository[:tag][@digest].
 * It must not know what is done with an image. */
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* Refuses (INVALID_ARGUMENT) what docker must never see as an operand: nothing, blanks, control
 * characters, a leading "-". Whether the rest is a reference is docker's to say. */
bool reference_check(const char *reference, struct err *err);

/* Whether it names an image by its id: "sha256:" and 64 digits, or 12 to 64 digits. */
bool reference_is_id(const char *reference);

/* The registry's host[:port], "docker.io" where none is written
 * (docker documentation, "docker image tag": NAMESPACE/REPOSITORY and HOST). */
const char *reference_registry(struct arena *arena, const char *reference);

/* Without tag and digest. */
const char *reference_repository(struct arena *arena, const char *reference);

/* Whether it has neither tag nor digest. */
bool reference_is_repository(const char *reference);

/* Whether two are of the same repository once docker's defaults (docker.io, library) are written
 * out. */
bool reference_same_repository(struct arena *arena, const char *one, const char *other);

/* Whether two name the same tag or digest once docker's defaults (docker.io, library, latest) are
 * written out. */
bool reference_same(struct arena *arena, const char *one, const char *other);

#endif
