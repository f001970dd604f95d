/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the check of protobuf bytes before libprotobuf-c may see them.
 * It must not know any message of the CRI. */
#ifndef WIRE_H
#define WIRE_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/strv.h"

/* Walks the bytes of a message against its descriptor, because libprotobuf-c cuts strings at NUL,
 * takes invalid UTF-8 and enum numbers that do not exist, and knows no depth. Refused
 * (INVALID_ARGUMENT, naming the field's path): bytes that are not protobuf, a wire type other than
 * the field's, a string with a NUL or not in UTF-8, an enum number that has no name, more than
 * WIRE_DEPTH levels. The paths of fields that the descriptor does not have are appended to
 * unknown ("call.version.#7"), WIRE_UNKNOWN of them at the most. */
enum { WIRE_DEPTH = 32, WIRE_UNKNOWN = 16, WIRE_VARINT_BYTES = 10 };

bool wire_check(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t length,
                struct strv *unknown, struct err *err);

/* Finds a field of wire type "bytes" (a string, bytes or a message) at the top level of a message,
 * its last occurrence, which is the one that counts; *size is 0 when there is none. False when the
 * message's bytes are not protobuf, or the field has another wire type. */
bool wire_find(const uint8_t *message, size_t length, unsigned number, const uint8_t **bytes,
               size_t *size);

/* https://protobuf.dev/programming-guides/encoding/#structure; WIRE_BYTES: strings, bytes and
 * messages. */
enum wire_type { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

/* What stands before a field's value. */
uint64_t wire_tag(unsigned number, enum wire_type type);

/* Reads a base-128 varint. Returns the bytes it took, 0 when they end before it does, or -1 when
 * it is longer than 10 bytes or does not fit 64 bits. */
int wire_varint(const uint8_t *bytes, size_t length, uint64_t *value);

/* Writes a base-128 varint. Returns how many bytes it took. */
size_t wire_put_varint(uint8_t bytes[WIRE_VARINT_BYTES], uint64_t value);

#endif
