/* SPDX-License-Identifier: Apache-2.0 */
/* This file finds processes by their environment and ends them.
 * It must not know what they run. */
#include "leftover.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "buf.h"

enum {
    ROUNDS = 25,
    ROUND_MS = 20,
    ROUNDS_MAX = 250, /* what keeps starting processes cannot keep us for ever */
    FILE_MAX = 8 * 1024 * 1024,
};

static bool read_file(int folder, const char *name, struct buf *content)
{
    int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    ssize_t count = fd < 0 ? -1 : 1;

    while (count > 0) {
        if (!buf_reserve(content, 4096))
            break;
        count = read(fd, content->data + content->length, 4096);
        if (count > 0)
            content->length += (size_t)count;
    }
    if (fd >= 0)
        close(fd);
    return count == 0;
}

static bool carries(int folder, long pid, const char *marker)
{
    char name[64];
    struct buf content;
    bool found = false;
    size_t length = strlen(marker) + 1;

    snprintf(name, sizeof(name), "%ld/environ", pid);
    buf_init(&content, FILE_MAX);
    if (read_file(folder, name, &content) && buf_putc(&content, '\0'))
        for (size_t at = 0; at + length <= content.length && !found;
             at += strlen(content.data + at) + 1)
            found = memcmp(content.data + at, marker, length) == 0;
    buf_release(&content);
    return found;
}

static long parent_of(int folder, long pid)
{
    char name[64];
    struct buf content;
    long parent = 0;

    snprintf(name, sizeof(name), "%ld/stat", pid);
    buf_init(&content, FILE_MAX);
    if (read_file(folder, name, &content) && buf_putc(&content, '\0')) {
        const char *end = strrchr(content.data, ')'); /* the name before it may hold anything */

        if (end != NULL && strlen(end) > 4)
            parent = strtol(end + 4, NULL, 10);
    }
    buf_release(&content);
    return parent;
}

struct process {
    long pid;
    long parent;
    bool marked;
};

struct processes {
    struct process *items;
    size_t count;
    size_t room;
};

static bool add_process(struct processes *list, const struct process *process)
{
    if (list->count == list->room) {
        size_t room = list->room == 0 ? 512 : list->room * 2;
        struct process *items = realloc(list->items, room * sizeof(*items));

        if (items == NULL)
            return false;
        list->items = items;
        list->room = room;
    }
    list->items[list->count++] = *process;
    return true;
}

static void read_processes(DIR *proc, const char *marker, struct processes *list)
{
    const struct dirent *entry = NULL;

    rewinddir(proc);
    list->count = 0;
    while ((entry = readdir(proc)) != NULL) {
        const char *name = entry->d_name;
        struct process process = { .pid = strtol(name, NULL, 10) };

        if (process.pid <= 1 || name[strspn(name, "0123456789")] != '\0' ||
            process.pid == (long)getpid())
            continue;
        process.parent = parent_of(dirfd(proc), process.pid);
        process.marked = carries(dirfd(proc), process.pid, marker);
        if (!add_process(list, &process))
            return;
    }
}

/* A child may have been given another environment: it is known by its parent. */
static void mark_descendants(const struct processes *list)
{
    bool again = false;

    for (size_t i = 0; i < list->count; i++)
        again = again || list->items[i].marked;
    while (again) {
        again = false;
        for (size_t i = 0; i < list->count; i++)
            for (size_t j = 0; j < list->count && !list->items[i].marked; j++)
                if (list->items[j].marked && list->items[j].pid == list->items[i].parent) {
                    list->items[i].marked = true;
                    again = true;
                }
    }
}

static bool end_round(DIR *proc, const char *marker, struct processes *list)
{
    bool seen = false;

    read_processes(proc, marker, list);
    mark_descendants(list);
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].marked)
            seen = kill((pid_t)list->items[i].pid, SIGKILL) == 0 || seen;
    return seen;
}

void leftover_end(const char *root, const char *marker)
{
    char path[4096];
    struct processes list = { .items = NULL };
    DIR *proc = NULL;

    snprintf(path, sizeof(path), "%s/proc", root);
    proc = opendir(path);
    if (proc == NULL)
        return;
    for (int quiet = 0, round = 0; quiet < ROUNDS && round < ROUNDS_MAX; round++) {
        struct timespec pause = { .tv_nsec = ROUND_MS * 1000000L };

        quiet = end_round(proc, marker, &list) ? 0 : quiet + 1;
        nanosleep(&pause, NULL);
    }
    free(list.items);
    closedir(proc);
}
