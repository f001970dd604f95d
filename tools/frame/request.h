/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the making of a Request from the words of a command line.
 * It must not know how the request is sent. */
#ifndef FRAME_REQUEST_H
#define FRAME_REQUEST_H

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdio.h>

#include "oneshot/v1/oneshot.pb-c.h"
#include "json/protojson.h"

/* A text that says what is wrong is printed, and the program ends with status 2. */
void usage_error(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* Whether a field of Request or Response is an RPC's. */
bool request_is_call(const ProtobufCFieldDescriptor *field);

/* The RPC's field in Request.call, by "RunPodSandbox" or "run_pod_sandbox"; NULL where there is
 * none, and then every RPC's name has been offered. */
const ProtobufCFieldDescriptor *request_find(const char *method, struct nearest *nearest);

/* The same; where there is none the program ends with status 2. */
const ProtobufCFieldDescriptor *request_field(const char *method);

/* The RPC's name as the CRI spells it; it stays. */
const char *request_rpc_name(const ProtobufCFieldDescriptor *field);

bool request_is_streaming(const ProtobufCFieldDescriptor *field);

/* The member of a oneof: its message, or NULL where another or none is set. */
const ProtobufCMessage *request_member(const ProtobufCMessage *message, const char *name);

/* METHOD [JSON] [FIELD=VALUE…], a timeout and a runtime handler (NULL: none). All of it is
 * described in --help. */
Oneshot__V1__Request *request_from_words(char *const *words, int count, const char *timeout,
                                         const char *runtime_handler);

/* The next JSON document of a stream as a message, NULL at its end. name is for messages. */
ProtobufCMessage *request_read_stream(const ProtobufCMessageDescriptor *type, FILE *file,
                                      const char *name);

/* "-" is standard input, else the text is JSON itself. */
FILE *request_open(const char *text);

#endif
