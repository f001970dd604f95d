/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what of the caller's docker configuration (config.json) docker gets to see.
 * It must not know where the file is, or any RPC.
 *
 * docker's command line lets that file act on what it is asked: proxies become variables of every
 * container, which win over ours; aliases, plugins and their hooks run other commands. Kept are the
 * entries by which docker reaches its engine and a registry (currentContext, HttpHeaders, auths,
 * credsStore, credHelpers), in any case, as Go's JSON reads names (seen on 20.10 to 28.2). When
 * there are others, docker gets a folder of the call's own with what is kept. */
#ifndef CLIENT_CONFIG_H
#define CLIENT_CONFIG_H

#include <jansson.h>

#include "docker/call.h"

/* Adds --config with the kept entries where others are there, else nothing; before the verb. Pure:
 * the file's text is call->surroundings->docker_client_config. */
void client_config_use(const struct call *call, struct plan *plan);

/* Adds --config, or replaces what client_config_use has written, with these auths (config.json's
 * object, taken over) in place of all of the caller's credentials. */
void client_config_use_auths(const struct call *call, json_t *auths, struct plan *plan);

/* The file's text for people: on one line, with "<redacted>" for each secret of the kept entries
 * and null for what is in the others. "" for what is no JSON object. */
const char *client_config_show(struct arena *arena, const char *text, size_t length);

#endif
