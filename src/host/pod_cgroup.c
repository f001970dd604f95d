/* SPDX-License-Identifier: Apache-2.0 */
/* This file finds the cgroup that is a pod's own.
 * It must not know docker's output or the CRI. */
#include "host/pod_cgroup.h"

#include <string.h>

#include "base/text.h"

static const char *last_part(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL ? path : slash + 1;
}

/* Whether the last part of path is that of asked, which may have slashes after it. */
static bool ends_alike(const char *path, const char *asked)
{
    const char *last = last_part(path);
    size_t length = strlen(last);
    size_t end = strlen(asked);

    while (end > 0 && asked[end - 1] == '/')
        end--;
    return end >= length && memcmp(asked + end - length, last, length) == 0 &&
           (end == length || asked[end - length - 1] == '/');
}

/* The parents that docker takes where it is told none: by the cgroupfs driver, by systemd's, and by
 * systemd's without root. */
static bool is_dockers_parent(const char *path)
{
    static const char *const names[] = { "docker", "system.slice", "user.slice", NULL };

    return text_is_one_of(last_part(path), names);
}

static bool is_member_below(const struct cgroups *cgroups, const char *id, const char *path)
{
    const char *member = cgroups_find(cgroups, id);

    return member != NULL && cgroup_is_below(member, path);
}

static bool holds_only(const struct cgroups *cgroups, const char *path, const struct pod_place *pod)
{
    size_t own = 1; /* the sandbox */

    for (size_t i = 0; i < pod->member_count; i++)
        own += is_member_below(cgroups, pod->members[i], path);
    return cgroup_container_count(cgroups, path) == own;
}

const char *pod_cgroup(const struct cgroups *cgroups, struct arena *arena,
                       const struct pod_place *pod)
{
    const char *parent = cgroup_above(arena, pod->sandbox);
    bool own = false;

    if (parent == NULL || is_dockers_parent(parent))
        return NULL;
    own = pod->recorded ? ends_alike(parent, pod->own_cgroup) : holds_only(cgroups, parent, pod);
    return own ? parent : NULL;
}
