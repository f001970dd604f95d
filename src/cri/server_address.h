/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of the server address that credentials are for.
 * It must not know which image is pulled. */
#ifndef SERVER_ADDRESS_H
#define SERVER_ADDRESS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* The HOST[:PORT] that AuthConfig.server_address names, in lower case; "" for an empty address. It
 * is written as docker's configuration has it: alone, with a path, or as a URL with or without its
 * scheme ("registry.example:5000", "https://index.docker.io/v1/", "//registry.example"). User
 * information in it is passed over (RFC 3986, section 3.2).
 *
 * INVALID_ARGUMENT for an address that is not empty and names no host: it must not be taken for one
 * that allows any. The error shows nothing of it. */
bool server_address_host(struct arena *arena, const char *address, const char **host,
                         struct err *err);

/* Puts "*" in place of each byte of the address' user information, so that it can be shown: it
 * stays an address of the same host, or of none. */
void server_address_hide_user(char *address);

/* Whether the credentials for host may go to the registry of an image (reference_registry): it is
 * the same, in any case of letters; Docker Hub has several names. */
bool server_address_is(const char *host, const char *registry);

/* Whether an image's registry is Docker Hub, for which docker keeps one entry of credentials. */
bool server_address_is_hub(const char *registry);

#endif
