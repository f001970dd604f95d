/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what plan hands to run, the one docker command, and what run hands to parse,
 * docker's result.
 * It must not know what the command means. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/strv.h"

/* The descriptors that a command lists are numbered from here in the child. */
enum { COMMAND_FIRST_FD = 3, COMMAND_FILES = 2 };

/* The content of a file that the child reads as /dev/fd/N (a memfd: it has no name on any disk). */
struct command_file {
    const char *data;
    size_t length;
};

struct command {
    struct strv argv;
    struct strv env; /* NAME=value words, which replace our own of the same name */
    struct command_file files[COMMAND_FILES];
    size_t file_count;

    /* A folder for docker's --config, made (mode 0700) before docker starts and removed after it
     * ended, with a link config.json to the first file and a link contexts to contexts_target.
     * NULL: none. */
    const char *config_dir;
    const char *contexts_target;

    int64_t timeout_ms; /* of the command itself, besides the request's own; 0: none */
    size_t output_cap;  /* of stdout and stderr together, in bytes */
    bool drop_excess;   /* past the cap: discard, where otherwise the call fails */
};

struct docker_result {
    int exit_code; /* as a shell has it: 128 + the signal's number when one killed docker */
    int signal;    /* that killed it; 0: none */
    const char *stdout_text; /* stdout_length bytes and a NUL */
    size_t stdout_length;
    const char *stderr_text;
    size_t stderr_length;
};

#endif
