/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the steps in which a call's case is written. Each is false when it cannot be.
 * They must not be known to anyone but the recording. */
#ifndef RECORDING_CASE_H
#define RECORDING_CASE_H

#include "recording.h"

/* What is known before docker is asked: the request, the settings, the command. */
bool recording_describe(struct recording *recording);

/* A line of docker's that a stream was made of; what docker printed else, and how it ended. */
bool recording_keep_line(struct recording *recording);
bool recording_keep_output(struct recording *recording);

/* The exchange's response, as it is now. */
bool recording_keep_response(struct recording *recording);

/* The rest, and the name of a case; no name where the call lacks something for one. */
bool recording_finish(struct recording *recording);

#endif
