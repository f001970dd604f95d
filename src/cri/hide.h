/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the taking of a request's secrets out of what docker says.
 * It must not know where it goes from here. */
#ifndef HIDE_H
#define HIDE_H

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"
#include "base/list.h"
#include "docker/command.h"

#define HIDDEN "<redacted>"

/* The secrets of a request (any RPC's own message) as a list of struct secret, which borrow from
 * it or are in the arena: AuthConfig's password, auth, identity_token and registry_token,
 * USER:PASSWORD of either kind, and every environment value. Left out is what the command line
 * (argv) shows anyway, and as a word that docker's failures are told by, an environment's "image"
 * or "network". */
struct list hide_secrets(struct arena *arena, const ProtobufCMessage *request,
                         const struct strv *argv);

/* The text (*length bytes and a NUL) with each secret in it (secret.h) replaced by HIDDEN; the same
 * one where it shows none. */
const char *hide_in(struct arena *arena, const struct list *secrets, const char *text,
                    size_t *length);

/* Takes the request's secrets, where it has any, out of both of docker's outputs, and what
 * brief_text leaves out: they stay or are new ones in the arena. To be called once, before anything
 * of them is parsed, told, traced or recorded; a second time it changes nothing. */
void hide_result(struct arena *arena, const ProtobufCMessage *request,
                 const struct command *command, struct docker_result *result);

#endif
