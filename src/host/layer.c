/* SPDX-License-Identifier: Apache-2.0 */
/* This file measures a container's writable layer.
 * It must not know the docker command line or the CRI. */
#include "host/layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

enum {
    STAT_BLOCK = 512, /* the unit of st_blocks, on every file system */
    NAME_MAX_ID = 128,
    DEPTH_MAX = 256, /* each level holds a descriptor */
    ENTRIES_MAX = 1000 * 1000,
};

static bool is_layer_name(const char *name)
{
    size_t length = strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz-");

    return length > 0 && length <= NAME_MAX_ID && name[length] == '\0';
}

bool layer_find(struct arena *arena, const char *root, const char *docker_root, const char *id,
                const char **path)
{
    struct stat about = { 0 };
    struct buf mount;
    bool found = false;

    if (!is_layer_name(id))
        return false;
    buf_init(&mount, 4096);
    found = file_read(AT_FDCWD,
                      arena_printf(arena, "%s%s/image/overlay2/layerdb/mounts/%s/mount-id", root,
                                   docker_root, id),
                      &mount) &&
            is_layer_name(mount.data);
    if (found) {
        *path = arena_printf(arena, "%s%s/overlay2/%s/diff", root, docker_root, mount.data);
        found = lstat(*path, &about) == 0 && S_ISDIR(about.st_mode);
    }
    buf_release(&mount);
    return found;
}

/* The inodes with several names that were met: a table by hash, at most half full. */
struct met {
    ino_t *slots; /* 0: free */
    size_t room;  /* a power of 2 */
    size_t count;
};

struct measure {
    dev_t device;
    uint64_t block; /* 0: as allocated */
    uint64_t bytes;
    uint64_t inodes;
    size_t entries;
    struct met met;
};

static ino_t *met_slot(const struct met *met, ino_t inode)
{
    size_t at = (size_t)((uint64_t)inode * UINT64_C(0x9e3779b97f4a7c15) >> 32);

    for (;; at++) {
        ino_t *slot = &met->slots[at & (met->room - 1)];

        if (*slot == 0 || *slot == inode)
            return slot;
    }
}

static bool grow(struct met *met)
{
    struct met larger = { .room = met->room == 0 ? 64 : met->room * 2, .count = met->count };

    larger.slots = calloc(larger.room, sizeof(*larger.slots));
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < met->room; i++)
        if (met->slots[i] != 0)
            *met_slot(&larger, met->slots[i]) = met->slots[i];
    free(met->slots);
    *met = larger;
    return true;
}

/* Whether it is new; without memory for it, an error. */
static bool meet(struct met *met, ino_t inode, bool *is_new)
{
    ino_t *slot = NULL;

    if (met->count >= met->room / 2 && !grow(met))
        return false;
    slot = met_slot(met, inode);
    *is_new = *slot != inode;
    met->count += *is_new;
    *slot = inode;
    return true;
}

static uint64_t inode_bytes(const struct stat *about, uint64_t block)
{
    if (block == 0)
        return (uint64_t)about->st_blocks * STAT_BLOCK;
    if (S_ISDIR(about->st_mode))
        return block;
    return S_ISREG(about->st_mode) ? ((uint64_t)about->st_size + block - 1) / block * block : 0;
}

static bool count_inode(struct measure *measure, const struct stat *about)
{
    bool is_new = true;

    if (!S_ISDIR(about->st_mode) && about->st_nlink > 1 &&
        !meet(&measure->met, about->st_ino, &is_new))
        return false;
    if (is_new) {
        measure->bytes += inode_bytes(about, measure->block);
        measure->inodes++;
    }
    return true;
}

static bool measure_folder(struct measure *measure, int folder, int depth);

static bool measure_entry(struct measure *measure, int parent, const char *name, int depth)
{
    struct stat about = { 0 };
    int folder = -1;

    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return true;
    if (++measure->entries > ENTRIES_MAX)
        return false;
    if (fstatat(parent, name, &about, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT;
    if (about.st_dev != measure->device)
        return true;
    if (!count_inode(measure, &about))
        return false;
    if (!S_ISDIR(about.st_mode))
        return true;
    if (depth == DEPTH_MAX)
        return false;
    folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) /* it is gone, or something else by now */
        return errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    return measure_folder(measure, folder, depth + 1);
}

/* Closes folder. */
static bool measure_folder(struct measure *measure, int folder, int depth)
{
    DIR *open = fdopendir(folder);
    const struct dirent *entry = NULL;
    bool well = true;

    if (open == NULL) {
        close(folder);
        return false;
    }
    while (well && (entry = readdir(open)) != NULL)
        well = measure_entry(measure, dirfd(open), entry->d_name, depth);
    closedir(open);
    return well;
}

bool layer_usage(const char *path, uint64_t block, uint64_t *bytes, uint64_t *inodes)
{
    int folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct measure measure = { .block = block };
    struct stat about = { 0 };
    bool well = false;

    if (folder < 0)
        return false;
    if (fstat(folder, &about) == 0 && count_inode(&measure, &about)) {
        measure.device = about.st_dev;
        well = measure_folder(&measure, folder, 1);
    } else {
        close(folder);
    }
    free(measure.met.slots);
    *bytes = measure.bytes;
    *inodes = measure.inodes;
    return well;
}
