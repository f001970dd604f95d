/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the CRI's messages of figures: what was read of a cgroup and of network
 * interfaces.
 * It must not know where the figures were read. */
#ifndef USAGE_MESSAGES_H
#define USAGE_MESSAGES_H

#include "base/arena.h"
#include "base/cri.h"
#include "host/cgroup.h"
#include "host/netdev.h"

/* NULL for USAGE_UNKNOWN: the field stays unset. */
CRI(UInt64Value) *uint64_value(struct arena *arena, uint64_t value);

/* now_ns is the timestamp of each. Swap and io are NULL where the host does not say. */
CRI(CpuUsage) *cpu_usage(struct arena *arena, int64_t now_ns, const struct usage *usage);
CRI(MemoryUsage) *memory_usage(struct arena *arena, int64_t now_ns, const struct usage *usage);
CRI(SwapUsage) *swap_usage(struct arena *arena, int64_t now_ns, const struct usage *usage);
CRI(IoUsage) *io_usage(struct arena *arena, int64_t now_ns, const struct usage *usage);
CRI(NetworkUsage) *network_usage(struct arena *arena, int64_t now_ns,
                                 const struct netdevs *netdevs);

#endif
