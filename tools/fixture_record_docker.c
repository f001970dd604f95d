/* SPDX-License-Identifier: Apache-2.0 */
/* This file stands in front of docker, and keeps what it is asked and what it answers.
 * It must not know what the commands mean. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fixture_case.h"
#include "fixture_client.h"
#include "fixture_exit.h"
#include "fixture_lines.h"
#include "fixture_record.h"
#include "fixture_record_pump.h"

enum { MEMORY = 1024 * 1024 * 1024, CANNOT_RUN = 127 };

static void out_of_memory(void *context)
{
    (void)context;
    exit(CANNOT_RUN);
}

static int complain(const char *what)
{
    fprintf(stderr, "cri-fixture: %s: %s\n", what, strerror(errno));
    return CANNOT_RUN;
}

static bool write_file(struct arena *arena, const char *dir, const char *name, const char *text)
{
    FILE *file = fopen(arena_printf(arena, "%s/%s", dir, name), "wxe");
    bool written = file != NULL && fputs(text, file) >= 0;

    return file != NULL && fclose(file) == 0 && written;
}

static bool keep_asked(struct arena *arena, const char *dir, char *const *words)
{
    struct strv asked;
    size_t count = 0;

    while (words[count] != NULL)
        count++;
    strv_init(&asked, arena);
    strv_push(&asked, "docker");
    strv_push_all(&asked, words, count);
    return write_file(arena, dir, RECORD_ASKED, lines_join(arena, asked.words, asked.count));
}

/* Runs it, and keeps how it ended by itself: a docker that is ended together with us leaves
 * nothing. */
static int run_docker(struct arena *arena, const char *dir, char *const *words)
{
    struct tap taps[2];
    struct ends ends = { .client = -1 };
    struct fixture_exit ended = { .number = 0 };
    int pipes[2] = { -1, -1 };
    int status = 0;

    if (!tap_open(&taps[0], &pipes[0], STDOUT_FILENO, dir, fixture_names[FIXTURE_STDOUT]) ||
        !tap_open(&taps[1], &pipes[1], STDERR_FILENO, dir, fixture_names[FIXTURE_STDERR]))
        return complain(dir);
    taps[0].redacted = strcmp(words[1] == NULL ? "" : words[1], "exec") != 0;
    errno = pump_start(words, -1, pipes[0], pipes[1], &ends.child);
    if (errno != 0)
        return complain(words[0]);
    close(pipes[0]);
    close(pipes[1]);
    pump(taps, 2, &ends);
    status = child_wait(ends.child);
    ended = fixture_exit_of(status);
    write_file(arena, dir, fixture_names[FIXTURE_EXIT], fixture_exit_line(arena, &ended));
    return end_as(status);
}

int fixture_record_docker(char **words)
{
    static char plain_docker[] = "docker";
    const char *dir = getenv(RECORD_CALL);
    char *docker = getenv(RECORD_DOCKER);
    struct arena arena;
    int status = 0;

    errno = ENOENT;
    if (dir == NULL)
        return complain(RECORD_CALL);
    arena_init(&arena, MEMORY, out_of_memory, NULL);
    if (!keep_asked(&arena, dir, words))
        return complain(dir);
    words[-1] = docker == NULL ? plain_docker : docker; /* the program's name before its words */
    status = run_docker(&arena, dir, words - 1);
    arena_release(&arena);
    return status;
}
