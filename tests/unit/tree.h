/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes the trees of files, and the arena, that the tests of host readings use.
 * It must not know what is read there. */
#ifndef TREE_H
#define TREE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <ftw.h>

#include "base/arena.h"
#include "temp.h"

static struct arena arena;
static char tree[PATH_MAX];

static inline const char *tree_path(const char *path)
{
    return arena_printf(&arena, "%s/%s", tree, path);
}

/* Makes a folder and those above it. */
static inline void tree_folder(const char *path)
{
    char *whole = arena_printf(&arena, "%s/%s/", tree, path);

    for (char *slash = whole + strlen(tree); (slash = strchr(slash + 1, '/')) != NULL;) {
        *slash = '\0';
        mkdir(whole, 0755);
        *slash = '/';
    }
    assert_int_equal(access(whole, F_OK), 0);
}

/* Writes a file, and makes its folders. */
static inline void tree_put_bytes(const char *path, const void *bytes, size_t size)
{
    const char *slash = strrchr(path, '/');
    FILE *file = NULL;

    if (slash != NULL)
        tree_folder(arena_strndup(&arena, path, (size_t)(slash - path)));
    file = fopen(tree_path(path), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static inline void tree_put(const char *path, const char *text)
{
    tree_put_bytes(path, text, strlen(text));
}

static inline int remove_one(const char *path, const struct stat *about, int kind,
                             struct FTW *place)
{
    (void)about;
    (void)kind;
    (void)place;
    return remove(path);
}

static inline int tree_set_up(void **state)
{
    (void)state;
    arena_init(&arena, (size_t)64 << 20, NULL, NULL);
    temp_path(tree, "cri-oneshot-tree-XXXXXX");
    return mkdtemp(tree) == NULL;
}

static inline int tree_tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return nftw(tree, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_set_up, tree_tear_down)

#endif
