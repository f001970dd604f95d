/* SPDX-License-Identifier: Apache-2.0 */
/* This file finds processes by their environment and ends them.
 * It must not know what they run. */
#include "host/marked_processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/frame.h"

enum {
    PAUSE_MS = 20,
    QUIET_MS = 500, /* without one seen: there is none any more */
    ALL_MS = 5000,  /* what keeps starting processes cannot keep us for ever */
    FILE_MAX = 8 * 1024 * 1024,
};

static bool carries(int folder, pid_t pid, const char *marker)
{
    char name[64];
    struct buf content;
    bool found = false;
    size_t length = strlen(marker) + 1;

    snprintf(name, sizeof(name), "%d/environ", pid);
    buf_init(&content, FILE_MAX);
    if (file_read(folder, name, &content) && buf_putc(&content, '\0'))
        for (size_t at = 0; at + length <= content.length && !found;
             at += strlen(content.data + at) + 1)
            found = memcmp(content.data + at, marker, length) == 0;
    buf_release(&content);
    return found;
}

static pid_t parent_of(int folder, pid_t pid)
{
    char name[64];
    struct buf content;
    pid_t parent = 0;

    snprintf(name, sizeof(name), "%d/stat", pid);
    buf_init(&content, FILE_MAX);
    if (file_read(folder, name, &content) && buf_putc(&content, '\0')) {
        const char *end = strrchr(content.data, ')'); /* the name before it may hold anything */

        if (end != NULL && strlen(end) > 4)
            parent = (pid_t)strtol(end + 4, NULL, 10);
    }
    buf_release(&content);
    return parent;
}

struct process {
    pid_t pid;
    pid_t parent;
    bool marked;
    int fd; /* of a marked one that is to be ended; -1: none */
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

/* Whether one of them is marked. */
static bool read_processes(DIR *proc, const char *marker, struct processes *list)
{
    const struct dirent *entry = NULL;
    bool any = false;

    rewinddir(proc);
    list->count = 0;
    while ((entry = readdir(proc)) != NULL) {
        const char *name = entry->d_name;
        struct process process = { .fd = -1, .pid = (pid_t)strtol(name, NULL, 10) };

        if (process.pid <= 1 || name[strspn(name, "0123456789")] != '\0' || process.pid == getpid())
            continue;
        process.marked = carries(dirfd(proc), process.pid, marker);
        any = any || process.marked;
        if (!add_process(list, &process))
            break;
    }
    return any;
}

static int by_pid(const void *one, const void *other)
{
    pid_t first = ((const struct process *)one)->pid;
    pid_t second = ((const struct process *)other)->pid;

    return first < second ? -1 : first > second;
}

static bool parent_is_marked(const struct processes *list, const struct process *process)
{
    const struct process wanted = { .pid = process->parent };
    const struct process *parent =
        bsearch(&wanted, list->items, list->count, sizeof(wanted), by_pid);

    return parent != NULL && parent->marked;
}

/* A child may have been given another environment: it is known by its parent. */
static void mark_descendants(DIR *proc, struct processes *list)
{
    bool again = true;

    if (list->items == NULL)
        return;
    qsort(list->items, list->count, sizeof(*list->items), by_pid);
    for (size_t i = 0; i < list->count; i++)
        list->items[i].parent = parent_of(dirfd(proc), list->items[i].pid);
    while (again) {
        again = false;
        for (size_t i = 0; i < list->count; i++)
            if (!list->items[i].marked && parent_is_marked(list, &list->items[i])) {
                list->items[i].marked = true;
                again = true;
            }
    }
}

/* A descriptor of the process, after a second look: the number may be another's by now. -1: it is.
 */
static int hold(DIR *proc, const struct process *process, const char *marker)
{
    int fd = pidfd_open(process->pid, 0);
    bool same = fd >= 0 && (carries(dirfd(proc), process->pid, marker) ||
                            parent_of(dirfd(proc), process->pid) == process->parent);

    if (fd >= 0 && !same) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* All are held before the first is ended: a child is known by a parent that still lives. */
static bool end_round(DIR *proc, const char *marker, struct processes *list)
{
    bool seen = false;

    if (!read_processes(proc, marker, list))
        return false;
    mark_descendants(proc, list);
    for (size_t i = 0; i < list->count; i++)
        list->items[i].fd = list->items[i].marked ? hold(proc, &list->items[i], marker) : -1;
    for (size_t i = 0; i < list->count; i++) {
        if (list->items[i].fd < 0)
            continue;
        seen = pidfd_send_signal(list->items[i].fd, SIGKILL, NULL, 0) == 0 || seen;
        close(list->items[i].fd);
    }
    return seen;
}

void marked_processes_end(const char *root, const char *marker)
{
    char path[4096];
    struct processes list = { .items = NULL };
    int64_t start_ms = monotonic_ms();
    int64_t seen_ms = start_ms;
    DIR *proc = NULL;

    snprintf(path, sizeof(path), "%s/proc", root);
    proc = opendir(path);
    if (proc == NULL)
        return;
    while (monotonic_ms() - seen_ms < QUIET_MS && monotonic_ms() - start_ms < ALL_MS) {
        struct timespec pause = { .tv_nsec = PAUSE_MS * 1000000L };

        if (end_round(proc, marker, &list))
            seen_ms = monotonic_ms();
        nanosleep(&pause, NULL);
    }
    free(list.items);
    closedir(proc);
}
