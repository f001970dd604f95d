/* SPDX-License-Identifier: Apache-2.0 */
/* This file turns mounts and devices into docker options.
 * It must not know which command the options are for. */
#include <string.h>

#include "base/path.h"
#include "base/word.h"
#include "cri/options.h"
#include "docker/reference.h"

/* One field of --mount, which is CSV (RFC 4180): quoted where it holds a comma, a quote, a line
 * break or a blank at an end. */
static const char *csv_field(struct arena *arena, const char *name, const char *value)
{
    size_t length = strlen(name) + 1 + strlen(value);
    char *field = arena_alloc(arena, 2 * length + 3);
    char *at = field;

    *at++ = '"';
    for (const char *text = arena_printf(arena, "%s=%s", name, value); *text != '\0'; text++) {
        if (*text == '"')
            *at++ = '"';
        *at++ = *text;
    }
    *at++ = '"';
    if (strpbrk(value, ",\"\r\n\t ") == NULL)
        return arena_strndup(arena, field + 1, length);
    return field;
}

/* The CSV reader makes "\r\n" a "\n", and docker's command lines from 29 on trim blanks. */
static bool check_csv_path(const char *field, const char *path, struct err *err)
{
    size_t length = strlen(path);

    if (strchr(path, '\r') != NULL || (length > 0 && strchr(" \t\n", path[length - 1]) != NULL))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "%s \"%s\": docker would change a carriage return, or a blank at the end",
                       field, path);
    return true;
}

static const char *propagation_of(const CRI(Mount) *mount)
{
    switch (mount->propagation) {
    case CRI_ENUM(MOUNT_PROPAGATION, PROPAGATION_HOST_TO_CONTAINER):
        return "rslave";
    case CRI_ENUM(MOUNT_PROPAGATION, PROPAGATION_BIDIRECTIONAL):
        return "rshared";
    case CRI_ENUM(MOUNT_PROPAGATION, PROPAGATION_PRIVATE):
    default:
        return NULL; /* docker's own: rprivate, or rslave where it must */
    }
}

static bool check_mount(const CRI(Mount) *mount, struct err *err)
{
    bool of_image = mount->image != NULL && *mount->image->image != '\0';

    if (!path_check_absolute("mounts.container_path", mount->container_path, err))
        return false;
    if (of_image && *mount->host_path != '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "mounts: only one of host_path and image can be set");
    if (!of_image && *mount->image_sub_path != '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT, "mounts.image_sub_path: needs image");
    if (!of_image && !path_check_absolute("mounts.host_path", mount->host_path, err))
        return false;
    if (mount->recursive_read_only && (!mount->readonly || propagation_of(mount) != NULL))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "mounts.recursive_read_only: needs readonly and private propagation");
    return true;
}

static bool needs_version(const struct call *call, const char *field, unsigned version,
                          struct err *err)
{
    if (call->settings->docker_version >= version)
        return true;
    return err_set(err, GRPC_UNIMPLEMENTED,
                   "%s: docker's command line has it from %u on (setting "
                   "CRI_ONESHOT_DOCKER_VERSION says %u.%u)",
                   field, version / 100, call->settings->docker_version / 100,
                   call->settings->docker_version % 100);
}

static bool push_image_mount(const struct call *call, const CRI(Mount) *mount, struct plan *plan,
                             struct err *err)
{
    const char *image = mount->image->image;

    if (!needs_version(call, "mounts.image", DOCKER_IMAGE_MOUNTS, err))
        return false;
    if (!mount->readonly)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "mounts.readonly: an image's files are mounted read-only, and never else");
    if (!reference_check(image, err) ||
        !check_csv_path("mounts.container_path", mount->container_path, err) ||
        !check_csv_path("mounts.image_sub_path", mount->image_sub_path, err))
        return false;
    if (*mount->image_sub_path == '\0')
        strv_pushf(&plan->command.argv, "--mount=type=image,%s,%s",
                   csv_field(call->arena, "source", image),
                   csv_field(call->arena, "target", mount->container_path));
    else
        strv_pushf(&plan->command.argv, "--mount=type=image,%s,%s,%s",
                   csv_field(call->arena, "source", image),
                   csv_field(call->arena, "target", mount->container_path),
                   csv_field(call->arena, "image-subpath", mount->image_sub_path));
    return true;
}

/* Whether docker is to relabel the files: where the kernel has no SELinux there is nothing to
 * relabel, and the field, which kubelets set widely, decides nothing. */
static bool relabels(const struct call *call, const CRI(Mount) *mount)
{
    return mount->selinux_relabel && strcmp(call->surroundings->selinux, "yes") == 0;
}

static bool has_colon(const CRI(Mount) *mount)
{
    return strchr(mount->host_path, ':') != NULL || strchr(mount->container_path, ':') != NULL;
}

/* What --volume cannot say: a path with a colon, and how deep read-only goes. A missing host path
 * is then docker's error, where --volume makes a folder. */
static bool push_long(const struct call *call, const CRI(Mount) *mount, struct plan *plan,
                      struct err *err)
{
    const char *propagation = propagation_of(mount);
    const char *depth = "";

    if (relabels(call, mount))
        return err_set(
            err, GRPC_INVALID_ARGUMENT, "mounts.selinux_relabel: docker cannot relabel %s",
            has_colon(mount) ? "a path with a colon" : "a mount that is recursively read-only");
    if (mount->recursive_read_only)
        depth = ",readonly,bind-recursive=readonly,bind-propagation=rprivate";
    else if (mount->readonly && call->settings->docker_version >= DOCKER_RECURSIVE_READONLY)
        depth = ",readonly,bind-recursive=writable";
    else if (mount->readonly)
        depth = ",readonly";
    if (!check_csv_path("mounts.host_path", mount->host_path, err) ||
        !check_csv_path("mounts.container_path", mount->container_path, err))
        return false;
    strv_pushf(
        &plan->command.argv, "--mount=type=bind,%s,%s%s%s%s",
        csv_field(call->arena, "source", mount->host_path),
        csv_field(call->arena, "target", mount->container_path), depth,
        propagation == NULL ? "" : ",bind-propagation=", propagation == NULL ? "" : propagation);
    return true;
}

static void push_short(const struct call *call, const CRI(Mount) *mount, struct plan *plan)
{
    const char *propagation = propagation_of(mount);
    const char *const modes[] = { mount->readonly ? "ro" : NULL, relabels(call, mount) ? "Z" : NULL,
                                  propagation };
    const char *separator = ":";
    const char *mode = "";

    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (modes[i] == NULL)
            continue;
        mode = arena_printf(plan->command.argv.arena, "%s%s%s", mode, separator, modes[i]);
        separator = ",";
    }
    strv_pushf(&plan->command.argv, "--volume=%s:%s%s", mount->host_path, mount->container_path,
               mode);
}

/* Only --volume relabels, and from docker 25 on it makes a read-only mount recursive: where both
 * are wanted, the mounts below are read-only, too, which is told. */
static void trace_mount(const struct call *call, size_t index, const CRI(Mount) *mount,
                        struct plan *plan)
{
    if (mount->selinux_relabel && !relabels(call, mount))
        strv_pushf(&plan->ignored, "config.mounts[%zu].selinux_relabel", index);
    if (relabels(call, mount) && mount->readonly && !mount->recursive_read_only &&
        call->settings->docker_version >= DOCKER_RECURSIVE_READONLY)
        strv_pushf(&plan->ignored, "config.mounts[%zu].readonly", index);
}

static bool push_mount(const struct call *call, size_t index, const CRI(Mount) *mount,
                       struct plan *plan, struct err *err)
{
    bool shallow = mount->readonly && !relabels(call, mount) &&
                   call->settings->docker_version >= DOCKER_RECURSIVE_READONLY;

    if (!check_mount(mount, err))
        return false;
    trace_mount(call, index, mount, plan);
    if (mount->image != NULL && *mount->image->image != '\0')
        return push_image_mount(call, mount, plan, err);
    if (mount->recursive_read_only &&
        !needs_version(call, "mounts.recursive_read_only", DOCKER_RECURSIVE_READONLY, err))
        return false;
    if (has_colon(mount) || shallow || mount->recursive_read_only)
        return push_long(call, mount, plan, err);
    push_short(call, mount, plan);
    return true;
}

bool push_mounts(const struct call *call, size_t count, CRI(Mount) *const *mounts,
                 struct plan *plan, struct err *err)
{
    for (size_t i = 0; i < count; i++)
        if (!push_mount(call, i, mounts[i], plan, err))
            return false;
    return true;
}

static bool push_device(const CRI(Device) *device, struct plan *plan, struct err *err)
{
    const char *inside =
        *device->container_path == '\0' ? device->host_path : device->container_path;
    const char *permissions = device->permissions;

    if (!path_check_absolute("devices.host_path", device->host_path, err) ||
        !path_check_absolute("devices.container_path", inside, err))
        return false;
    if (strchr(device->host_path, ':') != NULL || strchr(inside, ':') != NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "devices: docker has no way to write a path with a colon: \"%s\", \"%s\"",
                       device->host_path, inside);
    /* Without any docker would give all three. */
    if (*permissions == '\0' || permissions[strspn(permissions, "rwm")] != '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "devices.permissions \"%s\": is not made of r, w and m", permissions);
    strv_pushf(&plan->command.argv, "--device=%s:%s:%s", device->host_path, inside, permissions);
    return true;
}

/* A name without "/" and "=" would be a host path to docker (CDI: vendor.com/class=name). */
static bool push_cdi_device(const struct call *call, const char *name, struct plan *plan,
                            struct err *err)
{
    const char *slash = strchr(name, '/');

    if (*name == '/' || slash == NULL || strchr(slash, '=') == NULL || strchr(name, ':') != NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "CDI_devices \"%s\": is not as vendor.com/class=name", name);
    if (!word_check("CDI_devices", name, err))
        return false;
    if (!needs_version(call, "CDI_devices", DOCKER_CDI_DEVICES, err))
        return false;
    strv_pushf(&plan->command.argv, "--device=%s", name);
    return true;
}

bool push_devices(const struct call *call, const CRI(ContainerConfig) *config, struct plan *plan,
                  struct err *err)
{
    for (size_t i = 0; i < config->n_devices; i++)
        if (!push_device(config->devices[i], plan, err))
            return false;
    for (size_t i = 0; i < config->n_cdi_devices; i++)
        if (!push_cdi_device(call, config->cdi_devices[i]->name, plan, err))
            return false;
    return true;
}
