/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the making of cases from what was kept of a session's calls.
 * It must not know how the calls were made. */
#ifndef FIXTURE_RECORD_SESSION_H
#define FIXTURE_RECORD_SESSION_H

#include "err.h"
#include "fixture_stable.h"

/* Writes the cases of the calls kept below calls into the folder session, in place of those that
 * are there. about is the source, the first line of each case's "about". False with err; a call
 * that makes no case, or a case that does not play as the call went, is told on standard error. */
bool session_write(struct stable *stable, const char *calls, const char *session, const char *about,
                   struct err *err);

#endif
