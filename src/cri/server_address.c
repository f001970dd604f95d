/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads the server address that credentials are for.
 * It must not know which image is pulled. */
#include "cri/server_address.h"

#include <string.h>
#include <strings.h>

#include "base/text.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"

/* "SCHEME://" and "//" before the authority (RFC 3986, section 3). */
static const char *after_scheme(const char *address)
{
    size_t length = strspn(address, DIGITS LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ+-.");

    if (strncmp(address + length, "://", 3) == 0)
        return address + (length == 0 ? strlen(address) : length + 3);
    return strncmp(address, "//", 2) == 0 ? address + 2 : address;
}

/* The length of a name or an address in brackets; 0: it is neither. */
static size_t name_length(const char *host)
{
    size_t length = 0;

    if (*host != '[')
        return strspn(host, DIGITS LETTERS "-._");
    length = 1 + strspn(host + 1, DIGITS LETTERS ":.");
    return length > 1 && host[length] == ']' ? length + 1 : 0;
}

static bool is_host(const char *host)
{
    size_t length = name_length(host);
    size_t digits = host[length] == ':' ? strspn(host + length + 1, DIGITS) : 0;

    return length > 0 && strspn(host, "-._") < length &&
           host[length + (digits > 0 ? digits + 1 : 0)] == '\0';
}

bool server_address_host(struct arena *arena, const char *address, const char **host,
                         struct err *err)
{
    const char *start = after_scheme(address);
    char *found = arena_strndup(arena, start, strcspn(start, "/?#"));
    char *user = strrchr(found, '@');

    if (user != NULL)
        found = user + 1;
    for (char *at = found; *at != '\0'; at++)
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    *host = found;
    /* An "@" further on is of a password with a slash: what stands before it is no host. */
    if (*address == '\0' || (is_host(found) && strchr(start + strcspn(start, "/?#"), '@') == NULL))
        return true;
    return err_set(err, GRPC_INVALID_ARGUMENT,
                   "auth.server_address: names no host that the credentials are for");
}

void server_address_hide_user(char *address)
{
    char *end = strrchr(address, '@');
    size_t scheme = (size_t)(after_scheme(address) - address);
    char *at = address[scheme] == '\0' ? address : address + scheme;

    for (; end != NULL && at < end; at++)
        if (strchr("/?#", *at) == NULL)
            *at = '*';
}

bool server_address_is_hub(const char *registry)
{
    static const char *const names[] = { "docker.io", "index.docker.io", NULL };

    return text_is_one_of(registry, names);
}

bool server_address_is(const char *host, const char *registry)
{
    static const char *const servers[] = { "registry-1.docker.io", "registry.hub.docker.com",
                                           NULL };

    return strcasecmp(host, registry) == 0 ||
           (server_address_is_hub(registry) &&
            (server_address_is_hub(host) || text_is_one_of(host, servers)));
}
