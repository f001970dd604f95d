/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes the CRI's messages of figures.
 * It must not know where the figures were read. */
#include "cri/usage_messages.h"

#include "base/list.h"
#include "base/text.h"

CRI(UInt64Value) *uint64_value(struct arena *arena, uint64_t value)
{
    CRI(UInt64Value) *made = NULL;

    if (value == USAGE_UNKNOWN)
        return NULL;
    made = arena_alloc(arena, sizeof(*made));
    *made = (CRI(UInt64Value))CRI_INIT(UINT64_VALUE);
    made->value = value;
    return made;
}

static CRI(PsiData) *psi_data(struct arena *arena, const struct psi_time *time)
{
    CRI(PsiData) *data = arena_alloc(arena, sizeof(*data));

    *data = (CRI(PsiData))CRI_INIT(PSI_DATA);
    data->total = time->total_us * 1000; /* nanoseconds */
    data->avg10 = time->avg10_percent;
    data->avg60 = time->avg60_percent;
    data->avg300 = time->avg300_percent;
    return data;
}

static CRI(PsiStats) *psi_stats(struct arena *arena, const struct psi *psi)
{
    CRI(PsiStats) *stats = NULL;

    if (!psi->known)
        return NULL;
    stats = arena_alloc(arena, sizeof(*stats));
    *stats = (CRI(PsiStats))CRI_INIT(PSI_STATS);
    stats->full = psi_data(arena, &psi->full);
    stats->some = psi_data(arena, &psi->some);
    return stats;
}

CRI(CpuUsage) *cpu_usage(struct arena *arena, int64_t now_ns, const struct usage *usage)
{
    CRI(CpuUsage) *cpu = arena_alloc(arena, sizeof(*cpu));

    *cpu = (CRI(CpuUsage))CRI_INIT(CPU_USAGE);
    cpu->timestamp = now_ns;
    cpu->usage_core_nano_seconds = uint64_value(arena, usage->cpu_ns);
    cpu->psi = psi_stats(arena, &usage->cpu_psi);
    return cpu;
}

CRI(MemoryUsage) *memory_usage(struct arena *arena, int64_t now_ns, const struct usage *usage)
{
    CRI(MemoryUsage) *memory = arena_alloc(arena, sizeof(*memory));

    *memory = (CRI(MemoryUsage))CRI_INIT(MEMORY_USAGE);
    memory->timestamp = now_ns;
    memory->working_set_bytes = uint64_value(arena, usage->memory_working_set_bytes);
    memory->available_bytes = uint64_value(arena, usage->memory_available_bytes);
    memory->usage_bytes = uint64_value(arena, usage->memory_usage_bytes);
    memory->rss_bytes = uint64_value(arena, usage->memory_rss_bytes);
    memory->page_faults = uint64_value(arena, usage->memory_page_faults);
    memory->major_page_faults = uint64_value(arena, usage->memory_major_page_faults);
    memory->psi = psi_stats(arena, &usage->memory_psi);
    return memory;
}

CRI(SwapUsage) *swap_usage(struct arena *arena, int64_t now_ns, const struct usage *usage)
{
    CRI(SwapUsage) *swap = NULL;

    if (usage->swap_usage_bytes == USAGE_UNKNOWN)
        return NULL;
    swap = arena_alloc(arena, sizeof(*swap));
    *swap = (CRI(SwapUsage))CRI_INIT(SWAP_USAGE);
    swap->timestamp = now_ns;
    swap->swap_usage_bytes = uint64_value(arena, usage->swap_usage_bytes);
    swap->swap_available_bytes = uint64_value(arena, usage->swap_available_bytes);
    return swap;
}

CRI(IoUsage) *io_usage(struct arena *arena, int64_t now_ns, const struct usage *usage)
{
    CRI(IoUsage) *io = NULL;

    if (!usage->io_psi.known)
        return NULL;
    io = arena_alloc(arena, sizeof(*io));
    *io = (CRI(IoUsage))CRI_INIT(IO_USAGE);
    io->timestamp = now_ns;
    io->psi = psi_stats(arena, &usage->io_psi);
    return io;
}

static CRI(NetworkInterfaceUsage) *interface_usage(struct arena *arena, const struct netdev *netdev)
{
    CRI(NetworkInterfaceUsage) *usage = arena_alloc(arena, sizeof(*usage));

    *usage = (CRI(NetworkInterfaceUsage))CRI_INIT(NETWORK_INTERFACE_USAGE);
    usage->name = text_borrowed(netdev->name);
    usage->rx_bytes = uint64_value(arena, netdev->rx_bytes);
    usage->rx_errors = uint64_value(arena, netdev->rx_errors);
    usage->tx_bytes = uint64_value(arena, netdev->tx_bytes);
    usage->tx_errors = uint64_value(arena, netdev->tx_errors);
    return usage;
}

CRI(NetworkUsage) *network_usage(struct arena *arena, int64_t now_ns, const struct netdevs *netdevs)
{
    CRI(NetworkUsage) *network = arena_alloc(arena, sizeof(*network));
    struct list list;

    *network = (CRI(NetworkUsage))CRI_INIT(NETWORK_USAGE);
    network->timestamp = now_ns;
    if (netdevs->main != NULL)
        network->default_interface = interface_usage(arena, netdevs->main);
    list_init(&list, arena);
    for (size_t i = 0; i < netdevs->count; i++)
        list_push(&list, interface_usage(arena, &netdevs->items[i]));
    list_give(&list, &network->n_interfaces, &network->interfaces);
    return network;
}
