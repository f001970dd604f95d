/* SPDX-License-Identifier: Apache-2.0 */
/* This file is cri-fixture: it checks the translator against recorded cases, without docker.
 * It must not know any RPC. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_case.h"
#include "fixture_compare.h"
#include "fixture_play.h"

enum { MEMORY = 1024 * 1024 * 1024 };

static const char help[] =
    "usage: cri-fixture check [--update] [DIR...]\n"
    "\n"
    "Plays each case at or below DIR (default: fixtures) through the translator, and compares the\n"
    "docker command and the response with the case's files. Prints TAP.\n"
    "\n"
    "--update  writes what came out as what is expected. A case that was updated still fails this\n"
    "          once: read the change (git diff) before you keep it.\n"
    "\n"
    "fixtures/README.md says what a case is made of.\n"
    "exit status: 0 all as expected, 1 not so, 2 wrong usage\n";

static void out_of_memory(void *context)
{
    (void)context;
    fputs("cri-fixture: a case takes too much memory\n", stderr);
    exit(EXIT_FAILURE);
}

static bool report(bool good, size_t number, const char *path)
{
    printf("%s %zu - %s\n", good ? "ok" : "not ok", number, path);
    return good;
}

static bool differs_at_all(const struct fixture *fixture, const struct fixture_text *out)
{
    for (size_t i = FIXTURE_EXPECTED; i < FIXTURE_FILES; i++)
        if (fixture_differs(fixture, out, (enum fixture_file)i))
            return true;
    return false;
}

static void show_or_update(const struct fixture *fixture, const struct fixture_text *out,
                           bool update)
{
    for (size_t i = FIXTURE_EXPECTED; i < FIXTURE_FILES; i++) {
        enum fixture_file file = (enum fixture_file)i;

        if (!fixture_differs(fixture, out, file))
            continue;
        fixture_show(fixture, out, file);
        if (!update)
            continue;
        if (fixture_update(fixture, out, file))
            printf("# updated %s/%s\n", fixture->path, fixture_names[file]);
        else
            printf("# cannot update %s/%s: %s\n", fixture->path, fixture_names[file],
                   strerror(errno));
    }
}

static bool check_case(struct arena *arena, const char *path, size_t number, bool update)
{
    struct fixture fixture = { .path = path };
    struct fixture_text out[FIXTURE_FILES] = { { .data = NULL } };
    struct err err = { .code = GRPC_OK };

    if (!fixture_load(arena, path, &fixture, &err) || !fixture_play(arena, &fixture, out, &err)) {
        report(false, number, path);
        printf("# %s\n", err.text);
        return false;
    }
    if (report(!differs_at_all(&fixture, out), number, path))
        return true;
    if (!fixture_expects(&fixture))
        puts("# the case expects nothing");
    show_or_update(&fixture, out, update);
    return false;
}

static bool find_all(char **directories, struct strv *paths)
{
    struct err err = { .code = GRPC_OK };

    for (; *directories != NULL; directories++) {
        size_t length = strlen(*directories);

        while (length > 1 && (*directories)[length - 1] == '/')
            length--;
        if (!fixture_find(arena_strndup(paths->arena, *directories, length), paths, &err)) {
            fprintf(stderr, "cri-fixture: %s\n", err.text);
            return false;
        }
    }
    if (paths->count == 0)
        fputs("cri-fixture: there is no case\n", stderr);
    return paths->count > 0;
}

static int check(char **directories, bool update)
{
    static char fixtures[] = "fixtures";
    static char *all[] = { fixtures, NULL };
    struct arena names;
    struct arena arena;
    struct strv paths;
    size_t failed = 0;

    arena_init(&names, MEMORY, out_of_memory, NULL);
    arena_init(&arena, MEMORY, out_of_memory, NULL);
    strv_init(&paths, &names);
    if (!find_all(*directories == NULL ? all : directories, &paths))
        failed++;
    for (size_t i = 0; i < paths.count; i++) {
        failed += !check_case(&arena, paths.words[i], i + 1, update);
        arena_reset(&arena);
    }
    printf("1..%zu\n", paths.count);
    arena_release(&arena);
    arena_release(&names);
    return failed == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    bool update = argc > 2 && strcmp(argv[2], "--update") == 0;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(help, stdout);
        return EXIT_SUCCESS;
    }
    if (argc < 2 || strcmp(argv[1], "check") != 0 ||
        (argv[2 + update] != NULL && argv[2 + update][0] == '-')) {
        fputs(help, stderr);
        return 2;
    }
    return check(argv + 2 + update, update);
}
