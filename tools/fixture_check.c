/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks cases, in several processes at once, so that one that crashes takes no other
 * along.
 * It must not know how a case is played. */
#include "fixture_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture_case.h"
#include "fixture_compare.h"
#include "fixture_play.h"

enum { MEMORY = 1024 * 1024 * 1024, USAGE = 2, MAX_JOBS = 256, CASE_SECONDS = 60 };

const char fixture_check_help[] =
    "usage: cri-fixture check [--update] [--jobs=N] [DIR...]\n"
    "\n"
    "Plays each case at or below DIR (default: fixtures) through the translator, and compares the\n"
    "docker command and the response with the case's files. Prints TAP.\n"
    "\n"
    "--update  writes what came out as what is expected. A case that was updated still fails this\n"
    "          once: read the change (git diff) before you keep it.\n"
    "--jobs=N  plays in N processes at once (default: as many as there are processors). What is\n"
    "          printed is the same.\n"
    "\n"
    "fixtures/README.md says what a case is made of.\n"
    "exit status: 0 all as expected, 1 not so, 2 wrong usage\n";

struct checking {
    struct strv paths;
    size_t jobs; /* the worker of number w plays the cases w, w + jobs, w + 2 * jobs, … */
    bool update;
};

/* What a worker says of a case, before length bytes of text. */
struct verdict {
    size_t length;
    bool good;
};

struct worker {
    pid_t pid;  /* 0: none */
    FILE *from; /* its verdicts */
};

static void out_of_memory(void *context)
{
    (void)context;
    fputs("cri-fixture: a case takes too much memory\n", stderr);
    exit(EXIT_FAILURE);
}

/* ==== one case ==== */

static bool report(FILE *to, bool good, size_t number, const char *path)
{
    fprintf(to, "%s %zu - %s\n", good ? "ok" : "not ok", number, path);
    return good;
}

static bool differs_at_all(const struct fixture *fixture, const struct fixture_text *out)
{
    for (size_t i = FIXTURE_EXPECTED; i < FIXTURE_FILES; i++)
        if (fixture_differs(fixture, out, (enum fixture_file)i))
            return true;
    return false;
}

static void show_or_update(struct arena *arena, FILE *to, const struct fixture *fixture,
                           const struct fixture_text *out, bool update)
{
    for (size_t i = FIXTURE_EXPECTED; i < FIXTURE_FILES; i++) {
        enum fixture_file file = (enum fixture_file)i;

        if (!fixture_differs(fixture, out, file))
            continue;
        fixture_show(arena, to, fixture, out, file);
        if (!update)
            continue;
        if (fixture_update(fixture, out, file))
            fprintf(to, "# updated %s/%s\n", fixture->path, fixture_names[file]);
        else
            fprintf(to, "# cannot update %s/%s: %s\n", fixture->path, fixture_names[file],
                    strerror(errno));
    }
}

static bool check_case(struct arena *arena, FILE *to, const char *path, size_t number, bool update)
{
    struct fixture fixture = { .path = path };
    struct fixture_text out[FIXTURE_FILES] = { { .data = NULL } };
    struct err err = { .code = GRPC_OK };

    if (!fixture_load(arena, path, &fixture, &err) || !fixture_play(arena, &fixture, out, &err)) {
        report(to, false, number, path);
        fprintf(to, "# %s\n", err.text);
        return false;
    }
    if (report(to, !differs_at_all(&fixture, out), number, path))
        return true;
    if (!fixture_expects(&fixture))
        fputs("# the case expects nothing\n", to);
    show_or_update(arena, to, &fixture, out, update);
    return false;
}

/* ==== in a worker ==== */

static void play_one(const struct checking *checking, struct arena *arena, size_t index, FILE *to)
{
    char *text = NULL;
    struct verdict verdict = { .length = 0 };
    FILE *lines = open_memstream(&text, &verdict.length);

    if (lines == NULL)
        out_of_memory(NULL);
    alarm(CASE_SECONDS); /* one that does not end is ended */
    verdict.good =
        check_case(arena, lines, checking->paths.words[index], index + 1, checking->update);
    alarm(0);
    if (fclose(lines) != 0)
        out_of_memory(NULL);
    if (fwrite(&verdict, sizeof(verdict), 1, to) != 1 ||
        fwrite(text, 1, verdict.length, to) != verdict.length || fflush(to) != 0)
        exit(EXIT_FAILURE);
    free(text);
    arena_reset(arena);
}

static void play_part(const struct checking *checking, size_t first, FILE *to)
{
    struct arena arena;

    arena_init(&arena, MEMORY, out_of_memory, NULL);
    for (size_t i = first; i < checking->paths.count; i += checking->jobs)
        play_one(checking, &arena, i, to);
    arena_release(&arena);
    exit(EXIT_SUCCESS);
}

/* ==== its verdicts ==== */

/* Starts the worker of the case first, and of those after it. */
static void start(const struct checking *checking, struct worker *worker, size_t first)
{
    int ends[2] = { -1, -1 };

    *worker = (struct worker){ .pid = 0 };
    fflush(stdout);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return;
    worker->pid = fork();
    if (worker->pid == 0) {
        close(ends[0]);
        play_part(checking, first, fdopen(ends[1], "we"));
    }
    close(ends[1]);
    if (worker->pid > 0)
        worker->from = fdopen(ends[0], "re");
    else
        close(ends[0]);
}

/* Prints the next case's lines. False when the worker has ended before they were whole. */
static bool take(const struct worker *worker, bool *good)
{
    struct verdict verdict = { .length = 0 };
    char *text = NULL;
    bool whole = false;

    if (worker->from == NULL || fread(&verdict, sizeof(verdict), 1, worker->from) != 1)
        return false;
    text = malloc(verdict.length + 1);
    whole = text != NULL && fread(text, 1, verdict.length, worker->from) == verdict.length;
    if (whole)
        fwrite(text, 1, verdict.length, stdout);
    free(text);
    *good = verdict.good;
    return whole;
}

/* Waits for its end; false with a line about it unless it is a good one. */
static bool ended_well(struct worker *worker)
{
    int status = 0;
    pid_t pid = worker->pid;

    if (worker->from != NULL)
        fclose(worker->from);
    *worker = (struct worker){ .pid = 0 };
    if (pid <= 0 || waitpid(pid, &status, 0) != pid)
        puts("# there is no process to play it");
    else if (WIFSIGNALED(status))
        printf("# the process that plays it was killed by signal %d: %s\n", WTERMSIG(status),
               strsignal(WTERMSIG(status)));
    else if (WEXITSTATUS(status) != 0)
        printf("# the process that plays it ended with status %d\n", WEXITSTATUS(status));
    else
        return true;
    return false;
}

/* The case of a worker that is no more; another one takes up those after it. */
static void replace(const struct checking *checking, struct worker *worker, size_t index)
{
    report(stdout, false, index + 1, checking->paths.words[index]);
    ended_well(worker);
    if (index + checking->jobs < checking->paths.count)
        start(checking, worker, index + checking->jobs);
}

static size_t check_all(const struct checking *checking)
{
    struct worker workers[MAX_JOBS] = { { .pid = 0 } };
    struct worker *worker = workers;
    size_t failed = 0;

    for (size_t i = 0; i < checking->jobs; i++)
        start(checking, &workers[i], i);
    for (size_t i = 0; i < checking->paths.count; i++) {
        bool good = false;

        if (!take(worker, &good))
            replace(checking, worker, i);
        failed += !good;
        worker = worker + 1 == workers + checking->jobs ? workers : worker + 1;
    }
    printf("1..%zu\n", checking->paths.count);
    for (size_t i = 0; i < checking->jobs; i++)
        if (workers[i].pid > 0)
            failed += !ended_well(&workers[i]);
    return failed;
}

/* ==== the command ==== */

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

static int check(struct checking *checking, char **directories)
{
    static char fixtures[] = "fixtures";
    static char *all[] = { fixtures, NULL };
    struct arena names;
    size_t failed = 0;

    arena_init(&names, MEMORY, out_of_memory, NULL);
    strv_init(&checking->paths, &names);
    failed += !find_all(*directories == NULL ? all : directories, &checking->paths);
    if (checking->jobs > checking->paths.count)
        checking->jobs = checking->paths.count;
    failed += check_all(checking);
    arena_release(&names);
    return failed == 0 && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static bool take_option(struct checking *checking, const char *word)
{
    static const char jobs[] = "--jobs=";
    char *end = NULL;
    long count = 0;

    if (strcmp(word, "--update") == 0) {
        checking->update = true;
        return true;
    }
    if (strncmp(word, jobs, strlen(jobs)) != 0)
        return false;
    count = strtol(word + strlen(jobs), &end, 10);
    checking->jobs = (size_t)count;
    return *end == '\0' && count >= 1 && count <= MAX_JOBS;
}

int fixture_check(char **words)
{
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    struct checking checking = {
        .jobs = processors < 1          ? 1
                : processors > MAX_JOBS ? MAX_JOBS
                                        : (size_t)processors,
    };

    while (*words != NULL && **words == '-') {
        if (!take_option(&checking, *words)) {
            fputs(fixture_check_help, stderr);
            return USAGE;
        }
        words++;
    }
    return check(&checking, words);
}
