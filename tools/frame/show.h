/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what `cri-frame call --show` prints for people.
 * It must not know how the call is made. */
#ifndef FRAME_SHOW_H
#define FRAME_SHOW_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* Writes a message as a JSON document and a newline to standard output. */
void show_json(const ProtobufCMessage *message, bool compact);

/* Without secrets, and with bytes as text. */
void show_request(const char *method, const ProtobufCMessage *request);
void show_response(const ProtobufCMessage *response);
void show_outcome(const char *code, const char *text);

/* The docker command that the translator has traced into this file, and what it did not honour;
 * trace -1: the translator is not our child, so that nobody knows. The trace goes to the one of
 * this name, too, which the translator would else have written; NULL or "": there is none. */
void show_trace(int trace, const char *name);

#endif
