/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the RPCs that read containers, both ways.
 * It must not know how a command is run. */
#include <stdlib.h>
#include <string.h>

#include "base/cri.h"
#include "base/document.h"
#include "base/list.h"
#include "base/text.h"
#include "base/units.h"
#include "cri/container.h"
#include "cri/messages.h"
#include "cri/signals.h"
#include "docker/inspect.h"

/* --- ContainerStatus --- */

bool plan_container_status(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ContainerStatusRequest) *request = (const void *)call->request;

    return plan_inspect("container_id", request->container_id, plan, err);
}

static void fill_exit(struct arena *arena, const json_t *json, CRI(ContainerStatus) *status)
{
    status->state = CRI_ENUM(CONTAINER_STATE, CONTAINER_EXITED);
    status->exit_code = (int32_t)doc_number(json, "State.ExitCode");
    status->reason = text_borrowed("Error");
    if (doc_flag(json, "State.OOMKilled"))
        status->reason = text_borrowed("OOMKilled");
    else if (status->finished_at == 0)
        status->reason = text_borrowed("ContainerCannotRun");
    else if (status->exit_code == 0)
        status->reason = text_borrowed("Completed");
    if (status->finished_at == 0) { /* it never ran */
        status->started_at = status->created_at;
        status->finished_at = status->created_at;
    }
    status->message = arena_strdup(arena, doc_text(json, "State.Error"));
}

static void fill_state(struct arena *arena, const json_t *json, CRI(ContainerStatus) *status)
{
    status->created_at = units_time_ns(doc_text(json, "Created"));
    status->started_at = units_time_ns(doc_text(json, "State.StartedAt"));
    if (doc_flag(json, "State.Running")) {
        status->state = CRI_ENUM(CONTAINER_STATE, CONTAINER_RUNNING);
        return;
    }
    status->finished_at = units_time_ns(doc_text(json, "State.FinishedAt"));
    /* docker notes the end of a process that ends at once before it notes its start. */
    if (status->finished_at != 0 && status->finished_at < status->started_at)
        status->finished_at = status->started_at;
    if (status->finished_at != 0 || doc_number(json, "State.ExitCode") != 0)
        fill_exit(arena, json, status);
    else
        status->state = CRI_ENUM(CONTAINER_STATE, CONTAINER_CREATED);
}

/* The mount as docker was asked for it by --mount; NULL: it was not. */
static const json_t *asked_mount(const json_t *json, const char *target)
{
    const json_t *mounts = doc_path(json, "HostConfig.Mounts");

    for (size_t i = 0; i < json_array_size(mounts); i++)
        if (strcmp(doc_text(json_array_get(mounts, i), "Target"), target) == 0)
            return json_array_get(mounts, i);
    return NULL;
}

/* docker inspect has the image as it was asked for (Source of what was asked; Name from engine 28
 * on), not what it was then: what names it for ever is an id or a digest, as the kubelet asks. */
static CRI(ImageSpec) *mounted_image(struct arena *arena, const json_t *seen, const json_t *asked)
{
    CRI(ImageSpec) *image = arena_alloc(arena, sizeof(*image));
    const char *name = doc_text(asked, "Source");

    if (*name == '\0')
        name = doc_text(seen, "Name");
    if (*name == '\0' && *doc_text(seen, "Source") != '/')
        name = doc_text(seen, "Source");
    *image = (CRI(ImageSpec))CRI_INIT(IMAGE_SPEC);
    image->image = arena_strdup(arena, name);
    if (strstr(name, "sha256:") != NULL)
        image->image_ref = image->image;
    return image;
}

static CRI(Mount) *mount_of(struct arena *arena, const json_t *json, const json_t *seen)
{
    CRI(Mount) *mount = arena_alloc(arena, sizeof(*mount));
    const char *propagation = doc_text(seen, "Propagation");
    const json_t *asked = asked_mount(json, doc_text(seen, "Destination"));

    *mount = (CRI(Mount))CRI_INIT(MOUNT);
    mount->container_path = arena_strdup(arena, doc_text(seen, "Destination"));
    mount->readonly = !doc_flag(seen, "RW");
    if (strcmp(doc_text(seen, "Type"), "image") == 0) {
        mount->image = mounted_image(arena, seen, asked);
        mount->image_sub_path = arena_strdup(arena, doc_text(asked, "ImageOptions.Subpath"));
        return mount;
    }
    mount->host_path = arena_strdup(arena, doc_text(seen, "Source"));
    mount->selinux_relabel = strpbrk(doc_text(seen, "Mode"), "Zz") != NULL;
    mount->recursive_read_only = doc_flag(asked, "BindOptions.ReadOnlyForceRecursive");
    if (strcmp(propagation, "rslave") == 0 || strcmp(propagation, "slave") == 0)
        mount->propagation = CRI_ENUM(MOUNT_PROPAGATION, PROPAGATION_HOST_TO_CONTAINER);
    else if (strcmp(propagation, "rshared") == 0 || strcmp(propagation, "shared") == 0)
        mount->propagation = CRI_ENUM(MOUNT_PROPAGATION, PROPAGATION_BIDIRECTIONAL);
    return mount;
}

static void fill_mounts(struct arena *arena, const json_t *json, CRI(ContainerStatus) *status)
{
    const json_t *seen = doc_path(json, "Mounts");
    struct list mounts;

    list_init(&mounts, arena);
    for (size_t i = 0; i < json_array_size(seen); i++)
        list_push(&mounts, mount_of(arena, json, json_array_get(seen, i)));
    list_give(&mounts, &status->n_mounts, &status->mounts);
}

static CRI(ContainerResources) *resources_of(struct arena *arena, const json_t *json)
{
    CRI(ContainerResources) *resources = arena_alloc(arena, sizeof(*resources));
    CRI(LinuxContainerResources) *linux = arena_alloc(arena, sizeof(*linux));

    *resources = (CRI(ContainerResources))CRI_INIT(CONTAINER_RESOURCES);
    *linux = (CRI(LinuxContainerResources))CRI_INIT(LINUX_CONTAINER_RESOURCES);
    linux->cpu_period = doc_number(json, "HostConfig.CpuPeriod");
    linux->cpu_quota = doc_number(json, "HostConfig.CpuQuota");
    linux->cpu_shares = doc_number(json, "HostConfig.CpuShares");
    linux->memory_limit_in_bytes = doc_number(json, "HostConfig.Memory");
    linux->memory_swap_limit_in_bytes = doc_number(json, "HostConfig.MemorySwap");
    linux->oom_score_adj = doc_number(json, "HostConfig.OomScoreAdj");
    linux->cpuset_cpus = arena_strdup(arena, doc_text(json, "HostConfig.CpusetCpus"));
    linux->cpuset_mems = arena_strdup(arena, doc_text(json, "HostConfig.CpusetMems"));
    resources->linux = linux;
    return resources;
}

/* A number and nothing else. */
static bool read_id(const char *text, int64_t *id)
{
    size_t length = strspn(text, "0123456789");

    if (length == 0 || length > 10 || text[length] != '\0')
        return false;
    *id = strtoll(text, NULL, 10);
    return true;
}

static void fill_groups(struct arena *arena, const json_t *json, CRI(LinuxContainerUser) *user)
{
    const json_t *groups = doc_path(json, "HostConfig.GroupAdd");
    size_t count = json_array_size(groups);

    user->supplemental_groups = arena_array(arena, count, sizeof(int64_t));
    for (size_t i = 0; i < count; i++)
        if (read_id(doc_text_at(groups, i),
                    &user->supplemental_groups[user->n_supplemental_groups]))
            user->n_supplemental_groups++;
}

/* Known when docker was given numbers for both, or nothing at all, which is root. A name, or a
 * user without a group, is looked up in the image's files when the container starts. */
static CRI(ContainerUser) *user_of(struct arena *arena, const json_t *json)
{
    CRI(ContainerUser) *user = arena_alloc(arena, sizeof(*user));
    CRI(LinuxContainerUser) *linux = arena_alloc(arena, sizeof(*linux));
    const char *text = doc_text(json, "Config.User");
    size_t colon = strcspn(text, ":");

    *user = (CRI(ContainerUser))CRI_INIT(CONTAINER_USER);
    *linux = (CRI(LinuxContainerUser))CRI_INIT(LINUX_CONTAINER_USER);
    if (*text != '\0' &&
        (text[colon] == '\0' || !read_id(arena_strndup(arena, text, colon), &linux->uid) ||
         !read_id(text + colon + 1, &linux->gid)))
        return NULL;
    fill_groups(arena, json, linux);
    user->linux = linux;
    return user;
}

static CRI(ContainerStatus) *status_of(struct arena *arena, const struct inspected *container)
{
    CRI(ContainerStatus) *status = arena_alloc(arena, sizeof(*status));
    const json_t *json = container->json;

    *status = (CRI(ContainerStatus))CRI_INIT(CONTAINER_STATUS);
    status->id = arena_strdup(arena, doc_text(json, "Id"));
    status->metadata = container_metadata(arena, &container->record);
    fill_state(arena, json, status);
    status->image = container_image(arena, &container->record, doc_text(json, "Config.Image"));
    status->image_ref = arena_strdup(arena, doc_text(json, "Image"));
    status->image_id = status->image_ref;
    pairs_to_map(arena, &container->record.labels, CRI_DESCRIPTOR(container_status__labels_entry),
                 &status->n_labels, &status->labels);
    pairs_to_map(arena, &container->record.annotations,
                 CRI_DESCRIPTOR(container_status__annotations_entry), &status->n_annotations,
                 &status->annotations);
    fill_mounts(arena, json, status);
    status->log_path = text_borrowed(container->record.log_path);
    status->resources = resources_of(arena, json);
    status->user = user_of(arena, json);
    status->stop_signal = signal_from_docker(arena, doc_text(json, "Config.StopSignal"));
    return status;
}

bool parse_container_status(const struct call *call, const struct docker_result *result,
                            ProtobufCMessage *response, struct err *err)
{
    const CRI(ContainerStatusRequest) *request = (const void *)call->request;
    CRI(ContainerStatusResponse) *answer = (void *)response;
    struct inspected container;

    if (!parse_inspect(call, result, request->container_id, LABEL_TYPE_CONTAINER, &container, err))
        return false;
    answer->status = status_of(call->arena, &container);
    if (request->verbose) {
        struct pairs info = verbose_info(call, &container);

        pairs_to_map(call->arena, &info, CRI_DESCRIPTOR(container_status_response__info_entry),
                     &answer->n_info, &answer->info);
    }
    return true;
}
