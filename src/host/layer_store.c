/* SPDX-License-Identifier: Apache-2.0 */
/* This file adds up what docker's images take.
 * It must not know the docker command line or the CRI. */
#include "host/layer_store.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

enum { SIZE_DIGITS = 32 };

struct sum {
    uint64_t bytes;
    bool found; /* a store, be it empty */
};

typedef void visit_function(struct sum *sum, int parent, const char *name);

static int open_folder(int parent, const char *path)
{
    return openat(parent, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Each entry of a folder, which it closes; of none (-1) nothing. */
static void each(struct sum *sum, int folder, visit_function *visit)
{
    DIR *open = folder < 0 ? NULL : fdopendir(folder);
    const struct dirent *entry = NULL;

    if (open == NULL) {
        fd_close(&folder);
        return;
    }
    while ((entry = readdir(open)) != NULL)
        if (*entry->d_name != '.')
            visit(sum, dirfd(open), entry->d_name);
    closedir(open);
}

static void add_layer(struct sum *sum, int parent, const char *name)
{
    int folder = open_folder(parent, name);
    struct buf size;

    buf_init(&size, SIZE_DIGITS);
    if (folder >= 0 && file_read(folder, "size", &size))
        sum->bytes += strtoull(size.data, NULL, 10);
    buf_release(&size);
    fd_close(&folder);
}

/* Of a layer store: beside the layers by their digests are those of containers. */
static void add_algorithm(struct sum *sum, int parent, const char *name)
{
    if (strcmp(name, "mounts") != 0 && strcmp(name, "tmp") != 0)
        each(sum, open_folder(parent, name), add_layer);
}

static void add_driver(struct sum *sum, int parent, const char *name)
{
    int folder = open_folder(parent, name);
    int store = folder < 0 ? -1 : open_folder(folder, "layerdb");

    sum->found = sum->found || store >= 0;
    each(sum, store, add_algorithm);
    fd_close(&folder);
}

bool layer_store_bytes(const char *docker_root, uint64_t *bytes)
{
    int root = open(docker_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct sum sum = { .bytes = 0 };

    each(&sum, root < 0 ? -1 : open_folder(root, "image"), add_driver);
    fd_close(&root);
    *bytes = sum.bytes;
    return sum.found;
}
