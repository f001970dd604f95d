/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the parts of a request that become docker options, for pods and containers.
 * It must not know which command the options are for.
 *
 * Each function appends to the plan's argv, or to its ignored fields, and returns false with
 * INVALID_ARGUMENT (or UNIMPLEMENTED, where a newer docker command line could) for what docker
 * cannot do. The rules are in the README's table of fields. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include "base/cri.h"
#include "docker/call.h"

/* What LinuxSandboxSecurityContext and LinuxContainerSecurityContext have in common; absent
 * (false) where the request has neither. */
struct security {
    bool present;
    const CRI(SELinuxOption) *selinux;
    const CRI(Int64Value) *run_as_user;
    const CRI(Int64Value) *run_as_group;
    const char *run_as_username; /* "" on a sandbox */
    size_t supplemental_group_count;
    const int64_t *supplemental_groups;
    CRI(SupplementalGroupsPolicy) groups_policy;
    bool readonly_rootfs;
    bool privileged;
    const CRI(SecurityProfile) *seccomp;
    const CRI(SecurityProfile) *apparmor;
    const char *seccomp_path;  /* deprecated: where seccomp is not there */
    const char *apparmor_name; /* deprecated: where apparmor is not there */
};

bool push_security(const struct security *security, struct plan *plan, struct err *err);

/* The profile of the host's that the context names (profile, or where that is NULL the deprecated
 * text); "": none. Pure. */
const char *apparmor_profile(const CRI(SecurityProfile) *profile, const char *deprecated);

bool push_capabilities(const CRI(Capability) *capabilities, struct plan *plan, struct err *err);

/* docker has no option for these lists: they pass when docker's own defaults cover them. What only
 * a newer docker masks by itself is traced. */
bool check_system_paths(const struct call *call, const CRI(LinuxContainerSecurityContext) *context,
                        struct plan *plan, struct err *err);

enum resources_use { RESOURCES_CREATE, RESOURCES_UPDATE };

bool push_resources(const CRI(LinuxContainerResources) *resources, enum resources_use use,
                    struct plan *plan, struct err *err);

/* Whether a variable's value goes to docker by a line of a file; another one goes by docker's own
 * environment. */
bool environment_is_line(const ProtobufCBinaryData *value);

/* The variables go to docker by the memory file /dev/fd/3, or, where the form of such a file
 * cannot hold one, by docker's own environment: never by argv. */
bool push_environment(const struct call *call, size_t count, CRI(KeyValue) *const *variables,
                      struct plan *plan, struct err *err);

bool push_mounts(const struct call *call, size_t count, CRI(Mount) *const *mounts,
                 struct plan *plan, struct err *err);

bool push_devices(const struct call *call, const CRI(ContainerConfig) *config, struct plan *plan,
                  struct err *err);

/* --runtime=HANDLER; nothing for "", docker's default runtime. Whether the engine has it, is
 * docker's to say. */
bool push_runtime(const char *handler, struct plan *plan, struct err *err);

#endif
