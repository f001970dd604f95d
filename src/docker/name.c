/* SPDX-License-Identifier: Apache-2.0 */
/* This file writes and reads the names that pods and containers have in docker.
 * It must not know where they are written. */
#include "docker/name.h"

#include <stdlib.h>
#include <string.h>

/* What docker takes in a container's name, without the delimiter. */
static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";

static bool check_part(const char *what, const char *part, struct err *err)
{
    if (*part == '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT, "%s: is empty", what);
    if (part[strspn(part, allowed)] != '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "%s \"%s\": only letters, digits, \".\" and \"-\" can be part of the name "
                       "in docker",
                       what, part);
    return true;
}

bool name_check(const struct name *name, struct err *err)
{
    return check_part("metadata.name", name->container, err) &&
           check_part("sandbox metadata.name", name->pod, err) &&
           check_part("sandbox metadata.namespace", name->namespace, err) &&
           check_part("sandbox metadata.uid", name->uid, err);
}

const char *name_print(struct arena *arena, const struct name *name)
{
    return arena_printf(arena, "k8s_%s_%s_%s_%s_%u", name->container, name->pod, name->namespace,
                        name->uid, name->attempt);
}

bool name_read(struct arena *arena, const char *text, struct name *name)
{
    enum { PREFIX, CONTAINER, POD, NAMESPACE, UID, ATTEMPT, UNIQUE, PARTS };
    const char *part[PARTS] = { NULL };
    size_t count = 0;
    char *end = NULL;
    unsigned long attempt = 0;

    for (; count < PARTS; count++) {
        size_t length = strcspn(text, "_");

        part[count] = arena_strndup(arena, text, length);
        text += length;
        if (*text == '\0')
            break;
        text++;
    }
    if (*text != '\0' || (count != ATTEMPT && count != UNIQUE) || strcmp(part[PREFIX], "k8s") != 0)
        return false;
    attempt = strtoul(part[ATTEMPT], &end, 10);
    if (*end != '\0' || end == part[ATTEMPT] || attempt > UINT32_MAX)
        return false;
    *name = (struct name){ .container = part[CONTAINER],
                           .pod = part[POD],
                           .namespace = part[NAMESPACE],
                           .uid = part[UID],
                           .attempt = (uint32_t)attempt };
    return true;
}
