/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what was kept of one call of a session, as it is read back.
 * It must not know what becomes of it. */
#ifndef FIXTURE_RECORD_HEARD_H
#define FIXTURE_RECORD_HEARD_H

#include "fixture_case.h"
#include "fixture_exit.h"
#include "methods.h"

/* A call as it went. */
struct heard {
    size_t number;
    const char *words; /* the RPC's name in words: "run pod sandbox"; NULL: not known */
    const struct method *method;
    struct fixture fixture;
    struct fixture_text frames;
    struct strv asked; /* docker's words */
    bool asked_docker;
    const char *answers; /* the frames as response.json has them */
    bool answered;       /* to the end */
    const char *note;    /* for "about" */
};

/* Reads the call's folder dir. False with a text when it makes no case; with "" when nothing was
 * asked at all. */
bool heard_read(struct arena *arena, const char *dir, struct heard *heard, struct err *err);

#endif
