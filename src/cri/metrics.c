/* SPDX-License-Identifier: Apache-2.0 */
/* This file has the table of metrics and makes them.
 * It must not know how the figures are read. */
#include "cri/metrics.h"

#include <stddef.h>
#include <string.h>

#include "base/text.h"

enum { SECOND_NS = 1000000000 };

/* Where the number is: at an offset of one of these. */
enum source { OF_USAGE, OF_INTERFACE, OF_DEVICE, OF_LAYER, OF_PROCESSES };

static const struct row {
    const char *name;
    const char *help;
    CRI(MetricType) type;
    enum source source;
    size_t offset;
    uint64_t divisor;      /* 0: as it is */
    const char *keys[2];   /* besides the base keys; NULL: none */
    const char *values[2]; /* theirs, where the source does not tell */
} rows[] = {
#define COUNTER          CRI_ENUM(METRIC_TYPE, COUNTER)
#define GAUGE            CRI_ENUM(METRIC_TYPE, GAUGE)
#define USAGE(field)     .source = OF_USAGE, .offset = offsetof(struct usage, field)
#define INTERFACE(field) .source = OF_INTERFACE, .offset = offsetof(struct netdev, field)
#define DEVICE(field)    .source = OF_DEVICE, .offset = offsetof(struct usage_device, field)
    { "container_cpu_usage_seconds_total", "Cpu time used, in seconds.", COUNTER, USAGE(cpu_ns),
      .divisor = SECOND_NS, .keys = { "cpu" }, .values = { "total" } },
    { "container_cpu_user_seconds_total", "Cpu time used in user mode, in seconds.", COUNTER,
      USAGE(cpu_user_ns), .divisor = SECOND_NS },
    { "container_cpu_system_seconds_total", "Cpu time used in the kernel, in seconds.", COUNTER,
      USAGE(cpu_system_ns), .divisor = SECOND_NS },
    { "container_cpu_cfs_periods_total", "Periods of the cpu quota that have passed.", COUNTER,
      USAGE(cfs_periods) },
    { "container_cpu_cfs_throttled_periods_total", "Periods in which the cpu quota was used up.",
      COUNTER, USAGE(cfs_throttled_periods) },
    { "container_cpu_cfs_throttled_seconds_total", "Time held back by the cpu quota, in seconds.",
      COUNTER, USAGE(cfs_throttled_ns), .divisor = SECOND_NS },
    { "container_memory_usage_bytes", "Memory in use, with the pages of files, in bytes.", GAUGE,
      USAGE(memory_usage_bytes) },
    { "container_memory_working_set_bytes",
      "Memory in use without the pages of files that were not used lately, in bytes.", GAUGE,
      USAGE(memory_working_set_bytes) },
    { "container_memory_rss", "Anonymous memory, in bytes.", GAUGE, USAGE(memory_rss_bytes) },
    { "container_memory_cache", "Pages of files and shared memory, in bytes.", GAUGE,
      USAGE(memory_cache_bytes) },
    { "container_memory_mapped_file", "Mapped files, in bytes.", GAUGE,
      USAGE(memory_mapped_file_bytes) },
    { "container_memory_kernel_usage", "Memory that the kernel holds for it, in bytes.", GAUGE,
      USAGE(memory_kernel_bytes) },
    { "container_memory_swap", "Swap in use, in bytes.", GAUGE, USAGE(swap_usage_bytes) },
    { "container_memory_max_usage_bytes", "The most memory that was in use, in bytes.", GAUGE,
      USAGE(memory_max_usage_bytes) },
    { "container_memory_failcnt", "How often memory was at its limit.", COUNTER,
      USAGE(memory_limit_hits) },
    { "container_memory_failures_total", "Page faults.", COUNTER, USAGE(memory_page_faults),
      .keys = { "failure_type", "scope" }, .values = { "pgfault", "hierarchy" } },
    { "container_memory_failures_total", "Page faults.", COUNTER, USAGE(memory_major_page_faults),
      .keys = { "failure_type", "scope" }, .values = { "pgmajfault", "hierarchy" } },
    { "container_oom_events_total", "Processes killed for want of memory.", COUNTER,
      USAGE(memory_oom_kills) },
    { "container_spec_memory_limit_bytes", "The memory limit, in bytes; 0: none.", GAUGE,
      USAGE(memory_limit_bytes) },
    { "container_processes", "Processes.", GAUGE, .source = OF_PROCESSES },
    { "container_threads", "Threads.", GAUGE, USAGE(tasks) },
    { "container_threads_max", "The limit of threads; 0: none.", GAUGE, USAGE(tasks_limit) },
    { "container_fs_usage_bytes", "The writable layer, in bytes.", GAUGE, .source = OF_LAYER,
      .keys = { "device" }, .values = { "" } },
    { "container_fs_reads_bytes_total", "Bytes read from a device.", COUNTER, DEVICE(read_bytes),
      .keys = { "device" } },
    { "container_fs_writes_bytes_total", "Bytes written to a device.", COUNTER, DEVICE(write_bytes),
      .keys = { "device" } },
    { "container_fs_reads_total", "Reads from a device.", COUNTER, DEVICE(read_operations),
      .keys = { "device" } },
    { "container_fs_writes_total", "Writes to a device.", COUNTER, DEVICE(write_operations),
      .keys = { "device" } },
    { "container_network_receive_bytes_total", "Bytes received.", COUNTER, INTERFACE(rx_bytes),
      .keys = { "interface" } },
    { "container_network_receive_packets_total", "Packets received.", COUNTER,
      INTERFACE(rx_packets), .keys = { "interface" } },
    { "container_network_receive_errors_total", "Errors in receiving.", COUNTER,
      INTERFACE(rx_errors), .keys = { "interface" } },
    { "container_network_receive_packets_dropped_total", "Packets dropped in receiving.", COUNTER,
      INTERFACE(rx_dropped), .keys = { "interface" } },
    { "container_network_transmit_bytes_total", "Bytes sent.", COUNTER, INTERFACE(tx_bytes),
      .keys = { "interface" } },
    { "container_network_transmit_packets_total", "Packets sent.", COUNTER, INTERFACE(tx_packets),
      .keys = { "interface" } },
    { "container_network_transmit_errors_total", "Errors in sending.", COUNTER,
      INTERFACE(tx_errors), .keys = { "interface" } },
    { "container_network_transmit_packets_dropped_total", "Packets dropped in sending.", COUNTER,
      INTERFACE(tx_dropped), .keys = { "interface" } },
};
enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

/* The labels that every metric has: cAdvisor's. */
enum { BASE = 6 };
static const char *const base_keys[BASE] = {
    "container", "id", "image", "name", "namespace", "pod"
};

static void base_values(struct arena *arena, const struct ps_row *row, const char *values[BASE])
{
    const struct name *name = &row->record.name;
    const char *const texts[BASE] = { name->container,         row->id,         row->image,
                                      name_print(arena, name), name->namespace, name->pod };

    memcpy(values, texts, sizeof(texts));
}

bool plan_list_metric_descriptors(const struct call *call, struct plan *plan, struct err *err)
{
    (void)call;
    (void)err;
    plan->answered = true;
    return true;
}

static CRI(MetricDescriptor) *metric_descriptor(struct arena *arena, const struct row *row)
{
    CRI(MetricDescriptor) *descriptor = arena_alloc(arena, sizeof(*descriptor));
    struct list keys;

    *descriptor = (CRI(MetricDescriptor))CRI_INIT(METRIC_DESCRIPTOR);
    descriptor->name = text_borrowed(row->name);
    descriptor->help = text_borrowed(row->help);
    list_init(&keys, arena);
    for (size_t i = 0; i < BASE; i++)
        list_push(&keys, text_borrowed(base_keys[i]));
    for (size_t i = 0; i < 2 && row->keys[i] != NULL; i++)
        list_push(&keys, text_borrowed(row->keys[i]));
    list_give(&keys, &descriptor->n_label_keys, &descriptor->label_keys);
    return descriptor;
}

void answer_list_metric_descriptors(const struct call *call, ProtobufCMessage *response)
{
    CRI(ListMetricDescriptorsResponse) *answer = (void *)response;
    struct list descriptors;

    list_init(&descriptors, call->arena);
    for (size_t i = 0; i < ROWS; i++)
        if (i == 0 || strcmp(rows[i].name, rows[i - 1].name) != 0)
            list_push(&descriptors, metric_descriptor(call->arena, &rows[i]));
    list_give(&descriptors, &answer->n_descriptors, &answer->descriptors);
}

struct making {
    struct list *metrics;
    const char *base[BASE];
    int64_t timestamp_ns;
};

static uint64_t number_at(const void *source, size_t offset)
{
    return *(const uint64_t *)(const void *)((const char *)source + offset);
}

/* label: the value of the row's first key where the source tells it. */
static void push_metric(const struct making *making, const struct row *row, const char *label,
                        uint64_t number)
{
    struct arena *arena = making->metrics->arena;
    CRI(Metric) *metric = NULL;
    struct list values;

    if (number == USAGE_UNKNOWN)
        return;
    metric = arena_alloc(arena, sizeof(*metric));
    *metric = (CRI(Metric))CRI_INIT(METRIC);
    metric->name = text_borrowed(row->name);
    metric->timestamp = making->timestamp_ns;
    metric->metric_type = row->type;
    metric->value = arena_alloc(arena, sizeof(*metric->value));
    *metric->value = (CRI(UInt64Value))CRI_INIT(UINT64_VALUE);
    metric->value->value = row->divisor == 0 ? number : number / row->divisor;
    list_init(&values, arena);
    for (size_t i = 0; i < BASE; i++)
        list_push(&values, text_borrowed(making->base[i]));
    for (size_t i = 0; i < 2 && row->keys[i] != NULL; i++)
        list_push(&values, text_borrowed(row->values[i] == NULL ? label : row->values[i]));
    list_give(&values, &metric->n_label_values, &metric->label_values);
    list_push(making->metrics, metric);
}

static void push_device_metrics(const struct making *making, const struct row *row,
                                const struct usage *usage)
{
    for (size_t i = 0; i < usage->device_count; i++) {
        const struct usage_device *device = &usage->devices[i];

        push_metric(making, row,
                    arena_printf(making->metrics->arena, "%u:%u", device->major, device->minor),
                    number_at(device, row->offset));
    }
}

static void push_interface_metrics(const struct making *making, const struct row *row,
                                   const struct netdevs *interfaces)
{
    for (size_t i = 0; interfaces != NULL && i < interfaces->count; i++) {
        const struct netdev *interface = &interfaces->items[i];

        push_metric(making, row, interface->name, number_at(interface, row->offset));
    }
}

void metrics_push(struct list *metrics, const struct ps_row *row, int64_t timestamp_ns,
                  const struct metric_source *source)
{
    struct making making = { .metrics = metrics, .timestamp_ns = timestamp_ns };

    base_values(metrics->arena, row, making.base);
    for (size_t i = 0; i < ROWS; i++) {
        switch (rows[i].source) {
        case OF_USAGE:
            push_metric(&making, &rows[i], "", number_at(source->usage, rows[i].offset));
            break;
        case OF_INTERFACE:
            push_interface_metrics(&making, &rows[i], source->interfaces);
            break;
        case OF_DEVICE:
            push_device_metrics(&making, &rows[i], source->usage);
            break;
        case OF_LAYER:
            if (source->layer_known)
                push_metric(&making, &rows[i], "", source->layer_bytes);
            break;
        case OF_PROCESSES:
            push_metric(&making, &rows[i], "", source->process_count);
            break;
        }
    }
}
