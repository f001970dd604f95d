/* SPDX-License-Identifier: Apache-2.0 */
/* This file finds containers' cgroups and their processes.
 * It must not know docker or the CRI. */
#include "host/cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum {
    ID_LENGTH = 64,
    DEPTH_MAX = 16,
    PROCS_MAX = 64 * 1024 * 1024, /* more than pid_max allows */
};

struct container {
    const char *path;
    const char *id; /* within path: ended by its length */
};

struct cgroup_walk {
    struct list *containers;
    char path[PATH_MAX];
};

static const char *id_within(const char *name)
{
    while (*name != '\0') {
        size_t digits = strspn(name, "0123456789abcdef");

        if (digits == ID_LENGTH)
            return name;
        name += digits == 0 ? 1 : digits;
    }
    return NULL;
}

static void add_container(struct cgroup_walk *walk, size_t name_at)
{
    const char *id = id_within(walk->path + name_at);
    struct container *container = NULL;
    char *path = NULL;

    if (id == NULL)
        return;
    container = arena_alloc(walk->containers->arena, sizeof(*container));
    path = arena_strdup(walk->containers->arena, walk->path);
    *container = (struct container){ .path = path, .id = path + (id - walk->path) };
    list_push(walk->containers, container);
}

static void walk_folder(struct cgroup_walk *walk, int folder, size_t length, int depth);

static void walk_entry(struct cgroup_walk *walk, int parent, const struct dirent *entry,
                       size_t length, int depth)
{
    const char *name = entry->d_name;
    size_t name_at = length == 0 ? 0 : length + 1;
    size_t end = name_at + strlen(name);
    struct stat about = { 0 };

    if (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN)
        return;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || end >= sizeof(walk->path))
        return;
    if (fstatat(parent, name, &about, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISDIR(about.st_mode))
        return;
    if (length > 0)
        walk->path[length] = '/';
    memcpy(walk->path + name_at, name, strlen(name) + 1);
    add_container(walk, name_at);
    /* A folder with two links has none below it, which most have not: spares the reading. */
    if (about.st_nlink != 2 && depth < DEPTH_MAX)
        walk_folder(walk, openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC),
                    end, depth + 1);
}

/* Closes folder. */
static void walk_folder(struct cgroup_walk *walk, int folder, size_t length, int depth)
{
    DIR *open = folder < 0 ? NULL : fdopendir(folder);
    const struct dirent *entry = NULL;

    if (open == NULL) {
        if (folder >= 0)
            close(folder);
        return;
    }
    while ((entry = readdir(open)) != NULL)
        walk_entry(walk, dirfd(open), entry, length, depth);
    closedir(open);
}

/* An id that stands twice (an engine within a container) is first the one nearest to the root. */
static int compare_containers(const void *left, const void *right)
{
    const struct container *one = *(const struct container *const *)left;
    const struct container *other = *(const struct container *const *)right;
    int order = memcmp(one->id, other->id, ID_LENGTH);
    size_t one_length = strlen(one->path);
    size_t other_length = strlen(other->path);

    if (order == 0)
        order = (one_length > other_length) - (one_length < other_length);
    return order == 0 ? strcmp(one->path, other->path) : order;
}

/* The folders that each controller of version 1 may be in, alone or with another. */
static const char *const folders[CGROUP_CONTROLLERS][3] = {
    [CGROUP_MEMORY] = { "memory" },
    [CGROUP_PIDS] = { "pids" },
    [CGROUP_CPUACCT] = { "cpuacct", "cpu,cpuacct", "cpuacct,cpu" },
    [CGROUP_CPU] = { "cpu", "cpu,cpuacct", "cpuacct,cpu" },
    [CGROUP_BLKIO] = { "blkio" },
};

static const char *find_controller(struct arena *arena, const char *top, const char *const names[3])
{
    for (size_t i = 0; i < 3 && names[i] != NULL; i++) {
        const char *path = arena_printf(arena, "%s/%s", top, names[i]);

        if (access(path, X_OK) == 0)
            return path;
    }
    return NULL;
}

void cgroups_open(struct cgroups *cgroups, struct arena *arena, const char *root)
{
    const char *top = arena_printf(arena, "%s/sys/fs/cgroup", root);
    struct cgroup_walk walk = { .containers = &cgroups->containers };

    *cgroups = (struct cgroups){ .walked = CGROUP_CONTROLLERS };
    list_init(&cgroups->containers, arena);
    cgroups->unified = access(arena_printf(arena, "%s/cgroup.controllers", top), F_OK) == 0;
    for (size_t i = CGROUP_CONTROLLERS; i-- > 0;) {
        cgroups->controllers[i] = cgroups->unified ? top : find_controller(arena, top, folders[i]);
        if (cgroups->controllers[i] != NULL)
            cgroups->walked = i;
    }
    if (cgroups->walked < CGROUP_CONTROLLERS)
        walk_folder(&walk,
                    open(cgroups->controllers[cgroups->walked], O_RDONLY | O_DIRECTORY | O_CLOEXEC),
                    0, 1);
    if (cgroups->containers.count > 0)
        qsort(cgroups->containers.items, cgroups->containers.count, sizeof(void *),
              compare_containers);
}

const char *cgroups_find(const struct cgroups *cgroups, const char *id)
{
    size_t low = 0;
    size_t high = cgroups->containers.count;
    const struct container *found = NULL;

    if (strlen(id) != ID_LENGTH)
        return NULL;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct container *container = cgroups->containers.items[middle];

        if (memcmp(container->id, id, ID_LENGTH) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < cgroups->containers.count)
        found = cgroups->containers.items[low];
    return found != NULL && memcmp(found->id, id, ID_LENGTH) == 0 ? found->path : NULL;
}

const char *cgroup_above(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash == NULL || slash == path ? NULL
                                          : arena_strndup(arena, path, (size_t)(slash - path));
}

bool cgroup_is_below(const char *path, const char *above)
{
    size_t length = strlen(above);

    return strncmp(path, above, length) == 0 && path[length] == '/';
}

size_t cgroup_container_count(const struct cgroups *cgroups, const char *path)
{
    size_t count = 0;

    for (size_t i = 0; i < cgroups->containers.count; i++) {
        const struct container *container = cgroups->containers.items[i];

        count += cgroup_is_below(container->path, path) &&
                 id_within(container->path + strlen(path)) == container->id;
    }
    return count;
}

static bool climbs(const char *path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, "/");

        if (length == 2 && memcmp(path, "..", 2) == 0)
            return true;
        path += length;
        path += *path == '/';
    }
    return false;
}

bool cgroup_read(const struct cgroups *cgroups, enum cgroup_controller controller, const char *path,
                 const char *file, struct buf *content)
{
    char name[PATH_MAX];
    int length = 0;

    if (controller >= CGROUP_CONTROLLERS || cgroups->controllers[controller] == NULL ||
        climbs(path))
        return false;
    length = snprintf(name, sizeof(name), "%s/%s/%s", cgroups->controllers[controller], path, file);
    return length > 0 && (size_t)length < sizeof(name) && file_read(AT_FDCWD, name, content);
}

/* A process that our own namespace does not show is written as 0. */
long cgroup_first_pid(const struct cgroups *cgroups, const char *path)
{
    struct buf content;
    long pid = 0;

    buf_init(&content, PROCS_MAX);
    if (cgroup_read(cgroups, cgroups->walked, path, "cgroup.procs", &content)) {
        const char *line = content.data;

        while (pid <= 0 && line != NULL && *line != '\0') {
            pid = strtol(line, NULL, 10);
            line = strchr(line, '\n');
            line = line == NULL ? NULL : line + 1;
        }
    }
    buf_release(&content);
    return pid > 0 && pid <= INT_MAX ? pid : 0;
}

size_t cgroup_process_count(const struct cgroups *cgroups, const char *path)
{
    struct buf content;
    size_t count = 0;

    buf_init(&content, PROCS_MAX);
    if (cgroup_read(cgroups, cgroups->walked, path, "cgroup.procs", &content))
        for (size_t i = 0; i < content.length; i++)
            count += content.data[i] == '\n';
    buf_release(&content);
    return count;
}
