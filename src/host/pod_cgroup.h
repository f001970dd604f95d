/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the finding of the cgroup that is a pod's own.
 * It must not know docker's output or the CRI. */
#ifndef POD_CGROUP_H
#define POD_CGROUP_H

#include "host/cgroup.h"

/* A pod whose sandbox has a cgroup. */
struct pod_place {
    const char *sandbox;        /* the cgroup's path */
    const char *own_cgroup;     /* the parent that docker was told for this pod alone; "" */
    bool recorded;              /* "" says that docker was told none for it alone */
    const char *const *members; /* ids of its containers; those that have no cgroup may be there */
    size_t member_count;
};

/* The path of the cgroup that the pod's containers share with nobody; NULL: there is none. The one
 * above the sandbox's is that where docker was told so. Where nothing is recorded of that it is one
 * that is not docker's by its name, if all containers in it are the pod's: where an engine has its
 * containers is up to its settings, and to where it itself was started. */
const char *pod_cgroup(const struct cgroups *cgroups, struct arena *arena,
                       const struct pod_place *pod);

#endif
