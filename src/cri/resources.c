/* SPDX-License-Identifier: Apache-2.0 */
/* This file turns resource limits into docker options.
 * It must not know which command the options are for. */
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "cri/options.h"

enum { MEMORY_MIN = 6 * 1024 * 1024 };

/* What LinuxContainerResources says, its unified keys included. 0 and "": not set. */
struct limits {
    int64_t cpu_period, cpu_quota, cpu_shares, memory, swap, reservation, pids;
    const char *swap_alone; /* memory.swap.max: swap without the memory; NULL: not set */
    const char *cpus;
    const char *mems;
};

static bool refuse_resource(const char *field, const char *why, struct err *err)
{
    return err_set(err, GRPC_INVALID_ARGUMENT, "resources.%s: %s", field, why);
}

/* docker checks some of these only when the container starts. */
static bool check_range(const char *field, int64_t number, int64_t low, int64_t high,
                        struct err *err)
{
    if (number != 0 && (number < low || number > high))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "resources.%s: %lld is not between %lld and %lld", field, (long long)number,
                       (long long)low, (long long)high);
    return true;
}

/* --- cgroup v2's own files, those that docker has an option for --- */

static bool read_number(const char *text, int64_t *number)
{
    char *end = NULL;

    if (strcmp(text, "max") == 0) {
        *number = -1;
        return true;
    }
    if (*text < '0' || *text > '9' || strlen(text) > 18)
        return false;
    *number = strtoll(text, &end, 10);
    return *end == '\0';
}

/* "QUOTA PERIOD" or "QUOTA", microseconds. */
static bool read_cpu_max(struct arena *arena, const char *text, struct limits *limits)
{
    size_t length = strcspn(text, " ");

    if (!read_number(arena_strndup(arena, text, length), &limits->cpu_quota) ||
        limits->cpu_quota == 0)
        return false;
    return text[length] == '\0' ||
           (read_number(text + length + 1, &limits->cpu_period) && limits->cpu_period > 0);
}

/* Keys without an option that say how memory, cpu and io are shared out, and how early or how hard
 * the kernel takes back what is not in use (the kernel's cgroup-v2.rst). No limit that a pod relies
 * on is wider without them. The kubelet sends memory.oom.group always, memory.min, low and high
 * with memory QoS. */
static bool is_kindness(const char *key)
{
    static const char *const keys[] = {
        "cpu.idle",
        "cpu.max.burst",
        "cpu.pressure",
        "cpu.uclamp.max",
        "cpu.uclamp.min",
        "cpu.weight",
        "cpu.weight.nice",
        "io.bfq.weight",
        "io.latency",
        "io.pressure",
        "io.prio.class",
        "io.weight",
        "memory.high",
        "memory.low",
        "memory.min",
        "memory.oom.group",
        "memory.pressure",
        "memory.swap.high",
        "memory.zswap.max",
        "memory.zswap.writeback",
        NULL,
    };

    return text_is_one_of(key, keys);
}

static void trace_resource(struct plan *plan, const char *key)
{
    strv_pushf(&plan->ignored, "linux.resources.unified[%s]", key);
}

static bool read_unified(struct plan *plan, const char *key, const char *value,
                         struct limits *limits, struct err *err)
{
    int64_t number = 0;
    bool known = true;

    if (strcmp(key, "memory.max") == 0)
        known = read_number(value, &limits->memory) && limits->memory > 0;
    else if (strcmp(key, "pids.max") == 0)
        known = read_number(value, &limits->pids) && limits->pids != 0;
    else if (strcmp(key, "cpu.max") == 0)
        known = read_cpu_max(plan->command.argv.arena, value, limits);
    else if (strcmp(key, "cpuset.cpus") == 0)
        limits->cpus = value;
    else if (strcmp(key, "cpuset.mems") == 0)
        limits->mems = value;
    else if (strcmp(key, "memory.swap.max") == 0 && (known = read_number(value, &number)))
        limits->swap_alone = value;
    else if (strcmp(key, "memory.low") == 0 && read_number(value, &number) && number >= MEMORY_MIN)
        limits->reservation = number;
    else if (known && is_kindness(key))
        trace_resource(plan, key);
    else if (known)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "resources.unified[\"%s\"]: docker has no option for it", key);
    if (!known)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "resources.unified[\"%s\"]: docker has no option for the value \"%s\"", key,
                       value);
    return true;
}

/* Which of the other limits these two stand beside is known only when all keys are read: docker
 * counts memory and swap together, so it cannot limit swap alone, and its reservation is at most
 * the limit. */
static void settle_memory(struct plan *plan, enum resources_use use, struct limits *limits)
{
    int64_t swap = 0;

    if (limits->memory < 0) /* it is refused */
        return;
    if (limits->swap == -1 && limits->memory == 0 && use == RESOURCES_CREATE)
        limits->swap = 0; /* neither is limited, as docker has it */
    if (limits->swap_alone != NULL && limits->memory == 0) {
        trace_resource(plan, "memory.swap.max");
    } else if (limits->swap_alone != NULL) {
        read_number(limits->swap_alone, &swap);
        limits->swap = swap < 0 || swap > INT64_MAX - limits->memory ? -1 : limits->memory + swap;
    }
    if (limits->reservation > 0 && limits->memory > 0 && limits->reservation > limits->memory) {
        trace_resource(plan, "memory.low");
        limits->reservation = 0;
    }
}

/* --- checks --- */

static bool check_cpuset(const char *field, const char *list, struct err *err)
{
    if (list[strspn(list, "0123456789,-")] != '\0')
        return refuse_resource(field, "is not a list as 0-2,7", err);
    return true;
}

static bool check_memory(const struct limits *limits, enum resources_use use, struct err *err)
{
    if (limits->memory < 0 || (limits->memory > 0 && limits->memory < MEMORY_MIN))
        return refuse_resource("memory_limit_in_bytes", "docker wants 6 MiB at least", err);
    if (limits->swap < -1)
        return refuse_resource("memory_swap_limit_in_bytes", "is negative", err);
    if (limits->swap > 0 && limits->swap < limits->memory)
        return refuse_resource("memory_swap_limit_in_bytes",
                               "counts memory and swap, so it is at least memory_limit_in_bytes",
                               err);
    if (limits->swap != 0 && limits->memory == 0 && use == RESOURCES_CREATE)
        return refuse_resource("memory_swap_limit_in_bytes", "needs memory_limit_in_bytes", err);
    return true;
}

static bool check_limits(const struct limits *limits, enum resources_use use, struct err *err)
{
    if (limits->cpu_quota != -1 &&
        !check_range("cpu_quota", limits->cpu_quota, 1000, INT64_MAX / 2, err))
        return false;
    return check_range("cpu_period", limits->cpu_period, 1000, 1000000, err) &&
           check_range("cpu_shares", limits->cpu_shares, 2, 262144, err) &&
           check_cpuset("cpuset_cpus", limits->cpus, err) &&
           check_cpuset("cpuset_mems", limits->mems, err) && check_memory(limits, use, err);
}

static bool check_hugepages(const CRI(LinuxContainerResources) *resources, struct err *err)
{
    for (size_t i = 0; i < resources->n_hugepage_limits; i++)
        if (resources->hugepage_limits[i]->limit != 0)
            return refuse_resource("hugepage_limits", "docker has no option for them", err);
    return true;
}

/* --- options --- */

static void push_number(struct strv *argv, const char *option, int64_t number)
{
    if (number != 0)
        strv_pushf(argv, "%s=%lld", option, (long long)number);
}

static void push_text_option(struct strv *argv, const char *option, const char *text)
{
    if (*text != '\0')
        strv_pushf(argv, "%s=%s", option, text);
}

/* Never --cpus: it would block later updates of period and quota. A memory limit without a swap
 * limit is one of the same size: docker would else allow twice the memory. */
static void push_limits(const struct limits *limits, struct strv *argv)
{
    push_number(argv, "--cpu-period", limits->cpu_period);
    push_number(argv, "--cpu-quota", limits->cpu_quota);
    push_number(argv, "--cpu-shares", limits->cpu_shares);
    push_number(argv, "--memory", limits->memory);
    push_number(argv, "--memory-swap", limits->swap != 0 ? limits->swap : limits->memory);
    push_number(argv, "--memory-reservation", limits->reservation);
    push_number(argv, "--pids-limit", limits->pids);
    push_text_option(argv, "--cpuset-cpus", limits->cpus);
    push_text_option(argv, "--cpuset-mems", limits->mems);
}

static bool push_oom_score_adj(int64_t score, enum resources_use use, struct plan *plan,
                               struct err *err)
{
    if (!check_range("oom_score_adj", score, -1000, 1000, err))
        return false;
    /* docker update has no option for it, and the kubelet sends it with every update. */
    if (use == RESOURCES_UPDATE && score != 0)
        strv_push(&plan->ignored, "linux.oom_score_adj");
    else
        push_number(&plan->command.argv, "--oom-score-adj", score);
    return true;
}

bool push_resources(const CRI(LinuxContainerResources) *resources, enum resources_use use,
                    struct plan *plan, struct err *err)
{
    struct limits limits = { .cpu_period = resources->cpu_period,
                             .cpu_quota = resources->cpu_quota,
                             .cpu_shares = resources->cpu_shares,
                             .memory = resources->memory_limit_in_bytes,
                             .swap = resources->memory_swap_limit_in_bytes,
                             .cpus = resources->cpuset_cpus,
                             .mems = resources->cpuset_mems };

    for (size_t i = 0; i < resources->n_unified; i++)
        if (!read_unified(plan, resources->unified[i]->key, resources->unified[i]->value, &limits,
                          err))
            return false;
    settle_memory(plan, use, &limits);
    if (!check_limits(&limits, use, err) || !check_hugepages(resources, err))
        return false;
    push_limits(&limits, &plan->command.argv);
    return push_oom_score_adj(resources->oom_score_adj, use, plan, err);
}
