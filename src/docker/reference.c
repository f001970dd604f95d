/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes image references apart.
 * It must not know what is done with an image. */
#include "docker/reference.h"

#include <string.h>

#include "docker/id.h"

bool reference_check(const char *reference, struct err *err)
{
    if (*reference == '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT, "image: is empty");
    if (*reference == '-')
        return err_set(err, GRPC_INVALID_ARGUMENT, "image \"%s\": starts with \"-\"", reference);
    for (const char *at = reference; *at != '\0'; at++)
        if ((unsigned char)*at <= ' ' || *at == 0x7f)
            return err_set(err, GRPC_INVALID_ARGUMENT,
                           "image \"%s\": has a blank or a control character", reference);
    return true;
}

bool reference_is_id(const char *reference)
{
    return id_of_image(reference) || id_valid(reference);
}

/* The length of a leading registry and its slash; 0: none is written. A capital letter is of no
 * repository (distribution/reference, splitDockerDomain). */
static size_t registry_length(const char *reference)
{
    size_t length = strcspn(reference, "/");
    bool host =
        reference[length] == '/' && (strcspn(reference, ".:ABCDEFGHIJKLMNOPQRSTUVWXYZ") < length ||
                                     (length == 9 && strncmp(reference, "localhost", length) == 0));

    return host ? length + 1 : 0;
}

const char *reference_registry(struct arena *arena, const char *reference)
{
    size_t length = registry_length(reference);

    return length == 0 ? "docker.io" : arena_strndup(arena, reference, length - 1);
}

static size_t repository_length(const char *reference)
{
    size_t length = strcspn(reference, "@");

    for (size_t i = length; i > 0 && reference[i - 1] != '/'; i--)
        if (reference[i - 1] == ':')
            return i - 1;
    return length;
}

const char *reference_repository(struct arena *arena, const char *reference)
{
    return arena_strndup(arena, reference, repository_length(reference));
}

bool reference_is_repository(const char *reference)
{
    return reference[repository_length(reference)] == '\0';
}

/* The registry and the path, with docker's defaults. */
static const char *whole_repository(struct arena *arena, const char *reference)
{
    const char *path = reference_repository(arena, reference + registry_length(reference));
    const char *host = reference_registry(arena, reference);
    bool hub = strcmp(host, "docker.io") == 0 || strcmp(host, "index.docker.io") == 0;

    return arena_printf(arena, "%s/%s%s", hub ? "docker.io" : host,
                        hub && strchr(path, '/') == NULL ? "library/" : "", path);
}

bool reference_same_repository(struct arena *arena, const char *one, const char *other)
{
    return strcmp(whole_repository(arena, one), whole_repository(arena, other)) == 0;
}

static const char *tag_and_digest(const char *reference)
{
    const char *rest = reference + repository_length(reference);

    return *rest == '\0' ? ":latest" : rest;
}

bool reference_same(struct arena *arena, const char *one, const char *other)
{
    return reference_same_repository(arena, one, other) &&
           strcmp(tag_and_digest(one), tag_and_digest(other)) == 0;
}
