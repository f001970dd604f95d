/* SPDX-License-Identifier: Apache-2.0 */
/* This file turns security contexts into docker options.
 * It must not know which command the options are for. */
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "cri/options.h"

enum { ID_MAX = 2147483647 }; /* docker takes no larger user or group */

/* --- users and groups --- */

static bool check_number(const char *field, int64_t number, struct err *err)
{
    if (number < 0 || number > ID_MAX)
        return err_set(err, GRPC_INVALID_ARGUMENT, "%s: %lld is not between 0 and %d", field,
                       (long long)number, ID_MAX);
    return true;
}

static bool check_user(const struct security *security, struct err *err)
{
    const char *name = security->run_as_username;

    if (security->run_as_user != NULL &&
        !check_number("run_as_user", security->run_as_user->value, err))
        return false;
    if (security->run_as_group != NULL &&
        !check_number("run_as_group", security->run_as_group->value, err))
        return false;
    if (security->run_as_user != NULL && *name != '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "run_as_user and run_as_username: only one of them can be set");
    if (security->run_as_group != NULL && security->run_as_user == NULL && *name == '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "run_as_group: needs run_as_user or run_as_username");
    if (strpbrk(name, ": \t\r\n") != NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT, "run_as_username \"%s\": has a colon or a blank",
                       name);
    return true;
}

static bool push_user(const struct security *security, struct plan *plan, struct err *err)
{
    struct arena *arena = plan->command.argv.arena;
    const char *user = security->run_as_username;

    if (!check_user(security, err))
        return false;
    if (security->run_as_user != NULL)
        user = arena_printf(arena, "%lld", (long long)security->run_as_user->value);
    if (security->run_as_group != NULL)
        strv_pushf(&plan->command.argv, "--user=%s:%lld", user,
                   (long long)security->run_as_group->value);
    else if (*user != '\0')
        strv_pushf(&plan->command.argv, "--user=%s", user);
    return true;
}

static bool push_groups(const struct security *security, struct plan *plan, struct err *err)
{
    /* With --user=UID:GID docker leaves out the groups that the image gives the user, with
     * --user=UID it keeps them (seen on 20.10 to 28.2). */
    if (security->groups_policy == CRI_ENUM(SUPPLEMENTAL_GROUPS_POLICY, Strict) &&
        security->run_as_group == NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "supplemental_groups_policy: docker keeps to Strict only where "
                       "run_as_group is set, too");
    for (size_t i = 0; i < security->supplemental_group_count; i++) {
        if (!check_number("supplemental_groups", security->supplemental_groups[i], err))
            return false;
        strv_pushf(&plan->command.argv, "--group-add=%lld",
                   (long long)security->supplemental_groups[i]);
    }
    return true;
}

/* --- profiles --- */

/* The deprecated strings say the same as a SecurityProfile. */
static bool read_deprecated(const char *field, const char *text, CRI(SecurityProfile) *profile,
                            struct err *err)
{
    static const char local[] = "localhost/";

    *profile = (CRI(SecurityProfile))CRI_INIT(SECURITY_PROFILE);
    if (strcmp(text, "runtime/default") == 0 || strcmp(text, "docker/default") == 0)
        profile->profile_type = CRI_ENUM(SECURITY_PROFILE__PROFILE_TYPE, RuntimeDefault);
    else if (strcmp(text, "unconfined") == 0)
        profile->profile_type = CRI_ENUM(SECURITY_PROFILE__PROFILE_TYPE, Unconfined);
    else if (strncmp(text, local, strlen(local)) == 0) {
        profile->profile_type = CRI_ENUM(SECURITY_PROFILE__PROFILE_TYPE, Localhost);
        profile->localhost_ref = (char *)(uintptr_t)text + strlen(local);
    } else {
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "%s \"%s\": is not runtime/default, unconfined or localhost/…", field, text);
    }
    return true;
}

/* A context that names no profile asks for none: what containerd and cri-dockerd do, and the
 * CRI's own tests expect. */
static bool push_seccomp(const struct security *security, struct plan *plan, struct err *err)
{
    CRI(SecurityProfile) deprecated;
    const CRI(SecurityProfile) *profile = security->seccomp;

    if (profile == NULL && *security->seccomp_path != '\0') {
        if (!read_deprecated("seccomp_profile_path", security->seccomp_path, &deprecated, err))
            return false;
        profile = &deprecated;
    }
    if (profile == NULL ||
        profile->profile_type == CRI_ENUM(SECURITY_PROFILE__PROFILE_TYPE, Unconfined)) {
        strv_push(&plan->command.argv, "--security-opt=seccomp=unconfined");
    } else if (profile->profile_type == CRI_ENUM(SECURITY_PROFILE__PROFILE_TYPE, Localhost)) {
        if (!path_check_absolute("seccomp.localhost_ref", profile->localhost_ref, err))
            return false;
        strv_pushf(&plan->command.argv, "--security-opt=seccomp=%s", profile->localhost_ref);
    }
    return true;
}

static bool push_apparmor(const struct security *security, struct plan *plan, struct err *err)
{
    CRI(SecurityProfile) deprecated;
    const CRI(SecurityProfile) *profile = security->apparmor;
    const char *name = NULL;

    if (profile == NULL && *security->apparmor_name != '\0') {
        if (!read_deprecated("apparmor_profile", security->apparmor_name, &deprecated, err))
            return false;
        profile = &deprecated;
    }
    if (profile == NULL ||
        profile->profile_type == CRI_ENUM(SECURITY_PROFILE__PROFILE_TYPE, RuntimeDefault))
        return true;
    name = "unconfined";
    if (profile->profile_type == CRI_ENUM(SECURITY_PROFILE__PROFILE_TYPE, Localhost)) {
        name = profile->localhost_ref;
        if (strncmp(name, "localhost/", strlen("localhost/")) == 0)
            name += strlen("localhost/");
        if (*name == '\0' || strcmp(name, "unconfined") == 0)
            return err_set(err, GRPC_INVALID_ARGUMENT,
                           "apparmor.localhost_ref \"%s\": is not the name of a profile", name);
    }
    strv_pushf(&plan->command.argv, "--security-opt=apparmor=%s", name);
    return true;
}

static void push_selinux(const CRI(SELinuxOption) *selinux, struct plan *plan)
{
    const struct {
        const char *part;
        const char *value;
    } parts[] = { { "user", selinux->user },
                  { "role", selinux->role },
                  { "type", selinux->type },
                  { "level", selinux->level } };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (*parts[i].value != '\0')
            strv_pushf(&plan->command.argv, "--security-opt=label=%s:%s", parts[i].part,
                       parts[i].value);
}

bool push_security(const struct security *security, struct plan *plan, struct err *err)
{
    if (!security->present)
        return true;
    if (!push_user(security, plan, err) || !push_groups(security, plan, err) ||
        !push_seccomp(security, plan, err) || !push_apparmor(security, plan, err))
        return false;
    if (security->selinux != NULL)
        push_selinux(security->selinux, plan);
    if (security->readonly_rootfs)
        strv_push(&plan->command.argv, "--read-only");
    if (security->privileged)
        strv_push(&plan->command.argv, "--privileged");
    return true;
}

/* --- of containers alone --- */

/* docker 20.10 takes CAP_NAME as well as NAME, but knows no CAP_ALL. */
static bool push_capability(const char *option, const char *name, struct plan *plan,
                            struct err *err)
{
    const char *bare = strncasecmp(name, "CAP_", 4) == 0 ? name + 4 : name;

    if (*bare == '\0' ||
        bare[strspn(bare, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789")] !=
            '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT, "capabilities: \"%s\" is not a capability",
                       name);
    strv_pushf(&plan->command.argv, "%s=%s", option, bare);
    return true;
}

bool push_capabilities(const CRI(Capability) *capabilities, struct plan *plan, struct err *err)
{
    for (size_t i = 0; i < capabilities->n_add_capabilities; i++)
        if (!push_capability("--cap-add", capabilities->add_capabilities[i], plan, err))
            return false;
    for (size_t i = 0; i < capabilities->n_drop_capabilities; i++)
        if (!push_capability("--cap-drop", capabilities->drop_capabilities[i], plan, err))
            return false;
    return true;
}

static bool is_one_of(const char *path, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(path, *list) == 0)
            return true;
    return false;
}

/* One for each cpu: masked by docker 28 and by the kubelet from 1.31 on. */
static bool is_thermal_throttle(const char *path)
{
    static const char start[] = "/sys/devices/system/cpu/cpu";

    if (strncmp(path, start, strlen(start)) != 0)
        return false;
    path += strlen(start);
    return strspn(path, "0123456789") > 0 &&
           strcmp(path + strspn(path, "0123456789"), "/thermal_throttle") == 0;
}

static bool check_paths(const char *field, size_t count, char *const *paths,
                        const char *const *defaults, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!is_one_of(paths[i], defaults) && !is_thermal_throttle(paths[i]))
            return err_set(err, GRPC_INVALID_ARGUMENT,
                           "%s: \"%s\" is not one of docker's own, and docker has no option for "
                           "others",
                           field, paths[i]);
    return true;
}

/* The kubelet sends its default lists with every container, which grow with its versions as
 * docker's do. An empty list cannot be told from an unset one: docker's own stay in force. */
bool check_system_paths(const CRI(LinuxContainerSecurityContext) *context, struct err *err)
{
    static const char *const masked[] = {
        "/proc/acpi",
        "/proc/asound",
        "/proc/interrupts",
        "/proc/kcore",
        "/proc/keys",
        "/proc/latency_stats",
        "/proc/sched_debug",
        "/proc/scsi",
        "/proc/timer_list",
        "/proc/timer_stats",
        "/sys/firmware",
        "/sys/devices/virtual/powercap",
        NULL,
    };
    static const char *const readonly[] = { "/proc/bus",           "/proc/fs",
                                            "/proc/irq",           "/proc/sys",
                                            "/proc/sysrq-trigger", NULL };

    return check_paths("masked_paths", context->n_masked_paths, context->masked_paths, masked,
                       err) &&
           check_paths("readonly_paths", context->n_readonly_paths, context->readonly_paths,
                       readonly, err);
}
