/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads what containers use and fills it into the CRI's statistics.
 * It must not know docker's output. */
#include "host/usage_steps.h"

#include <sys/statvfs.h>

#include "base/cri.h"
#include "base/list.h"
#include "base/text.h"
#include "cri/metrics.h"
#include "cri/pods.h"
#include "cri/usage_messages.h"
#include "host/cgroup.h"
#include "host/layer.h"
#include "host/netdev.h"
#include "host/pod_cgroup.h"

/* All that one reading of the host is for. */
struct reading {
    const struct call *call;
    struct arena *arena;
    const struct cgroups *cgroups;
    int64_t now_ns;
};

/* Fills what one message is to say of a container or a pod; at is its place in the response. False
 * when that is gone. */
typedef bool fill(const struct reading *reading, size_t at, void *message);

/* Fills each, and drops those that are gone. */
static size_t fill_each(const struct reading *reading, fill *filler, size_t count, void *messages)
{
    void **items = messages;
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (filler(reading, i, items[i]))
            items[kept++] = items[i];
    return kept;
}

static void start_reading(struct reading *reading, const struct call *call)
{
    *reading = (struct reading){ .call = call,
                                 .arena = call->arena,
                                 .now_ns = call->surroundings->now_ns };
    if (call->host->state == NULL) { /* one walk serves all the messages of a stream */
        struct cgroups *cgroups = arena_alloc(call->host->arena, sizeof(*cgroups));

        cgroups_open(cgroups, call->host->arena, call->settings->host_root);
        call->host->state = cgroups;
    }
    reading->cgroups = call->host->state;
}

static CRI(FilesystemUsage) *layer_of(const struct reading *reading, const char *id)
{
    const struct settings *settings = reading->call->settings;
    const struct statvfs *system = reading->call->surroundings->filesystem;
    CRI(FilesystemUsage) *layer = NULL;
    const char *path = NULL;
    uint64_t bytes = 0;
    uint64_t inodes = 0;

    if (!layer_find(reading->arena, settings->host_root, settings->docker_root, id, &path) ||
        !layer_usage(path, system == NULL ? 0 : system->f_frsize, &bytes, &inodes))
        return NULL;
    layer = arena_alloc(reading->arena, sizeof(*layer));
    *layer = (CRI(FilesystemUsage))CRI_INIT(FILESYSTEM_USAGE);
    layer->timestamp = reading->now_ns;
    layer->fs_id = arena_alloc(reading->arena, sizeof(*layer->fs_id));
    *layer->fs_id = (CRI(FilesystemIdentifier))CRI_INIT(FILESYSTEM_IDENTIFIER);
    layer->fs_id->mountpoint = text_borrowed(settings->docker_root);
    layer->used_bytes = uint64_value(reading->arena, bytes);
    layer->inodes_used = uint64_value(reading->arena, inodes);
    return layer;
}

/* --- containers --- */

/* The cgroup of a container and what it says. */
static const char *find_usage(const struct reading *reading, const char *id, struct usage *usage)
{
    const char *path = cgroups_find(reading->cgroups, id);

    return path != NULL && usage_read(reading->cgroups, path, usage) ? path : NULL;
}

static bool fill_container(const struct reading *reading, size_t at, void *message)
{
    CRI(ContainerStats) *stats = message;
    struct usage usage;

    (void)at;
    stats->writable_layer = layer_of(reading, stats->attributes->id);
    if (find_usage(reading, stats->attributes->id, &usage) == NULL)
        return false;
    stats->cpu = cpu_usage(reading->arena, reading->now_ns, &usage);
    stats->memory = memory_usage(reading->arena, reading->now_ns, &usage);
    stats->swap = swap_usage(reading->arena, reading->now_ns, &usage);
    stats->io = io_usage(reading->arena, reading->now_ns, &usage);
    return true;
}

/* --- pods --- */

static uint64_t plus(uint64_t one, uint64_t other)
{
    return one == USAGE_UNKNOWN ? other : other == USAGE_UNKNOWN ? one : one + other;
}

/* What a pod's containers use together, of the figures that the CRI has for a pod. */
static void add_usage(struct usage *sum, const struct usage *usage)
{
    sum->cpu_ns = plus(sum->cpu_ns, usage->cpu_ns);
    sum->memory_working_set_bytes =
        plus(sum->memory_working_set_bytes, usage->memory_working_set_bytes);
    sum->memory_usage_bytes = plus(sum->memory_usage_bytes, usage->memory_usage_bytes);
    sum->memory_rss_bytes = plus(sum->memory_rss_bytes, usage->memory_rss_bytes);
    sum->memory_page_faults = plus(sum->memory_page_faults, usage->memory_page_faults);
    sum->memory_major_page_faults =
        plus(sum->memory_major_page_faults, usage->memory_major_page_faults);
}

static size_t processes_of(const struct reading *reading, const char *id)
{
    const char *path = cgroups_find(reading->cgroups, id);

    return path == NULL ? 0 : cgroup_process_count(reading->cgroups, path);
}

/* Where the pod's own cgroup is, by what docker lists of it. */
static const char *own_cgroup(const struct reading *reading, const struct pod *pod,
                              const char *sandbox_path)
{
    const char **members = arena_array(reading->arena, pod->members.count + 1, sizeof(*members));
    const struct pod_place place = { .sandbox = sandbox_path,
                                     .own_cgroup = pod->own_cgroup,
                                     .recorded = pod->sandbox.record.exact,
                                     .members = members,
                                     .member_count = pod->members.count };

    for (size_t i = 0; i < pod->members.count; i++)
        members[i] = ((const struct ps_row *)pod->members.items[i])->id;
    return pod_cgroup(reading->cgroups, reading->arena, &place);
}

/* The pod's network, by a process of its sandbox; false where that is the host's. */
static bool read_interfaces(const struct reading *reading, const char *sandbox_path,
                            struct netdevs *interfaces)
{
    const char *root = reading->call->settings->host_root;
    long pid = cgroup_first_pid(reading->cgroups, sandbox_path);

    return pid > 0 && !netdev_is_hosts(root, pid) &&
           netdev_read(reading->arena, root, pid, interfaces);
}

static void add_containers(const struct reading *reading, const CRI(LinuxPodSandboxStats) *linux,
                           struct usage *sum)
{
    sum->memory_available_bytes = USAGE_UNKNOWN; /* of the sandbox alone */
    sum->cpu_psi.known = false;
    sum->memory_psi.known = false;
    sum->io_psi.known = false;
    for (size_t i = 0; i < linux->n_containers; i++) {
        struct usage usage;

        if (find_usage(reading, linux->containers[i]->attributes->id, &usage) != NULL)
            add_usage(sum, &usage);
    }
}

static CRI(ProcessUsage) *process_usage(const struct reading *reading, const char *sandbox_id,
                                        const CRI(LinuxPodSandboxStats) *linux)
{
    CRI(ProcessUsage) *process = arena_alloc(reading->arena, sizeof(*process));
    size_t count = processes_of(reading, sandbox_id);

    for (size_t i = 0; i < linux->n_containers; i++)
        count += processes_of(reading, linux->containers[i]->attributes->id);
    *process = (CRI(ProcessUsage))CRI_INIT(PROCESS_USAGE);
    process->timestamp = reading->now_ns;
    process->process_count = uint64_value(reading->arena, count);
    return process;
}

static bool fill_pod(const struct reading *reading, size_t at, void *message)
{
    const CRI(PodSandboxStats) *stats = message;
    CRI(LinuxPodSandboxStats) *linux = stats->linux;
    struct netdevs interfaces;
    struct usage usage;
    const char *path = find_usage(reading, stats->attributes->id, &usage);
    const char *own = NULL;

    if (path == NULL)
        return false;
    linux->n_containers =
        fill_each(reading, fill_container, linux->n_containers, linux->containers);
    own = own_cgroup(reading, reading->call->host->pods[at], path);
    if (own == NULL || !usage_read(reading->cgroups, own, &usage))
        add_containers(reading, linux, &usage);
    linux->cpu = cpu_usage(reading->arena, reading->now_ns, &usage);
    linux->memory = memory_usage(reading->arena, reading->now_ns, &usage);
    linux->io = io_usage(reading->arena, reading->now_ns, &usage);
    if (read_interfaces(reading, path, &interfaces))
        linux->network = network_usage(reading->arena, reading->now_ns, &interfaces);
    linux->process = process_usage(reading, stats->attributes->id, linux);
    return true;
}

/* --- metrics --- */

static bool fill_metrics(const struct reading *reading, const struct ps_row *row,
                         const struct netdevs *interfaces, size_t *count, CRI(Metric) ***metrics)
{
    const CRI(FilesystemUsage) *layer = layer_of(reading, row->id);
    struct metric_source source = { .process_count = processes_of(reading, row->id),
                                    .layer_known = layer != NULL,
                                    .layer_bytes = layer == NULL ? 0 : layer->used_bytes->value,
                                    .interfaces = interfaces };
    struct usage usage;
    struct list list;

    if (find_usage(reading, row->id, &usage) == NULL)
        return false;
    list_init(&list, reading->arena);
    source.usage = &usage;
    metrics_push(&list, row, reading->now_ns, &source);
    list_give(&list, count, metrics);
    return true;
}

static bool fill_pod_metrics(const struct reading *reading, size_t at, void *message)
{
    CRI(PodSandboxMetrics) *stats = message;
    const struct pod *pod = reading->call->host->pods[at];
    const char *path = cgroups_find(reading->cgroups, pod->sandbox.id);
    struct netdevs interfaces;
    bool own_network = path != NULL && read_interfaces(reading, path, &interfaces);
    size_t kept = 0;

    for (size_t i = 0; i < stats->n_container_metrics; i++) {
        CRI(ContainerMetrics) *one = stats->container_metrics[i];

        if (fill_metrics(reading, pod->members.items[i], NULL, &one->n_metrics, &one->metrics))
            stats->container_metrics[kept++] = one;
    }
    stats->n_container_metrics = kept;
    return fill_metrics(reading, &pod->sandbox, own_network ? &interfaces : NULL, &stats->n_metrics,
                        &stats->metrics);
}

/* --- any of them --- */

static fill *filler_of(const ProtobufCMessageDescriptor *type)
{
    if (type == CRI_DESCRIPTOR(container_stats))
        return fill_container;
    return type == CRI_DESCRIPTOR(pod_sandbox_stats) ? fill_pod : fill_pod_metrics;
}

/* Each of these responses has one field: a message, or any number of them. */
bool host_usage(const struct call *call, ProtobufCMessage *response, struct err *err)
{
    const ProtobufCFieldDescriptor *field = &response->descriptor->fields[0];
    void *messages = (char *)response + field->offset;
    struct reading reading;

    (void)err;
    start_reading(&reading, call);
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t *count = (void *)((char *)response + field->quantifier_offset);

        *count = fill_each(&reading, filler_of(field->descriptor), *count, *(void **)messages);
        call->host->nothing = *count == 0;
    } else {
        filler_of(field->descriptor)(&reading, 0, *(void **)messages);
    }
    return true;
}
