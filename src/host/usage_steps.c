/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads what containers use and fills it into the CRI's statistics.
 * It must not know docker's output. */
#include "host/usage_steps.h"

#include <string.h>

#include "base/cri.h"
#include "base/list.h"
#include "cri/metrics.h"
#include "cri/usage_messages.h"
#include "host/cgroup.h"
#include "host/layer.h"
#include "host/netdev.h"

/* All that one reading of the host is for. */
struct reading {
    const struct call *call;
    struct arena *arena;
    const struct cgroups *cgroups;
    int64_t now_ns;
};

static void start(struct reading *reading, const struct call *call)
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
    CRI(FilesystemUsage) *layer = NULL;
    const char *path = NULL;
    uint64_t bytes = 0;
    uint64_t inodes = 0;

    if (!layer_find(reading->arena, settings->host_root, settings->docker_root, id, &path) ||
        !layer_usage(path, &bytes, &inodes))
        return NULL;
    layer = arena_alloc(reading->arena, sizeof(*layer));
    *layer = (CRI(FilesystemUsage))CRI_INIT(FILESYSTEM_USAGE);
    layer->timestamp = reading->now_ns;
    layer->fs_id = arena_alloc(reading->arena, sizeof(*layer->fs_id));
    *layer->fs_id = (CRI(FilesystemIdentifier))CRI_INIT(FILESYSTEM_IDENTIFIER);
    layer->fs_id->mountpoint = (char *)(uintptr_t)settings->docker_root;
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

static bool fill_container(const struct reading *reading, CRI(ContainerStats) *stats)
{
    struct usage usage;

    stats->writable_layer = layer_of(reading, stats->attributes->id);
    if (find_usage(reading, stats->attributes->id, &usage) == NULL)
        return false;
    stats->cpu = cpu_usage(reading->arena, reading->now_ns, &usage);
    stats->memory = memory_usage(reading->arena, reading->now_ns, &usage);
    stats->swap = swap_usage(reading->arena, reading->now_ns, &usage);
    stats->io = io_usage(reading->arena, reading->now_ns, &usage);
    return true;
}

/* Fills each, and drops those that are gone. */
static size_t fill_containers(const struct reading *reading, size_t count,
                              CRI(ContainerStats) **stats)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (fill_container(reading, stats[i]))
            stats[kept++] = stats[i];
    return kept;
}

bool host_container_stats(const struct call *call, ProtobufCMessage *response, struct err *err)
{
    CRI(ContainerStatsResponse) *answer = (void *)response;
    struct reading reading;

    (void)err;
    start(&reading, call);
    fill_container(&reading, answer->stats);
    return true;
}

bool host_list_container_stats(const struct call *call, ProtobufCMessage *response, struct err *err)
{
    CRI(ListContainerStatsResponse) *answer = (void *)response;
    struct reading reading;

    (void)err;
    start(&reading, call);
    answer->n_stats = fill_containers(&reading, answer->n_stats, answer->stats);
    return true;
}

bool host_stream_container_stats(const struct call *call, ProtobufCMessage *response,
                                 struct err *err)
{
    CRI(StreamContainerStatsResponse) *answer = (void *)response;
    struct reading reading;

    (void)err;
    start(&reading, call);
    answer->n_container_stats =
        fill_containers(&reading, answer->n_container_stats, answer->container_stats);
    call->host->nothing = answer->n_container_stats == 0;
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

/* The cgroup that the kubelet made for the pod. docker's own parents are every container's. */
static const char *pod_cgroup(const struct reading *reading, const char *sandbox_path)
{
    const char *parent = cgroup_parent(reading->arena, sandbox_path);

    if (parent == NULL || strcmp(parent, "docker") == 0 || strcmp(parent, "system.slice") == 0)
        return NULL;
    return parent;
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

static void fill_sum(const struct reading *reading, const CRI(PodSandboxStats) *pod,
                     const struct usage *sandbox, struct usage *sum)
{
    const CRI(LinuxPodSandboxStats) *linux = pod->linux;

    *sum = *sandbox;
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

static bool fill_pod(const struct reading *reading, CRI(PodSandboxStats) *pod)
{
    CRI(LinuxPodSandboxStats) *linux = pod->linux;
    struct netdevs interfaces;
    struct usage sandbox;
    struct usage usage;
    const char *path = find_usage(reading, pod->attributes->id, &sandbox);
    size_t processes = 0;

    if (path == NULL)
        return false;
    linux->n_containers = fill_containers(reading, linux->n_containers, linux->containers);
    if (pod_cgroup(reading, path) == NULL ||
        !usage_read(reading->cgroups, pod_cgroup(reading, path), &usage))
        fill_sum(reading, pod, &sandbox, &usage);
    processes = processes_of(reading, pod->attributes->id);
    for (size_t i = 0; i < linux->n_containers; i++)
        processes += processes_of(reading, linux->containers[i]->attributes->id);
    linux->cpu = cpu_usage(reading->arena, reading->now_ns, &usage);
    linux->memory = memory_usage(reading->arena, reading->now_ns, &usage);
    linux->io = io_usage(reading->arena, reading->now_ns, &usage);
    if (read_interfaces(reading, path, &interfaces))
        linux->network = network_usage(reading->arena, reading->now_ns, &interfaces);
    linux->process = arena_alloc(reading->arena, sizeof(*linux->process));
    *linux->process = (CRI(ProcessUsage))CRI_INIT(PROCESS_USAGE);
    linux->process->timestamp = reading->now_ns;
    linux->process->process_count = uint64_value(reading->arena, processes);
    return true;
}

static size_t fill_pods(const struct reading *reading, size_t count, CRI(PodSandboxStats) **pods)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (fill_pod(reading, pods[i]))
            pods[kept++] = pods[i];
    return kept;
}

bool host_pod_sandbox_stats(const struct call *call, ProtobufCMessage *response, struct err *err)
{
    CRI(PodSandboxStatsResponse) *answer = (void *)response;
    struct reading reading;

    (void)err;
    start(&reading, call);
    fill_pod(&reading, answer->stats);
    return true;
}

bool host_list_pod_sandbox_stats(const struct call *call, ProtobufCMessage *response,
                                 struct err *err)
{
    CRI(ListPodSandboxStatsResponse) *answer = (void *)response;
    struct reading reading;

    (void)err;
    start(&reading, call);
    answer->n_stats = fill_pods(&reading, answer->n_stats, answer->stats);
    return true;
}

bool host_stream_pod_sandbox_stats(const struct call *call, ProtobufCMessage *response,
                                   struct err *err)
{
    CRI(StreamPodSandboxStatsResponse) *answer = (void *)response;
    struct reading reading;

    (void)err;
    start(&reading, call);
    answer->n_pod_sandbox_stats =
        fill_pods(&reading, answer->n_pod_sandbox_stats, answer->pod_sandbox_stats);
    call->host->nothing = answer->n_pod_sandbox_stats == 0;
    return true;
}

/* --- metrics --- */

/* In place of the labels that parse has left there. */
static bool fill_metrics(const struct reading *reading, const char *id,
                         const struct netdevs *interfaces, size_t *count, CRI(Metric) ***metrics)
{
    const CRI(Metric) *labels = (*metrics)[0];
    const CRI(FilesystemUsage) *layer = layer_of(reading, id);
    struct metric_source source = { .process_count = processes_of(reading, id),
                                    .layer_known = layer != NULL,
                                    .layer_bytes = layer == NULL ? 0 : layer->used_bytes->value,
                                    .interfaces = interfaces };
    struct usage usage;
    struct list list;

    list_init(&list, reading->arena);
    if (find_usage(reading, id, &usage) != NULL) {
        source.usage = &usage;
        metrics_push(&list, labels, reading->now_ns, &source);
    }
    list_give(&list, count, metrics);
    return list.count > 0;
}

static bool fill_pod_metrics(const struct reading *reading, CRI(PodSandboxMetrics) *pod)
{
    const char *path = cgroups_find(reading->cgroups, pod->pod_sandbox_id);
    struct netdevs interfaces;
    bool own_network = path != NULL && read_interfaces(reading, path, &interfaces);
    size_t kept = 0;

    for (size_t i = 0; i < pod->n_container_metrics; i++) {
        CRI(ContainerMetrics) *container = pod->container_metrics[i];

        if (fill_metrics(reading, container->container_id, NULL, &container->n_metrics,
                         &container->metrics))
            pod->container_metrics[kept++] = container;
    }
    pod->n_container_metrics = kept;
    return fill_metrics(reading, pod->pod_sandbox_id, own_network ? &interfaces : NULL,
                        &pod->n_metrics, &pod->metrics);
}

static size_t fill_pods_metrics(const struct reading *reading, size_t count,
                                CRI(PodSandboxMetrics) **pods)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (fill_pod_metrics(reading, pods[i]))
            pods[kept++] = pods[i];
    return kept;
}

bool host_list_pod_sandbox_metrics(const struct call *call, ProtobufCMessage *response,
                                   struct err *err)
{
    CRI(ListPodSandboxMetricsResponse) *answer = (void *)response;
    struct reading reading;

    (void)err;
    start(&reading, call);
    answer->n_pod_metrics = fill_pods_metrics(&reading, answer->n_pod_metrics, answer->pod_metrics);
    return true;
}

bool host_stream_pod_sandbox_metrics(const struct call *call, ProtobufCMessage *response,
                                     struct err *err)
{
    CRI(StreamPodSandboxMetricsResponse) *answer = (void *)response;
    struct reading reading;

    (void)err;
    start(&reading, call);
    answer->n_pod_sandbox_metrics =
        fill_pods_metrics(&reading, answer->n_pod_sandbox_metrics, answer->pod_sandbox_metrics);
    call->host->nothing = answer->n_pod_sandbox_metrics == 0;
    return true;
}
