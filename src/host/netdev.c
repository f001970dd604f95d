/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads a process's network interfaces.
 * It must not know docker or the CRI. */
#include "host/netdev.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/utf8.h"

enum {
    FILE_MAX = 8 * 1024 * 1024,
    RECEIVED = 0, /* the columns */
    SENT = 8,
    COLUMNS = 16,
};

static bool parse_columns(const char *text, uint64_t columns[COLUMNS])
{
    for (size_t i = 0; i < COLUMNS; i++) {
        char *end = NULL;

        text += strspn(text, " ");
        if (*text < '0' || *text > '9')
            return false;
        errno = 0;
        columns[i] = strtoull(text, &end, 10);
        if (errno != 0)
            return false;
        text = end;
    }
    return true;
}

/* "  eth0:     656       8 …"; the two lines of headings have no colon. */
static bool parse_line(struct arena *arena, const char *line, struct netdev *netdev)
{
    const char *name = line + strspn(line, " ");
    size_t length = strcspn(name, ":\n");
    uint64_t columns[COLUMNS];
    char *copy = NULL;

    if (length == 0 || name[length] != ':' || (length == 2 && memcmp(name, "lo", 2) == 0) ||
        !parse_columns(name + length + 1, columns))
        return false;
    copy = arena_strndup(arena, name, length);
    utf8_clean(copy);
    *netdev = (struct netdev){
        .name = copy,
        .rx_bytes = columns[RECEIVED],
        .rx_packets = columns[RECEIVED + 1],
        .rx_errors = columns[RECEIVED + 2],
        .rx_dropped = columns[RECEIVED + 3],
        .tx_bytes = columns[SENT],
        .tx_packets = columns[SENT + 1],
        .tx_errors = columns[SENT + 2],
        .tx_dropped = columns[SENT + 3],
    };
    return true;
}

static void parse(struct arena *arena, const char *text, struct netdevs *netdevs)
{
    size_t lines = 1;

    for (const char *at = text; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    netdevs->items = arena_array(arena, lines, sizeof(*netdevs->items));
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (parse_line(arena, line, &netdevs->items[netdevs->count]))
            netdevs->count++;
    }
}

bool netdev_read(struct arena *arena, const char *root, long pid, struct netdevs *netdevs)
{
    struct buf content;
    bool there = false;

    *netdevs = (struct netdevs){ .items = NULL };
    buf_init(&content, FILE_MAX);
    there = file_read(AT_FDCWD, arena_printf(arena, "%s/proc/%ld/net/dev", root, pid), &content);
    if (there)
        parse(arena, content.data, netdevs);
    buf_release(&content);
    for (size_t i = netdevs->count; i-- > 0;)
        if (i == 0 || strcmp(netdevs->items[i].name, "eth0") == 0) {
            netdevs->main = &netdevs->items[i];
            break;
        }
    return there;
}

static bool namespace_of(const char *root, const char *process, char *name, size_t size)
{
    char path[PATH_MAX];
    ssize_t length = 0;

    snprintf(path, sizeof(path), "%s/proc/%s/ns/net", root, process);
    length = readlink(path, name, size - 1);
    name[length < 0 ? 0 : length] = '\0';
    return length > 0;
}

bool netdev_is_hosts(const char *root, long pid)
{
    char process[32];
    char hosts[64];
    char own[64];

    snprintf(process, sizeof(process), "%ld", pid);
    /* The first process has rights that we may lack, and hides it then: ours is the host's, too. */
    return (namespace_of(root, "1", hosts, sizeof(hosts)) ||
            namespace_of(root, "self", hosts, sizeof(hosts))) &&
           namespace_of(root, process, own, sizeof(own)) && strcmp(hosts, own) == 0;
}
