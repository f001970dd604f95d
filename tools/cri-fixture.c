/* SPDX-License-Identifier: Apache-2.0 */
/* This file is cri-fixture: it checks the translator against recorded cases, without docker,
 * records them, and serves them in docker's place. It must not know any RPC. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_case.h"
#include "fixture_compare.h"
#include "fixture_play.h"
#include "fixture_record.h"
#include "fixture_serve.h"

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

static int check_command(char **words)
{
    bool update = words[0] != NULL && strcmp(words[0], "--update") == 0;

    if (words[update] != NULL && words[update][0] == '-') {
        fputs(help, stderr);
        return 2;
    }
    return check(words + update, update);
}

static const struct command {
    const char *name;
    const char *help;
    int (*run)(char **words);
} commands[] = {
    { "check", help, check_command },
    { "record", fixture_record_help, fixture_record },
    { "serve", fixture_serve_help, fixture_serve },
};

/* The names that this program is started under by the translator, and in its place. */
static const struct {
    const char *name;
    int (*run)(char **words);
} parts[] = {
    { FIXTURE_SERVE_NAME, fixture_stand_in },
    { FIXTURE_RECORD_TRANSLATOR, fixture_record_translator },
    { FIXTURE_RECORD_DOCKER, fixture_record_docker },
};

static void print_help(FILE *file)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(file, "%s%s", i == 0 ? "" : "\n", commands[i].help);
}

int main(int argc, char **argv)
{
    const char *slash = argc == 0 ? NULL : strrchr(argv[0], '/');
    const char *name = slash != NULL ? slash + 1 : argc == 0 ? "" : argv[0];

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcmp(name, parts[i].name) == 0)
            return parts[i].run(argv + 1);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argv + 2);
    print_help(stderr);
    return 2;
}
