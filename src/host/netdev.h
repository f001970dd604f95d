/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of a process's network interfaces.
 * It must not know docker or the CRI. */
#ifndef NETDEV_H
#define NETDEV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/* Counters since the interface was made. */
struct netdev {
    const char *name; /* valid UTF-8 */
    uint64_t rx_bytes;
    uint64_t rx_packets;
    uint64_t rx_errors;
    uint64_t rx_dropped;
    uint64_t tx_bytes;
    uint64_t tx_packets;
    uint64_t tx_errors;
    uint64_t tx_dropped;
};

struct netdevs {
    struct netdev *items; /* without lo */
    size_t count;
    const struct netdev *main; /* eth0, or else the first; NULL when there is none */
};

/* Reads what root/proc/PID/net/dev says. False when the process is gone. */
bool netdev_read(struct arena *arena, const char *root, long pid, struct netdevs *netdevs);

/* Whether the process is in the network namespace of the host's first process. */
bool netdev_is_hosts(const char *root, long pid);

#endif
