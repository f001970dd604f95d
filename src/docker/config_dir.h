/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the folder that docker's --config names for one call.
 * It must not know what is in docker's configuration. */
#ifndef CONFIG_DIR_H
#define CONFIG_DIR_H

#include <stdbool.h>

#include "base/err.h"
#include "docker/command.h"

/* Makes the command's config folder (mode 0700), with its links; *made says whether there is one to
 * be removed. True, with nothing made, for a command without one. False with INTERNAL. */
bool config_dir_make(const struct command *command, bool *made, struct err *err);

/* Removes the folder of this name and the links that config_dir_make puts into it; nothing where it
 * is NULL, or not there. All that it calls is async-signal-safe. */
void config_dir_remove(const char *path);

#endif
