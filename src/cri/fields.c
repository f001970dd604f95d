/* SPDX-License-Identifier: Apache-2.0 */
/* This file decides what becomes of each field of a request, and applies that to one.
 * It must not know how a field becomes a docker flag. */
#include "cri/fields.h"

#include <string.h>

#include "runtime/v1/api.pb-c.h"

#define NO_WINDOWS    "this runtime has no Windows containers"
#define NO_ID_MAPS    "docker maps ids for its engine as a whole only"
#define NO_POD_CGROUP "docker has no cgroup of its own for a pod"

/* Refused is what would widen a container's rights, lose data or mislead the client if it were
 * ignored; traced is the rest that docker cannot do. Where that depends on the value the field is
 * HONOURED here, and the plan judges. */
/* clang-format off */
#define ROW(message, field, ...) { &runtime__v1__##message##__descriptor, #field, __VA_ARGS__ }
#define HONOURED(message, field) ROW(message, field, FIELD_HONOURED, NULL)
#define TRACED(message, field, why) ROW(message, field, FIELD_TRACED, why)
#define REFUSED(message, field, why) ROW(message, field, FIELD_REFUSED, why)
const struct field_row field_rows[] = {
    TRACED(version_request, version, "the answer is the same for every client's version"),

    HONOURED(dnsconfig, servers),
    HONOURED(dnsconfig, searches),
    HONOURED(dnsconfig, options),

    HONOURED(port_mapping, protocol),
    HONOURED(port_mapping, container_port),
    HONOURED(port_mapping, host_port),
    HONOURED(port_mapping, host_ip),

    HONOURED(mount, container_path),
    HONOURED(mount, host_path),
    HONOURED(mount, readonly),
    HONOURED(mount, selinux_relabel),
    HONOURED(mount, propagation),
    REFUSED(mount, uidMappings, NO_ID_MAPS),
    REFUSED(mount, gidMappings, NO_ID_MAPS),
    HONOURED(mount, recursive_read_only),
    HONOURED(mount, image),
    HONOURED(mount, image_sub_path),
    REFUSED(mount, mount_options, "docker has no options for a bind mount"),

    REFUSED(idmapping, host_id, NO_ID_MAPS),
    REFUSED(idmapping, container_id, NO_ID_MAPS),
    REFUSED(idmapping, length, NO_ID_MAPS),

    HONOURED(user_namespace, mode),
    REFUSED(user_namespace, uids, NO_ID_MAPS),
    REFUSED(user_namespace, gids, NO_ID_MAPS),

    HONOURED(namespace_option, network),
    HONOURED(namespace_option, pid),
    HONOURED(namespace_option, ipc),
    HONOURED(namespace_option, target_id),
    HONOURED(namespace_option, userns_options),

    HONOURED(int64_value, value),

    HONOURED(linux_sandbox_security_context, namespace_options),
    HONOURED(linux_sandbox_security_context, selinux_options),
    HONOURED(linux_sandbox_security_context, run_as_user),
    HONOURED(linux_sandbox_security_context, run_as_group),
    HONOURED(linux_sandbox_security_context, readonly_rootfs),
    HONOURED(linux_sandbox_security_context, supplemental_groups),
    HONOURED(linux_sandbox_security_context, supplemental_groups_policy),
    HONOURED(linux_sandbox_security_context, privileged),
    HONOURED(linux_sandbox_security_context, seccomp),
    HONOURED(linux_sandbox_security_context, apparmor),
    HONOURED(linux_sandbox_security_context, seccomp_profile_path),

    HONOURED(security_profile, profile_type),
    HONOURED(security_profile, localhost_ref),

    HONOURED(linux_pod_sandbox_config, cgroup_parent),
    HONOURED(linux_pod_sandbox_config, security_context),
    HONOURED(linux_pod_sandbox_config, sysctls),
    TRACED(linux_pod_sandbox_config, overhead, NO_POD_CGROUP),
    TRACED(linux_pod_sandbox_config, resources, NO_POD_CGROUP),

    HONOURED(pod_sandbox_metadata, name),
    HONOURED(pod_sandbox_metadata, uid),
    HONOURED(pod_sandbox_metadata, namespace),
    HONOURED(pod_sandbox_metadata, attempt),

    HONOURED(pod_sandbox_config, metadata),
    HONOURED(pod_sandbox_config, hostname),
    HONOURED(pod_sandbox_config, log_directory),
    HONOURED(pod_sandbox_config, dns_config),
    HONOURED(pod_sandbox_config, port_mappings),
    HONOURED(pod_sandbox_config, labels),
    HONOURED(pod_sandbox_config, annotations),
    HONOURED(pod_sandbox_config, linux),
    REFUSED(pod_sandbox_config, windows, NO_WINDOWS),

    HONOURED(run_pod_sandbox_request, config),
    HONOURED(run_pod_sandbox_request, runtime_handler),

    HONOURED(stop_pod_sandbox_request, pod_sandbox_id),

    HONOURED(remove_pod_sandbox_request, pod_sandbox_id),

    HONOURED(pod_sandbox_status_request, pod_sandbox_id),
    HONOURED(pod_sandbox_status_request, verbose),

    HONOURED(pod_sandbox_state_value, state),

    HONOURED(pod_sandbox_filter, id),
    HONOURED(pod_sandbox_filter, state),
    HONOURED(pod_sandbox_filter, label_selector),

    HONOURED(list_pod_sandbox_request, filter),

    HONOURED(stream_pod_sandboxes_request, filter),

    HONOURED(pod_sandbox_stats_request, pod_sandbox_id),

    HONOURED(pod_sandbox_stats_filter, id),
    HONOURED(pod_sandbox_stats_filter, label_selector),

    HONOURED(list_pod_sandbox_stats_request, filter),

    HONOURED(stream_pod_sandbox_stats_request, filter),

    HONOURED(image_spec, image),
    TRACED(image_spec, annotations, "docker keeps no annotations for an image"),
    HONOURED(image_spec, user_specified_image),
    TRACED(image_spec, runtime_handler, "docker keeps one set of images for all its runtimes"),
    TRACED(image_spec, image_ref, "the image field alone names the image"),

    HONOURED(key_value, key),
    HONOURED(key_value, value),

    HONOURED(linux_container_resources, cpu_period),
    HONOURED(linux_container_resources, cpu_quota),
    HONOURED(linux_container_resources, cpu_shares),
    HONOURED(linux_container_resources, memory_limit_in_bytes),
    HONOURED(linux_container_resources, oom_score_adj),
    HONOURED(linux_container_resources, cpuset_cpus),
    HONOURED(linux_container_resources, cpuset_mems),
    HONOURED(linux_container_resources, hugepage_limits),
    HONOURED(linux_container_resources, unified),
    HONOURED(linux_container_resources, memory_swap_limit_in_bytes),

    HONOURED(hugepage_limit, page_size),
    HONOURED(hugepage_limit, limit),

    HONOURED(selinux_option, user),
    HONOURED(selinux_option, role),
    HONOURED(selinux_option, type),
    HONOURED(selinux_option, level),

    HONOURED(capability, add_capabilities),
    HONOURED(capability, drop_capabilities),
    REFUSED(capability, add_ambient_capabilities, "docker has no ambient capabilities"),

    HONOURED(linux_container_security_context, capabilities),
    HONOURED(linux_container_security_context, privileged),
    HONOURED(linux_container_security_context, namespace_options),
    HONOURED(linux_container_security_context, selinux_options),
    HONOURED(linux_container_security_context, run_as_user),
    HONOURED(linux_container_security_context, run_as_group),
    HONOURED(linux_container_security_context, run_as_username),
    HONOURED(linux_container_security_context, readonly_rootfs),
    HONOURED(linux_container_security_context, supplemental_groups),
    HONOURED(linux_container_security_context, supplemental_groups_policy),
    HONOURED(linux_container_security_context, no_new_privs),
    HONOURED(linux_container_security_context, masked_paths),
    HONOURED(linux_container_security_context, readonly_paths),
    HONOURED(linux_container_security_context, seccomp),
    HONOURED(linux_container_security_context, apparmor),
    HONOURED(linux_container_security_context, apparmor_profile),
    HONOURED(linux_container_security_context, seccomp_profile_path),

    HONOURED(linux_container_config, resources),
    HONOURED(linux_container_config, security_context),

    REFUSED(windows_namespace_option, network, NO_WINDOWS),

    REFUSED(windows_sandbox_security_context, run_as_username, NO_WINDOWS),
    REFUSED(windows_sandbox_security_context, credential_spec, NO_WINDOWS),
    REFUSED(windows_sandbox_security_context, host_process, NO_WINDOWS),
    REFUSED(windows_sandbox_security_context, namespace_options, NO_WINDOWS),

    REFUSED(windows_pod_sandbox_config, security_context, NO_WINDOWS),

    REFUSED(windows_container_security_context, run_as_username, NO_WINDOWS),
    REFUSED(windows_container_security_context, credential_spec, NO_WINDOWS),
    REFUSED(windows_container_security_context, host_process, NO_WINDOWS),

    REFUSED(windows_container_config, resources, NO_WINDOWS),
    REFUSED(windows_container_config, security_context, NO_WINDOWS),

    REFUSED(windows_container_resources, cpu_shares, NO_WINDOWS),
    REFUSED(windows_container_resources, cpu_count, NO_WINDOWS),
    REFUSED(windows_container_resources, cpu_maximum, NO_WINDOWS),
    REFUSED(windows_container_resources, memory_limit_in_bytes, NO_WINDOWS),
    REFUSED(windows_container_resources, rootfs_size_in_bytes, NO_WINDOWS),
    REFUSED(windows_container_resources, affinity_cpus, NO_WINDOWS),

    REFUSED(windows_cpu_group_affinity, cpu_mask, NO_WINDOWS),
    REFUSED(windows_cpu_group_affinity, cpu_group, NO_WINDOWS),

    HONOURED(container_metadata, name),
    HONOURED(container_metadata, attempt),

    HONOURED(device, container_path),
    HONOURED(device, host_path),
    HONOURED(device, permissions),

    HONOURED(cdidevice, name),

    HONOURED(container_config, metadata),
    HONOURED(container_config, image),
    HONOURED(container_config, command),
    HONOURED(container_config, args),
    HONOURED(container_config, working_dir),
    HONOURED(container_config, envs),
    HONOURED(container_config, mounts),
    HONOURED(container_config, devices),
    HONOURED(container_config, labels),
    HONOURED(container_config, annotations),
    HONOURED(container_config, log_path),
    HONOURED(container_config, stdin),
    HONOURED(container_config, stdin_once),
    HONOURED(container_config, tty),
    HONOURED(container_config, linux),
    REFUSED(container_config, windows, NO_WINDOWS),
    HONOURED(container_config, CDI_devices),
    HONOURED(container_config, stop_signal),

    HONOURED(create_container_request, pod_sandbox_id),
    HONOURED(create_container_request, config),
    HONOURED(create_container_request, sandbox_config),

    HONOURED(start_container_request, container_id),

    HONOURED(stop_container_request, container_id),
    HONOURED(stop_container_request, timeout),

    HONOURED(remove_container_request, container_id),

    HONOURED(container_state_value, state),

    HONOURED(container_filter, id),
    HONOURED(container_filter, state),
    HONOURED(container_filter, pod_sandbox_id),
    HONOURED(container_filter, label_selector),

    HONOURED(list_containers_request, filter),

    HONOURED(stream_containers_request, filter),

    HONOURED(container_status_request, container_id),
    HONOURED(container_status_request, verbose),

    HONOURED(update_container_resources_request, container_id),
    HONOURED(update_container_resources_request, linux),
    REFUSED(update_container_resources_request, windows, NO_WINDOWS),
    TRACED(update_container_resources_request, annotations, "docker takes no hints with an update"),

    HONOURED(exec_sync_request, container_id),
    HONOURED(exec_sync_request, cmd),
    HONOURED(exec_sync_request, timeout),

    HONOURED(image_filter, image),

    HONOURED(list_images_request, filter),

    HONOURED(stream_images_request, filter),

    HONOURED(image_status_request, image),
    HONOURED(image_status_request, verbose),

    HONOURED(auth_config, username),
    HONOURED(auth_config, password),
    HONOURED(auth_config, auth),
    HONOURED(auth_config, server_address),
    HONOURED(auth_config, identity_token),
    HONOURED(auth_config, registry_token),

    HONOURED(pull_image_request, image),
    HONOURED(pull_image_request, auth),
    TRACED(pull_image_request, sandbox_config, "docker pulls for the engine, not for a pod"),

    HONOURED(remove_image_request, image),

    TRACED(network_config, pod_cidr, "docker's networks keep their own addresses"),

    HONOURED(runtime_config, network_config),

    HONOURED(update_runtime_config_request, runtime_config),

    HONOURED(status_request, verbose),

    HONOURED(container_stats_request, container_id),

    HONOURED(container_stats_filter, id),
    HONOURED(container_stats_filter, pod_sandbox_id),
    HONOURED(container_stats_filter, label_selector),

    HONOURED(list_container_stats_request, filter),

    HONOURED(stream_container_stats_request, filter),

    HONOURED(update_pod_sandbox_resources_request, pod_sandbox_id),
    TRACED(update_pod_sandbox_resources_request, overhead, NO_POD_CGROUP),
    TRACED(update_pod_sandbox_resources_request, resources, NO_POD_CGROUP),
};
/* clang-format on */

const size_t field_row_count = sizeof(field_rows) / sizeof(field_rows[0]);

/* Where in the request a message is. */
struct field_step {
    const struct field_step *up; /* NULL for a field of the request itself */
    const char *field;
    bool repeated;
    size_t index;
};

/* A field that the walk must look at, and the row that says why. */
struct watch {
    const ProtobufCFieldDescriptor *field;
    const struct field_row *row;
};

struct field_walk {
    struct strv *ignored;
    struct err *err;
};

static const struct field_row *first_row(const ProtobufCMessageDescriptor *message)
{
    for (size_t i = 0; i < field_row_count; i++)
        if (field_rows[i].message == message)
            return &field_rows[i];
    return NULL;
}

/* The next row of the same message, or NULL. */
static const struct field_row *next_row(const struct field_row *row)
{
    const struct field_row *next = row + 1;

    return next < field_rows + field_row_count && next->message == row->message ? next : NULL;
}

const struct field_row *field_find(const ProtobufCMessageDescriptor *message, const char *field)
{
    for (const struct field_row *row = first_row(message); row != NULL; row = next_row(row))
        if (strcmp(row->field, field) == 0)
            return row;
    return NULL;
}

static const ProtobufCFieldDescriptor *descriptor_of(const struct field_row *row)
{
    return protobuf_c_message_descriptor_get_field_by_name(row->message, row->field);
}

/* Whether any field in or below a message is not simply honoured: else the walk passes it by, so
 * that a thousand environment variables cost nothing. The CRI's requests have no cycles. */
static bool watched(const ProtobufCMessageDescriptor *message)
{
    for (const struct field_row *row = first_row(message); row != NULL; row = next_row(row)) {
        const ProtobufCFieldDescriptor *field = descriptor_of(row);

        if (row->decision != FIELD_HONOURED)
            return true;
        if (field->type == PROTOBUF_C_TYPE_MESSAGE && watched(field->descriptor))
            return true;
    }
    return false;
}

/* Fills list with the fields of a message that the walk must look at; returns how many. */
static size_t watch_list(const ProtobufCMessageDescriptor *message, struct watch list[FIELDS_MAX])
{
    size_t count = 0;

    for (const struct field_row *row = first_row(message); row != NULL; row = next_row(row)) {
        const ProtobufCFieldDescriptor *field = descriptor_of(row);

        if (row->decision == FIELD_HONOURED &&
            (field->type != PROTOBUF_C_TYPE_MESSAGE || !watched(field->descriptor)))
            continue;
        if (count < FIELDS_MAX)
            list[count++] = (struct watch){ field, row };
    }
    return count;
}

static const void *submessage(const ProtobufCMessage *message, unsigned offset)
{
    return (const char *)message + offset;
}

static size_t element_count(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    return *(const size_t *)submessage(message, field->quantifier_offset);
}

static bool number_set(const void *number, ProtobufCType type)
{
    static const unsigned char zero[8];
    static const size_t sizes[] = {
        [PROTOBUF_C_TYPE_INT32] = 4,
        [PROTOBUF_C_TYPE_SINT32] = 4,
        [PROTOBUF_C_TYPE_SFIXED32] = 4,
        [PROTOBUF_C_TYPE_INT64] = 8,
        [PROTOBUF_C_TYPE_SINT64] = 8,
        [PROTOBUF_C_TYPE_SFIXED64] = 8,
        [PROTOBUF_C_TYPE_UINT32] = 4,
        [PROTOBUF_C_TYPE_FIXED32] = 4,
        [PROTOBUF_C_TYPE_UINT64] = 8,
        [PROTOBUF_C_TYPE_FIXED64] = 8,
        [PROTOBUF_C_TYPE_FLOAT] = sizeof(float),
        [PROTOBUF_C_TYPE_DOUBLE] = sizeof(double),
        [PROTOBUF_C_TYPE_BOOL] = sizeof(protobuf_c_boolean),
        [PROTOBUF_C_TYPE_ENUM] = sizeof(int),
    };

    return memcmp(number, zero, sizes[type]) != 0;
}

static bool field_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);

static bool message_set(const ProtobufCMessage *message)
{
    for (unsigned i = 0; i < message->descriptor->n_fields; i++)
        if (field_set(message, &message->descriptor->fields[i]))
            return true;
    return false;
}

/* No request of the CRI has a oneof or an explicitly optional field. */
static bool field_set(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
    const void *value = submessage(message, field->offset);

    if (field->label == PROTOBUF_C_LABEL_REPEATED)
        return element_count(message, field) > 0;
    if (field->type == PROTOBUF_C_TYPE_STRING) {
        const char *text = *(const char *const *)value;

        return text != NULL && *text != '\0';
    }
    if (field->type == PROTOBUF_C_TYPE_BYTES)
        return ((const ProtobufCBinaryData *)value)->len > 0;
    if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
        const ProtobufCMessage *below = *(const ProtobufCMessage *const *)value;

        return below != NULL && message_set(below);
    }
    return number_set(value, field->type);
}

static const char *path_of_field(struct arena *arena, const struct field_step *step)
{
    const char *above = step->up == NULL ? "" : path_of_field(arena, step->up);
    const char *dot = step->up == NULL ? "" : ".";

    if (step->repeated)
        return arena_printf(arena, "%s%s%s[%zu]", above, dot, step->field, step->index);
    return arena_printf(arena, "%s%s%s", above, dot, step->field);
}

static bool walk_list(const struct field_walk *walk, const ProtobufCMessage *message,
                      const struct watch *list, size_t count, const struct field_step *up);

/* Looks into a message field that is itself honoured. */
static bool walk_below(const struct field_walk *walk, const ProtobufCMessage *message,
                       const ProtobufCFieldDescriptor *field, const struct field_step *up)
{
    bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
    struct field_step step = { .up = up, .field = field->name, .repeated = repeated };
    const ProtobufCMessage *const *elements = submessage(message, field->offset);
    size_t count = repeated ? element_count(message, field) : *elements != NULL;
    struct watch list[FIELDS_MAX];
    size_t watches = 0;

    if (count == 0)
        return true;
    if (repeated)
        elements = *(const ProtobufCMessage *const *const *)submessage(message, field->offset);
    watches = watch_list(field->descriptor, list);
    for (step.index = 0; step.index < count; step.index++)
        if (!walk_list(walk, elements[step.index], list, watches, &step))
            return false;
    return true;
}

static bool walk_list(const struct field_walk *walk, const ProtobufCMessage *message,
                      const struct watch *list, size_t count, const struct field_step *up)
{
    for (size_t i = 0; i < count; i++) {
        const struct field_row *row = list[i].row;
        struct field_step step = { .up = up, .field = row->field };

        if (row->decision == FIELD_HONOURED) {
            if (!walk_below(walk, message, list[i].field, up))
                return false;
        } else if (field_set(message, list[i].field)) {
            const char *path = path_of_field(walk->ignored->arena, &step);

            if (row->decision == FIELD_REFUSED)
                return err_set(walk->err, GRPC_INVALID_ARGUMENT, "%s: %s", path, row->why);
            strv_push(walk->ignored, path);
        }
    }
    return true;
}

bool fields_check(const ProtobufCMessage *request, struct strv *ignored, struct err *err)
{
    const struct field_walk walk = { ignored, err };
    struct watch list[FIELDS_MAX];
    size_t watches = watch_list(request->descriptor, list);

    return walk_list(&walk, request, list, watches, NULL);
}
