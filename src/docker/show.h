/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares how a command is shown to people and kept in fixtures: no secret in it.
 * It must not know which RPC it is for. */
#ifndef SHOW_H
#define SHOW_H

#include "base/arena.h"
#include "docker/command.h"

#define SHOW_REDACTED "<redacted>"

/* A word as a POSIX shell reads it back. */
const char *show_word(struct arena *arena, const char *word);

/* The whole command on one line, for a shell. */
const char *show_argv(struct arena *arena, const struct command *command);

/* What a listed file holds, names kept and values redacted: each NAME=VALUE line of an environment
 * file, the secrets of docker's config.json. */
const char *show_file(struct arena *arena, const struct command *command, size_t index);

/* A NAME=VALUE word of the child's environment with its value redacted, unless the value is ours
 * and no secret (DOCKER_CERT_PATH). */
const char *show_env(struct arena *arena, const char *word);

#endif
