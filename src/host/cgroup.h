/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of containers' cgroups, version 1 and 2, below a root.
 * It must not know docker or the CRI: a container is the 64 digits in its cgroup's name.
 *
 *     struct cgroups cgroups;
 *     struct usage usage;
 *
 *     cgroups_open(&cgroups, arena, root);
 *     path = cgroups_find(&cgroups, id);
 *     if (path != NULL && usage_read(&cgroups, path, &usage))
 *         … what is not known is USAGE_UNKNOWN
 *
 * Containers come and go meanwhile: what is gone or makes no sense is not known, never an error. */
#ifndef CGROUP_H
#define CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/list.h"

enum cgroup_controller {
    CGROUP_MEMORY,
    CGROUP_PIDS,
    CGROUP_CPUACCT,
    CGROUP_CPU,
    CGROUP_BLKIO,
    CGROUP_CONTROLLERS /* how many */
};

struct cgroups {
    bool unified;                                /* version 2 */
    const char *controllers[CGROUP_CONTROLLERS]; /* their folders; NULL: there is none */
    enum cgroup_controller walked;               /* CGROUP_CONTROLLERS: there are no cgroups */
    struct list containers;                      /* sorted by id */
};

/* Finds all containers' cgroups in one walk. root is put before "/sys/fs/cgroup"; "" is the host.
 * Holds no descriptor, so nothing is to be closed; all memory is the arena's. */
void cgroups_open(struct cgroups *cgroups, struct arena *arena, const char *root);

/* The path of a container's cgroup, relative to each controller ("docker/ID",
 * "system.slice/docker-ID.scope"); NULL when there is none. id is all 64 digits. */
const char *cgroups_find(const struct cgroups *cgroups, const char *id);

/* The cgroup above; NULL when that is the root. Whether it is a pod's (or docker's own, which all
 * containers share) is for the caller to know. */
const char *cgroup_above(struct arena *arena, const char *path);

/* How many containers' cgroups are below path. Those within another container's do not count. */
size_t cgroup_container_count(const struct cgroups *cgroups, const char *path);

/* Whether path is below above. */
bool cgroup_is_below(const char *path, const char *above);

/* The process that stands first in the cgroup, 0 for none, and how many stand in it; those of
 * cgroups below it are not counted. */
long cgroup_first_pid(const struct cgroups *cgroups, const char *path);
size_t cgroup_process_count(const struct cgroups *cgroups, const char *path);

/* Reads a file of the cgroup into content (hostfile.h). False when it is not there, or path would
 * leave the controller's folder. */
bool cgroup_read(const struct cgroups *cgroups, enum cgroup_controller controller, const char *path,
                 const char *file, struct buf *content);

/* The host does not say. */
#define USAGE_UNKNOWN UINT64_MAX

/* The share of time that tasks waited for something. */
struct psi_time {
    uint64_t total_us;
    double avg10_percent;
    double avg60_percent;
    double avg300_percent;
};

struct psi {
    bool known;           /* never on version 1, nor where the kernel has it switched off */
    struct psi_time some; /* one task at least */
    struct psi_time full; /* all tasks; 0 for the cpu before Linux 5.13 */
};

struct usage_device {
    unsigned major;
    unsigned minor;
    uint64_t read_bytes;
    uint64_t write_bytes;
    uint64_t read_operations;
    uint64_t write_operations;
};

enum { USAGE_DEVICES = 16 };

/* What the cgroup and all those below it have used. Each uint64_t is USAGE_UNKNOWN where the host
 * does not say, but for limits, which say so themselves. */
struct usage {
    uint64_t cpu_ns;
    uint64_t cpu_user_ns;
    uint64_t cpu_system_ns;
    uint64_t cfs_periods;
    uint64_t cfs_throttled_periods;
    uint64_t cfs_throttled_ns;
    struct psi cpu_psi;

    uint64_t memory_usage_bytes;
    uint64_t memory_max_usage_bytes;   /* since Linux 5.19 on version 2 */
    uint64_t memory_limit_bytes;       /* 0: none, or not known */
    uint64_t memory_working_set_bytes; /* usage less the inactive file pages */
    uint64_t memory_available_bytes;   /* limit less working set; unknown without a limit */
    uint64_t memory_rss_bytes;         /* anonymous memory */
    uint64_t memory_cache_bytes;       /* pages of files and shared memory */
    uint64_t memory_mapped_file_bytes;
    uint64_t memory_inactive_file_bytes;
    uint64_t memory_kernel_bytes;
    uint64_t memory_page_faults; /* the major ones too */
    uint64_t memory_major_page_faults;
    uint64_t memory_limit_hits;
    uint64_t memory_oom_kills;
    struct psi memory_psi;

    uint64_t swap_usage_bytes; /* unknown on version 1 without swap accounting */
    uint64_t swap_limit_bytes; /* of swap alone; 0: no swap; unknown: no limit, or not known */
    uint64_t swap_available_bytes;

    uint64_t tasks;       /* threads count */
    uint64_t tasks_limit; /* 0: none, or not known */

    bool io_known;
    size_t device_count;
    struct usage_device devices[USAGE_DEVICES]; /* the first of them */
    struct psi io_psi;
};

/* False when the cgroup is gone, or says nothing. */
bool usage_read(const struct cgroups *cgroups, const char *path, struct usage *usage);

#endif
