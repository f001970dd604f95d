/* SPDX-License-Identifier: Apache-2.0 */
/* This file looks at the AppArmor profiles that the kernel has.
 * It must not know any RPC. */
#include "host/apparmor.h"

#include <fcntl.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

enum { LIST_MAX = 4 * 1024 * 1024 };

/* A line is a name and a mode: "docker-default (enforce)". */
static bool is_listed(const char *list, const char *profile)
{
    size_t length = strlen(profile);

    for (const char *line = list; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, profile, length) == 0 && text_begins(line + length, " ("))
            return true;
    }
    return false;
}

bool apparmor_check(struct arena *arena, const char *root, const char *profile, struct err *err)
{
    const char *path = arena_printf(arena, "%s/sys/kernel/security/apparmor/profiles", root);
    struct buf list;
    bool loaded = true;

    if (*profile == '\0' || *profile == ':' || strstr(profile, "//&") != NULL)
        return true;
    buf_init(&list, LIST_MAX);
    if (file_read(AT_FDCWD, path, &list) && buf_putc(&list, '\0'))
        loaded = is_listed(list.data, profile);
    buf_release(&list);
    return loaded || err_set(err, GRPC_FAILED_PRECONDITION,
                             "the AppArmor profile \"%s\" is not loaded", profile);
}
