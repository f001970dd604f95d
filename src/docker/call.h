/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what one call is to plan and parse: all their input, and their signatures.
 * It must not know any RPC. */
#ifndef CALL_H
#define CALL_H

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/strv.h"
#include "docker/command.h"

/* What a node's administrator has set (settings.h reads it): given to plan and parse like their
 * other input. */
struct settings {
    const char *docker;          /* CRI_ONESHOT_DOCKER: the program, looked for on PATH */
    unsigned docker_version;     /* CRI_ONESHOT_DOCKER_VERSION: 100 * major + minor */
    const char *pause_image;     /* CRI_ONESHOT_PAUSE_IMAGE */
    int64_t pause_oom_score_adj; /* CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ: -1000 to 1000 */
    const char *network;         /* CRI_ONESHOT_NETWORK: of pods with a network of their own */
    const char *docker_root;     /* CRI_ONESHOT_DOCKER_ROOT: absolute */
    const char *trace;           /* CRI_ONESHOT_TRACE: a file or a descriptor's number; "" */
    size_t max_request;          /* CRI_ONESHOT_MAX_REQUEST: bytes */
    int64_t read_timeout_ms;     /* CRI_ONESHOT_READ_TIMEOUT: milliseconds */
    const char *log_opts;        /* CRI_ONESHOT_LOG_OPTS: NAME=VALUE,NAME=VALUE; "" */
    bool allow_tcp;              /* CRI_ONESHOT_ALLOW_TCP: yes or no */
    const char *record;          /* CRI_ONESHOT_RECORD: the folder of recorded calls; "" */
    const char *host_root;       /* CRI_ONESHOT_HOST_ROOT: prefix of host paths we read; "" */
};

/* Docker's first command lines with flags that 20.10 does not have. */
enum {
    DOCKER_RECURSIVE_READONLY = 2500, /* --mount …,bind-recursive=… */
    DOCKER_CDI_DEVICES = 2500,        /* --device=vendor.com/class=name */
    DOCKER_IMAGE_MOUNTS = 2800,       /* --mount type=image */
};

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
    int64_t now_ns;             /* since 1970, when the host step begins */
    /* Docker's file system, how full it is and its blocks, where these are not the host's; NULL. */
    const struct statvfs *filesystem;
};

/* What the host step gets besides the response, and what it keeps from one message of a stream to
 * the next. */
struct host_memory {
    struct arena *arena; /* as long as the call lasts */
    void *const *pods;   /* by parse, of a response on pods: a struct pod (cri/pods.h) for each */
    void *state;         /* NULL at first */
    bool nothing;        /* of a stream's message nothing is left: it is not given */
};

struct call {
    struct arena *arena;
    struct arena *scratch; /* jansson's: parse resets it when it is done with a document */
    struct host_memory *host;
    const struct settings *settings;
    const struct surroundings *surroundings;
    const char *attempt;             /* the Request's own; "" */
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
    bool again;  /* the RPC sets it to get the same line once more, after the arena was reset: each
                    time for one more message of it */
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
typedef bool host_step_function(const struct call *call, ProtobufCMessage *response,
                                struct err *err);

/* What must be so on the host for the RPC to succeed: looks, and changes nothing. Runs after plan,
 * before docker, which then is not run where it is false. */
typedef bool host_check_function(const struct call *call, struct err *err);

/* What must be undone on the host when docker had to be ended before it was done. */
typedef void host_cleanup_function(const struct call *call);

#endif
