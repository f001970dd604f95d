/* SPDX-License-Identifier: Apache-2.0 */
/* This file turns security contexts into docker options.
 * It must not know which command the options are for. */
#include <string.h>
#include <strings.h>

#include "base/path.h"
#include "base/text.h"
#include "base/word.h"
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
    else if (text_begins(text, local)) {
        profile->profile_type = CRI_ENUM(SECURITY_PROFILE__PROFILE_TYPE, Localhost);
        profile->localhost_ref = text_borrowed(text) + strlen(local);
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

/* "" where the context names no profile of the host's. */
static const char *localhost_profile(const CRI(SecurityProfile) *profile)
{
    static const char local[] = "localhost/";
    const char *name = profile->localhost_ref;

    if (profile->profile_type != CRI_ENUM(SECURITY_PROFILE__PROFILE_TYPE, Localhost))
        return "";
    return text_begins(name, local) ? name + strlen(local) : name;
}

const char *apparmor_profile(const CRI(SecurityProfile) *profile, const char *deprecated)
{
    CRI(SecurityProfile) read;
    struct err err = { .code = GRPC_OK };

    if (profile == NULL && *deprecated != '\0' &&
        read_deprecated("apparmor_profile", deprecated, &read, &err))
        profile = &read;
    return profile == NULL ? "" : localhost_profile(profile);
}

/* By itself, in a namespace (":ns:name", ":ns://name"), or in a stack ("name//&name"), as the
 * kernel reads it. */
static bool names_unconfined(const char *name)
{
    static const char word[] = "unconfined";

    for (const char *at = name; (at = strstr(at, word)) != NULL; at++)
        if ((at == name || strchr(":/&", at[-1]) != NULL) &&
            (at[strlen(word)] == '\0' || text_begins(at + strlen(word), "//")))
            return true;
    return false;
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
        name = localhost_profile(profile);
        if (!word_check("apparmor.localhost_ref", name, err))
            return false;
        if (*name == '\0' || names_unconfined(name))
            return err_set(err, GRPC_INVALID_ARGUMENT,
                           "apparmor.localhost_ref \"%s\": is not the name of a profile", name);
    }
    strv_pushf(&plan->command.argv, "--security-opt=apparmor=%s", name);
    return true;
}

/* The four parts are joined by colons: one within a part would be another part. */
static bool push_selinux(const CRI(SELinuxOption) *selinux, struct plan *plan, struct err *err)
{
    const struct {
        const char *part;
        const char *value;
        bool colons;
    } parts[] = { { "user", selinux->user, false },
                  { "role", selinux->role, false },
                  { "type", selinux->type, false },
                  { "level", selinux->level, true } };

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        const char *field = arena_printf(plan->ignored.arena, "selinux_options.%s", parts[i].part);

        if (!word_check(field, parts[i].value, err))
            return false;
        if (!parts[i].colons && strchr(parts[i].value, ':') != NULL)
            return err_set(err, GRPC_INVALID_ARGUMENT, "%s \"%s\": has a colon", field,
                           parts[i].value);
        if (*parts[i].value != '\0')
            strv_pushf(&plan->command.argv, "--security-opt=label=%s:%s", parts[i].part,
                       parts[i].value);
    }
    return true;
}

/* Not of a privileged one: "AppArmor confinement is not applied", "seccomp restrictions are not
 * applied", "SELinux restrictions are not applied", says the CRI of it; docker 28 would apply each
 * that is named (seen). */
static bool push_confinement(const struct security *security, struct plan *plan, struct err *err)
{
    return push_seccomp(security, plan, err) && push_apparmor(security, plan, err) &&
           (security->selinux == NULL || push_selinux(security->selinux, plan, err));
}

bool push_security(const struct security *security, struct plan *plan, struct err *err)
{
    if (!security->present)
        return true;
    if (!push_user(security, plan, err) || !push_groups(security, plan, err) ||
        (!security->privileged && !push_confinement(security, plan, err)))
        return false;
    if (security->readonly_rootfs)
        strv_push(&plan->command.argv, "--read-only");
    if (security->privileged)
        strv_push(&plan->command.argv, "--privileged");
    return true;
}

/* --- of containers alone --- */

/* docker 20.10 takes CAP_NAME as well as NAME, in any case, but knows no CAP_ALL. CAP_CAP_NAME, of
 * which CAP_NAME would be left for docker to read as NAME, is none. */
static const char *bare_capability(const char *name)
{
    static const char start[] = "CAP_";
    const char *bare = strncasecmp(name, start, strlen(start)) == 0 ? name + strlen(start) : name;

    return strncasecmp(bare, start, strlen(start)) == 0 ? "" : bare;
}

static bool push_capability(const char *option, const char *name, struct plan *plan,
                            struct err *err)
{
    const char *bare = bare_capability(name);

    if (*bare == '\0' ||
        bare[strspn(bare, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789")] !=
            '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT, "capabilities: \"%s\" is not a capability",
                       name);
    strv_pushf(&plan->command.argv, "%s=%s", option, bare);
    return true;
}

static bool is_dropped(const CRI(Capability) *capabilities, const char *name)
{
    for (size_t i = 0; i < capabilities->n_drop_capabilities; i++)
        if (strcasecmp(bare_capability(name),
                       bare_capability(capabilities->drop_capabilities[i])) == 0)
            return true;
    return false;
}

/* What is in both lists is dropped: the CRI's other runtimes add first and drop then, docker lets
 * --cap-add win (seen on 20.10 and 28). */
bool push_capabilities(const CRI(Capability) *capabilities, struct plan *plan, struct err *err)
{
    for (size_t i = 0; i < capabilities->n_add_capabilities; i++)
        if (!is_dropped(capabilities, capabilities->add_capabilities[i]) &&
            !push_capability("--cap-add", capabilities->add_capabilities[i], plan, err))
            return false;
    for (size_t i = 0; i < capabilities->n_drop_capabilities; i++)
        if (!push_capability("--cap-drop", capabilities->drop_capabilities[i], plan, err))
            return false;
    return true;
}

/* --- paths of /proc and /sys --- */

/* A path that docker masks or makes read-only by itself, and since when. */
struct system_path {
    const char *path;
    unsigned since; /* 100 * major + minor; 0: 20.10 has it */
};

/* One for each cpu: masked by docker from 28.1 on, and asked for by the kubelet from 1.31 on. */
static bool is_thermal_throttle(const char *path)
{
    static const char start[] = "/sys/devices/system/cpu/cpu";

    if (!text_begins(path, start))
        return false;
    path += strlen(start);
    return strspn(path, "0123456789") > 0 &&
           strcmp(path + strspn(path, "0123456789"), "/thermal_throttle") == 0;
}

static const struct system_path *find_path(const char *path, const struct system_path *list)
{
    static const struct system_path thermal_throttle = { .since = 2801 };

    for (; list->path != NULL; list++)
        if (strcmp(path, list->path) == 0)
            return list;
    return is_thermal_throttle(path) ? &thermal_throttle : NULL;
}

static bool check_paths(const struct call *call, const char *field, size_t count,
                        char *const *paths, const struct system_path *defaults, struct plan *plan,
                        struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        const struct system_path *found = find_path(paths[i], defaults);

        if (found == NULL)
            return err_set(err, GRPC_INVALID_ARGUMENT,
                           "%s: \"%s\" is not one of docker's own, and docker has no option for "
                           "others",
                           field, paths[i]);
        if (found->since > call->settings->docker_version)
            strv_pushf(&plan->ignored, "config.linux.security_context.%s[%zu]", field, i);
    }
    return true;
}

/* The kubelet sends its default lists with every container, which grow with its versions as
 * docker's do. An empty list cannot be told from an unset one: docker's own stay in force. Of a
 * privileged container docker masks nothing, as the CRI says. */
bool check_system_paths(const struct call *call, const CRI(LinuxContainerSecurityContext) *context,
                        struct plan *plan, struct err *err)
{
    static const struct system_path masked[] = {
        { .path = "/proc/acpi" },
        { .path = "/proc/asound" },
        { .path = "/proc/interrupts", .since = 2801 },
        { .path = "/proc/kcore" },
        { .path = "/proc/keys" },
        { .path = "/proc/latency_stats" },
        { .path = "/proc/sched_debug" },
        { .path = "/proc/scsi" },
        { .path = "/proc/timer_list" },
        { .path = "/proc/timer_stats" },
        { .path = "/sys/firmware" },
        { .path = "/sys/devices/virtual/powercap", .since = 2500 },
        { .path = NULL },
    };
    static const struct system_path readonly[] = {
        { .path = "/proc/bus" },           { .path = "/proc/fs" },
        { .path = "/proc/irq" },           { .path = "/proc/sys" },
        { .path = "/proc/sysrq-trigger" }, { .path = NULL },
    };

    return context->privileged || (check_paths(call, "masked_paths", context->n_masked_paths,
                                               context->masked_paths, masked, plan, err) &&
                                   check_paths(call, "readonly_paths", context->n_readonly_paths,
                                               context->readonly_paths, readonly, plan, err));
}
