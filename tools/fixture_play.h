/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the playing of a case: its request and docker's answer through the translator.
 * It must not know what is expected to come out. */
#ifndef FIXTURE_PLAY_H
#define FIXTURE_PLAY_H

#include "fixture_case.h"

/* Fills what came out, from FIXTURE_EXPECTED on, texts from the arena. False when the case itself
 * is wrong: a request that is not one, an unknown setting, docker's answer where docker is not
 * asked. */
bool fixture_play(struct arena *arena, const struct fixture *fixture,
                  struct fixture_text out[FIXTURE_FILES], struct err *err);

#endif
