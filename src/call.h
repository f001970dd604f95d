/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what one call is to plan and parse: all their input, and their signatures.
 * It must not know any RPC. */
#ifndef CALL_H
#define CALL_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

#include "arena.h"
#include "command.h"
#include "err.h"
#include "settings.h"
#include "strv.h"

/* What is not in the request, yet makes the command: given, so that the same input always makes
 * the same bytes. */
struct surroundings {
    const char *nonce;                /* 16 hexadecimal digits, of this call alone */
    const char *temp_dir;             /* where a folder for docker's --config may be made */
    const char *docker_config;        /* the caller's docker configuration folder, absolute; "" */
    const char *docker_client_config; /* what is in its config.json; "" */
    const char *docker_cert_path;     /* where docker looks for the caller's certificates; "" */
    const char *docker_program; /* "file": of machine code, or not there; "script": any other */
    const char *selinux;        /* "yes" where the kernel has SELinux, else "no" */
};

/* What the after step keeps from one message of a stream to the next. */
struct after_memory {
    struct arena *arena; /* as long as the call lasts */
    void *state;         /* NULL at first */
    bool nothing;        /* of a stream's message nothing is left: it is not given */
};

struct call {
    struct arena *arena;
    struct arena *scratch; /* jansson's: parse resets it when it is done with a document */
    struct after_memory *after;
    const struct settings *settings;
    const struct surroundings *surroundings;
    const ProtobufCMessage *request; /* of the RPC's own type */
    const char *runtime_handler;     /* of the frame: CreateContainer's; "" */
};

struct plan {
    struct strv ignored; /* paths of fields that are not honoured, for the trace */
    bool answered; /* there is nothing to ask docker: the response as it is initialised is right */
    struct command command;
};

/* What a docker command may print, if the RPC says nothing else. */
enum { OUTPUT_CAP_DEFAULT = 64 * 1024 * 1024 };

/* Pure. Fills plan->command (whose argv holds the docker program already), or sets
 * plan->answered; false with err: the request is refused. */
typedef bool plan_function(const struct call *call, struct plan *plan, struct err *err);

/* Pure. Fills the response (initialised, of the RPC's type, memory from the call's arena) from
 * docker's result, or returns false with err. */
typedef bool parse_function(const struct call *call, const struct docker_result *result,
                            ProtobufCMessage *response, struct err *err);

/* Pure. Fills the response of an RPC that docker is not needed for. */
typedef void answer_function(const struct call *call, ProtobufCMessage *response);

/* One Response of a streaming RPC after the other. */
struct stream {
    void *state; /* the RPC's own, between two lines; while it is not NULL the arena keeps all */
    bool again;  /* set to get the same line once more, after the arena was reset */
    bool (*give)(void *context, ProtobufCMessage *response, struct err *err);
    void *context;
};

/* Pure but for what give does with a response (initialised, of the RPC's type). Takes docker's
 * output line by line (without its end), and NULL after the last one of a docker that succeeded.
 * False with err, also when give fails. */
typedef bool stream_function(const struct call *call, struct stream *stream, const char *line,
                             size_t length, struct err *err);

/* What the RPC needs besides docker's answer: reads or changes the host below
 * settings->host_root. Runs after parse succeeded. */
typedef bool after_function(const struct call *call, ProtobufCMessage *response, struct err *err);

/* What must be undone on the host when docker had to be ended before it was done. */
typedef void abandon_function(const struct call *call);

#endif
