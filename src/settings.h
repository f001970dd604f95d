/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the settings: CRI_ONESHOT_… variables with a default each.
 * It must not know where they are read from. */
#ifndef SETTINGS_H
#define SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "err.h"

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
    const char *host_root;       /* CRI_ONESHOT_HOST_ROOT: prefix of host paths we read; "" */
};

/* Docker's first command lines with flags that 20.10 does not have. */
enum {
    DOCKER_RECURSIVE_READONLY = 2500, /* --mount …,bind-recursive=… */
    DOCKER_CDI_DEVICES = 2500,        /* --device=vendor.com/class=name */
    DOCKER_IMAGE_MOUNTS = 2800,       /* --mount type=image */
};

/* The value of a variable, or NULL where it is not set. */
typedef const char *settings_lookup(void *context, const char *name);

/* Where settings are read from, and what is wrong with them: FAILED_PRECONDITION, naming the
 * variable. For programs with settings of their own. */
struct settings_source {
    settings_lookup *lookup;
    void *context;
    struct err *err;
};

/* A variable's text, otherwise where it is not set or empty. */
const char *settings_text(const struct settings_source *source, const char *name,
                          const char *otherwise);

/* A variable's number, from low to high; otherwise where it is not set, empty or wrong. */
int64_t settings_number(const struct settings_source *source, const char *name,
                        const char *otherwise, int64_t low, int64_t high);

/* Fills settings with what lookup gives and the defaults; the strings stay the lookup's. False
 * with FAILED_PRECONDITION, naming the variable, when a value cannot be one. */
bool settings_load(struct settings *settings, settings_lookup *lookup, void *context,
                   struct err *err);

#endif
