/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the turning of JSON documents into frames and back.
 * It must not know what any RPC means. */
#ifndef FRAME_CONVERT_H
#define FRAME_CONVERT_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/nearest.h"

/* Prints what is wrong with the bytes or the peer, and ends the program with status 3. */
void trouble(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* The status, once all that was printed has been written. */
int finish(int status);

/* New bytes, to be freed. */
uint8_t *message_pack(const ProtobufCMessage *message, size_t *length);

void frame_print(const ProtobufCMessage *message);

/* All documents of a text, or of standard input ("-"), as frames to standard output. */
int frames_from_json(const ProtobufCMessageDescriptor *type, const char *text);

/* All frames of standard input as documents to standard output. */
int frames_to_json(const ProtobufCMessageDescriptor *type, bool compact);

/* A type that a Request or Response can hold, by its name; NULL where there is none, and then every
 * name has been offered. */
const ProtobufCMessageDescriptor *type_find(const char *name, struct nearest *nearest);

/* The same; where there is none the program ends with status 2. */
const ProtobufCMessageDescriptor *type_by_name(const char *name);

#endif
