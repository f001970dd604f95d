/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads what a cgroup has used.
 * It must not know docker or the CRI. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "host/cgroup.h"

enum { FILE_MAX = 256 * 1024 };

/* "No limit" on version 1 is the largest number of whole pages, which differs by their size. */
static const uint64_t limit_max = UINT64_C(1) << 62;

/* cpuacct.stat counts ticks of USER_HZ, 100 a second wherever docker runs. It, not the finer
 * cpuacct.usage_user, agrees with cpuacct.usage. */
enum { NS_PER_TICK = 10 * 1000 * 1000, NS_PER_US = 1000 };

/* One number of a file: the whole of it, or what stands after key at the start of a line. */
struct row {
    enum cgroup_controller controller;
    const char *file;
    const char *key; /* NULL: the whole file */
    size_t offset;   /* of the uint64_t in struct usage */
    uint64_t unit;   /* 0: 1 */
};

#define AT(member) offsetof(struct usage, member)

/* The rows of one file stand together: it is read once. */
static const struct row rows_v1[] = {
    { CGROUP_CPUACCT, "cpuacct.usage", NULL, AT(cpu_ns), 0 },
    { CGROUP_CPUACCT, "cpuacct.stat", "user", AT(cpu_user_ns), NS_PER_TICK },
    { CGROUP_CPUACCT, "cpuacct.stat", "system", AT(cpu_system_ns), NS_PER_TICK },
    { CGROUP_CPU, "cpu.stat", "nr_periods", AT(cfs_periods), 0 },
    { CGROUP_CPU, "cpu.stat", "nr_throttled", AT(cfs_throttled_periods), 0 },
    { CGROUP_CPU, "cpu.stat", "throttled_time", AT(cfs_throttled_ns), 0 },
    { CGROUP_MEMORY, "memory.usage_in_bytes", NULL, AT(memory_usage_bytes), 0 },
    { CGROUP_MEMORY, "memory.max_usage_in_bytes", NULL, AT(memory_max_usage_bytes), 0 },
    { CGROUP_MEMORY, "memory.limit_in_bytes", NULL, AT(memory_limit_bytes), 0 },
    { CGROUP_MEMORY, "memory.memsw.limit_in_bytes", NULL, AT(swap_limit_bytes), 0 },
    { CGROUP_MEMORY, "memory.failcnt", NULL, AT(memory_limit_hits), 0 },
    { CGROUP_MEMORY, "memory.oom_control", "oom_kill", AT(memory_oom_kills), 0 },
    { CGROUP_MEMORY, "memory.kmem.usage_in_bytes", NULL, AT(memory_kernel_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "total_rss", AT(memory_rss_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "total_cache", AT(memory_cache_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "total_mapped_file", AT(memory_mapped_file_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "total_inactive_file", AT(memory_inactive_file_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "total_pgfault", AT(memory_page_faults), 0 },
    { CGROUP_MEMORY, "memory.stat", "total_pgmajfault", AT(memory_major_page_faults), 0 },
    { CGROUP_MEMORY, "memory.stat", "total_swap", AT(swap_usage_bytes), 0 },
    { CGROUP_PIDS, "pids.current", NULL, AT(tasks), 0 },
    { CGROUP_PIDS, "pids.max", NULL, AT(tasks_limit), 0 },
};

static const struct row rows_v2[] = {
    { CGROUP_CPU, "cpu.stat", "usage_usec", AT(cpu_ns), NS_PER_US },
    { CGROUP_CPU, "cpu.stat", "user_usec", AT(cpu_user_ns), NS_PER_US },
    { CGROUP_CPU, "cpu.stat", "system_usec", AT(cpu_system_ns), NS_PER_US },
    { CGROUP_CPU, "cpu.stat", "nr_periods", AT(cfs_periods), 0 },
    { CGROUP_CPU, "cpu.stat", "nr_throttled", AT(cfs_throttled_periods), 0 },
    { CGROUP_CPU, "cpu.stat", "throttled_usec", AT(cfs_throttled_ns), NS_PER_US },
    { CGROUP_MEMORY, "memory.current", NULL, AT(memory_usage_bytes), 0 },
    { CGROUP_MEMORY, "memory.peak", NULL, AT(memory_max_usage_bytes), 0 },
    { CGROUP_MEMORY, "memory.max", NULL, AT(memory_limit_bytes), 0 },
    { CGROUP_MEMORY, "memory.swap.current", NULL, AT(swap_usage_bytes), 0 },
    { CGROUP_MEMORY, "memory.swap.max", NULL, AT(swap_limit_bytes), 0 },
    { CGROUP_MEMORY, "memory.events", "max", AT(memory_limit_hits), 0 },
    { CGROUP_MEMORY, "memory.events", "oom_kill", AT(memory_oom_kills), 0 },
    { CGROUP_MEMORY, "memory.stat", "anon", AT(memory_rss_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "file", AT(memory_cache_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "kernel", AT(memory_kernel_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "file_mapped", AT(memory_mapped_file_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "inactive_file", AT(memory_inactive_file_bytes), 0 },
    { CGROUP_MEMORY, "memory.stat", "pgfault", AT(memory_page_faults), 0 },
    { CGROUP_MEMORY, "memory.stat", "pgmajfault", AT(memory_major_page_faults), 0 },
    { CGROUP_PIDS, "pids.current", NULL, AT(tasks), 0 },
    { CGROUP_PIDS, "pids.max", NULL, AT(tasks_limit), 0 },
};

struct reader {
    const struct cgroups *cgroups;
    const char *path;
    struct buf content;
};

static bool read_file(struct reader *reader, enum cgroup_controller controller, const char *file)
{
    return cgroup_read(reader->cgroups, controller, reader->path, file, &reader->content);
}

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

/* Unknown for "max", and for whatever is no number. */
static uint64_t number(const char *text)
{
    char *end = NULL;
    unsigned long long value = 0;

    if (text == NULL || !is_digit(*text))
        return USAGE_UNKNOWN;
    value = strtoull(text, &end, 10); /* ULLONG_MAX, which is unknown, for more than it can hold */
    return strchr(" \n", *end) == NULL ? USAGE_UNKNOWN : value;
}

static uint64_t times(uint64_t value, uint64_t unit)
{
    uint64_t product = 0;

    if (value == USAGE_UNKNOWN || unit == 0)
        return value;
    return __builtin_mul_overflow(value, unit, &product) ? USAGE_UNKNOWN : product;
}

static const char *next_line(const char *line)
{
    const char *end = strchr(line, '\n');

    return end == NULL ? line + strlen(line) : end + 1;
}

/* What stands after "KEY " at the start of a line; NULL if there is none. */
static const char *after_key(const char *text, const char *key)
{
    size_t length = strlen(key);

    for (; *text != '\0'; text = next_line(text))
        if (strncmp(text, key, length) == 0 && text[length] == ' ')
            return text + length + 1;
    return NULL;
}

/* What stands after prefix at the start of a word of the line; NULL if there is none. */
static const char *in_line(const char *line, const char *prefix)
{
    size_t length = strlen(prefix);

    while (*line != '\0' && *line != '\n') {
        if (strncmp(line, prefix, length) == 0)
            return line + length;
        line += strcspn(line, " \n");
        line += *line == ' ';
    }
    return NULL;
}

static void read_rows(struct reader *reader, const struct row *rows, size_t count,
                      struct usage *usage)
{
    const char *file = "";
    bool there = false;

    for (size_t i = 0; i < count; i++) {
        const struct row *row = &rows[i];
        uint64_t *value = (void *)((char *)usage + row->offset);

        if (strcmp(row->file, file) != 0)
            there = read_file(reader, row->controller, row->file);
        file = row->file;
        *value = USAGE_UNKNOWN;
        if (there) {
            const char *text = reader->content.data;

            *value = times(number(row->key == NULL ? text : after_key(text, row->key)), row->unit);
        }
    }
}

static double percent(const char *text)
{
    double value = text == NULL || !is_digit(*text) ? 0 : strtod(text, NULL);

    return isfinite(value) ? value : 0;
}

static bool parse_psi(const char *line, struct psi_time *time)
{
    uint64_t total = line == NULL ? USAGE_UNKNOWN : number(in_line(line, "total="));

    if (total == USAGE_UNKNOWN)
        return false;
    *time = (struct psi_time){
        .total_us = total,
        .avg10_percent = percent(in_line(line, "avg10=")),
        .avg60_percent = percent(in_line(line, "avg60=")),
        .avg300_percent = percent(in_line(line, "avg300=")),
    };
    return true;
}

static void read_psi(struct reader *reader, const char *file, struct psi *psi)
{
    if (!read_file(reader, CGROUP_MEMORY, file))
        return;
    psi->known = parse_psi(after_key(reader->content.data, "some"), &psi->some);
    if (psi->known)
        parse_psi(after_key(reader->content.data, "full"), &psi->full);
}

/* The device that a line starts with ("8:0 "); rest is what follows. NULL when it is none, or one
 * more than there is room for. */
static struct usage_device *device_of(struct usage *usage, const char *line, const char **rest)
{
    char *end = NULL;
    struct usage_device device = { .major = (unsigned)strtoul(line, &end, 10) };

    if (!is_digit(*line) || *end != ':' || !is_digit(end[1]))
        return NULL;
    device.minor = (unsigned)strtoul(end + 1, &end, 10);
    if (*end != ' ')
        return NULL;
    *rest = end + 1;
    for (size_t i = 0; i < usage->device_count; i++)
        if (usage->devices[i].major == device.major && usage->devices[i].minor == device.minor)
            return &usage->devices[i];
    if (usage->device_count == USAGE_DEVICES)
        return NULL;
    usage->devices[usage->device_count] = device;
    return &usage->devices[usage->device_count++];
}

static void set_counter(const char *line, const char *prefix, uint64_t *counter)
{
    uint64_t value = number(in_line(line, prefix));

    if (value != USAGE_UNKNOWN)
        *counter = value;
}

static void read_io_v2(struct reader *reader, struct usage *usage)
{
    usage->io_known = read_file(reader, CGROUP_BLKIO, "io.stat");
    if (!usage->io_known)
        return;
    for (const char *line = reader->content.data; *line != '\0'; line = next_line(line)) {
        const char *rest = NULL;
        struct usage_device *device = device_of(usage, line, &rest);

        if (device == NULL)
            continue;
        set_counter(rest, "rbytes=", &device->read_bytes);
        set_counter(rest, "wbytes=", &device->write_bytes);
        set_counter(rest, "rios=", &device->read_operations);
        set_counter(rest, "wios=", &device->write_operations);
    }
}

/* One line for each device and direction: "8:0 Read 4096". */
static void parse_blkio(const char *text, bool bytes, struct usage *usage)
{
    for (; *text != '\0'; text = next_line(text)) {
        const char *rest = NULL;
        struct usage_device *device = device_of(usage, text, &rest);

        if (device == NULL)
            continue;
        if (strncmp(rest, "Read ", 5) == 0)
            set_counter(rest + 5, "", bytes ? &device->read_bytes : &device->read_operations);
        else if (strncmp(rest, "Write ", 6) == 0)
            set_counter(rest + 6, "", bytes ? &device->write_bytes : &device->write_operations);
    }
}

/* The recursive files are there since Linux 5.0. */
static void read_io_v1(struct reader *reader, struct usage *usage)
{
    if (read_file(reader, CGROUP_BLKIO, "blkio.throttle.io_service_bytes_recursive") ||
        read_file(reader, CGROUP_BLKIO, "blkio.throttle.io_service_bytes")) {
        usage->io_known = true;
        parse_blkio(reader->content.data, true, usage);
    }
    if (read_file(reader, CGROUP_BLKIO, "blkio.throttle.io_serviced_recursive") ||
        read_file(reader, CGROUP_BLKIO, "blkio.throttle.io_serviced"))
        parse_blkio(reader->content.data, false, usage);
}

static uint64_t less(uint64_t from, uint64_t what)
{
    return what >= from ? 0 : from - what;
}

static uint64_t limit(uint64_t value)
{
    return value >= limit_max ? 0 : value;
}

static void derive_swap(bool unified, struct usage *usage)
{
    uint64_t most = usage->swap_limit_bytes;

    if (!unified) /* memory and swap together, and without a limit on memory there is none on swap
                   */
        most = most >= limit_max || usage->memory_limit_bytes == 0
                   ? USAGE_UNKNOWN
                   : less(most, usage->memory_limit_bytes);
    usage->swap_limit_bytes = most;
    usage->swap_available_bytes = USAGE_UNKNOWN;
    if (most != USAGE_UNKNOWN && usage->swap_usage_bytes != USAGE_UNKNOWN)
        usage->swap_available_bytes = less(most, usage->swap_usage_bytes);
}

static void derive(bool unified, struct usage *usage)
{
    uint64_t inactive = usage->memory_inactive_file_bytes;

    usage->memory_limit_bytes = limit(usage->memory_limit_bytes);
    usage->tasks_limit = limit(usage->tasks_limit);
    usage->memory_working_set_bytes = usage->memory_usage_bytes;
    if (usage->memory_usage_bytes != USAGE_UNKNOWN && inactive != USAGE_UNKNOWN)
        usage->memory_working_set_bytes = less(usage->memory_usage_bytes, inactive);
    usage->memory_available_bytes = USAGE_UNKNOWN;
    if (usage->memory_limit_bytes != 0 && usage->memory_working_set_bytes != USAGE_UNKNOWN)
        usage->memory_available_bytes =
            less(usage->memory_limit_bytes, usage->memory_working_set_bytes);
    derive_swap(unified, usage);
}

bool usage_read(const struct cgroups *cgroups, const char *path, struct usage *usage)
{
    struct reader reader = { .cgroups = cgroups, .path = path };

    *usage = (struct usage){ .io_known = false };
    buf_init(&reader.content, FILE_MAX);
    if (cgroups->unified) {
        read_rows(&reader, rows_v2, sizeof(rows_v2) / sizeof(rows_v2[0]), usage);
        read_io_v2(&reader, usage);
        read_psi(&reader, "cpu.pressure", &usage->cpu_psi);
        read_psi(&reader, "memory.pressure", &usage->memory_psi);
        read_psi(&reader, "io.pressure", &usage->io_psi);
    } else {
        read_rows(&reader, rows_v1, sizeof(rows_v1) / sizeof(rows_v1[0]), usage);
        read_io_v1(&reader, usage);
    }
    derive(cgroups->unified, usage);
    buf_release(&reader.content);
    return usage->cpu_ns != USAGE_UNKNOWN || usage->memory_usage_bytes != USAGE_UNKNOWN ||
           usage->tasks != USAGE_UNKNOWN;
}
