/* SPDX-License-Identifier: Apache-2.0 */
/* This file stands in for docker: it answers a command as it was answered when it was recorded.
 * It must not know any RPC. */
#include "fixture_serve.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture_case.h"
#include "fixture_client.h"
#include "fixture_exit.h"
#include "fixture_serve_match.h"
#include "show.h"

enum { MEMORY = 1024 * 1024 * 1024, USAGE = 2, REFUSED = 125 };

const char fixture_serve_help[] =
    "usage: cri-fixture serve [--lenient] DIR -- CMD...\n"
    "\n"
    "Runs CMD where docker is a stand-in that answers as it did when the session DIR was "
    "recorded.\n"
    "The n-th time that a command is asked, the n-th case that asked it answers; later the last\n"
    "one. A command that is in no case fails with status 125, showing the nearest, and then serve\n"
    "itself fails at the end. --lenient compares the verb and its operands only, no options.\n"
    "\n"
    "The stand-in alone is cri-fixture-docker: CRI_ONESHOT_DOCKER names it, CRI_FIXTURE_SESSION "
    "the\n"
    "session, CRI_FIXTURE_STATE an empty folder where it counts (not set: the first case always\n"
    "answers), and CRI_FIXTURE_MATCH=lenient is --lenient.\n";

static void out_of_memory(void *context)
{
    (void)context;
    fputs("cri-fixture: the session takes too much memory\n", stderr);
    exit(REFUSED);
}

static int complain(const char *text, int status)
{
    fprintf(stderr, "cri-fixture: %s\n", text);
    return status;
}

/* ==== counting ==== */

/* Appends a line, and tells how long the file is then: an append is one step, also for several
 * that ask at once. -1: there is no state. One that cannot be written ends us. */
static off_t append_state(struct arena *arena, const char *name, const char *line)
{
    const char *state = getenv("CRI_FIXTURE_STATE");
    const char *path = arena_printf(arena, "%s/%s", state == NULL ? "" : state, name);
    int fd = -1;
    off_t length = -1;

    if (state == NULL || *state == '\0')
        return -1;
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd >= 0 && write(fd, line, strlen(line)) == (ssize_t)strlen(line))
        length = lseek(fd, 0, SEEK_CUR);
    if (length < 0)
        exit(complain(arena_printf(arena, "CRI_FIXTURE_STATE: %s: %s", path, strerror(errno)),
                      REFUSED));
    close(fd);
    return length;
}

/* What cannot be answered is told here and, because a client may swallow it, by serve at its
 * end. */
static int refuse_with(struct arena *arena, const char *text)
{
    append_state(arena, "unknown", arena_printf(arena, "%s\n", text));
    return complain(text, REFUSED);
}

/* How often the command was asked before. Its first case stands for it. */
static size_t times_asked(struct arena *arena, const struct session *session,
                          const struct recorded *first)
{
    off_t length = append_state(
        arena, arena_printf(arena, "asked.%zu", (size_t)(first - session->cases)), ".");

    return length < 1 ? 0 : (size_t)length - 1;
}

static const struct recorded *choose(struct arena *arena, const struct session *session,
                                     char *const *words)
{
    const struct recorded *chosen = NULL;
    size_t times = 0;

    for (size_t i = 0; i < session->count; i++) {
        const struct recorded *recorded = &session->cases[i];

        if (!session_matches(session, recorded, words))
            continue;
        if (chosen == NULL)
            times = times_asked(arena, session, recorded);
        chosen = recorded;
        if (times-- == 0)
            break;
    }
    return chosen;
}

/* ==== answering ==== */

static bool write_all(int fd, const struct fixture_text *text)
{
    size_t at = 0;

    while (at < text->length) {
        ssize_t count = write(fd, text->data + at, text->length - at);

        if (count < 0 && errno != EINTR)
            return false;
        at += count < 0 ? 0 : (size_t)count;
    }
    return true;
}

static int answer(struct arena *arena, const struct recorded *recorded)
{
    struct fixture_text text[FIXTURE_FILES] = { { .data = NULL } };
    struct fixture_exit ended = { .number = 0 };
    struct err err = { .code = GRPC_OK };

    for (int file = FIXTURE_STDOUT; file <= FIXTURE_EXIT; file++)
        if (!fixture_read(arena, recorded->path, (enum fixture_file)file, &text[file], &err))
            return refuse_with(arena, err.text);
    if (!fixture_exit_read(&text[FIXTURE_EXIT], &ended, &err)) {
        err_wrap(&err, "%s", recorded->path);
        return refuse_with(arena, err.text);
    }
    if (!write_all(STDOUT_FILENO, &text[FIXTURE_STDOUT]) ||
        !write_all(STDERR_FILENO, &text[FIXTURE_STDERR]))
        return REFUSED;
    while (ended.how == FIXTURE_DEADLINE || ended.how == FIXTURE_HANG_UP)
        pause(); /* until we are ended, as docker was */
    return end_as(ended.how == FIXTURE_KILLED ? W_EXITCODE(0, ended.number)
                                              : W_EXITCODE(ended.number, 0));
}

static int refuse(struct arena *arena, const struct session *session, char *const *words)
{
    const struct recorded *nearest = session_nearest(arena, session, words);
    const char *slash = strrchr(nearest->path, '/');
    const char *command = "docker";
    const char *text = NULL;

    for (size_t i = 0; words[i] != NULL; i++)
        command = arena_printf(arena, "%s %s", command, show_word(arena, words[i]));
    text = arena_printf(arena,
                        "not in the session \"%s\": %s\nthe nearest is case \"%s\", to which it is "
                        "%s",
                        session->path, command, slash == NULL ? nearest->path : slash + 1,
                        recorded_difference(arena, nearest, words));
    return refuse_with(arena, text);
}

int fixture_stand_in(char **words)
{
    const char *path = getenv("CRI_FIXTURE_SESSION");
    const char *match = getenv("CRI_FIXTURE_MATCH");
    const struct recorded *recorded = NULL;
    struct session session = { .count = 0 };
    struct err err = { .code = GRPC_OK };
    struct arena arena;
    int status = REFUSED;

    arena_init(&arena, MEMORY, out_of_memory, NULL);
    if (path == NULL || *path == '\0')
        return complain("CRI_FIXTURE_SESSION names no session", REFUSED);
    if (match != NULL && *match != '\0' && strcmp(match, "strict") != 0 &&
        strcmp(match, "lenient") != 0)
        return complain("CRI_FIXTURE_MATCH is not strict or lenient", REFUSED);
    if (!session_load(&arena, path, &session, &err))
        return refuse_with(&arena, err.text);
    session.lenient = match != NULL && strcmp(match, "lenient") == 0;
    recorded = choose(&arena, &session, words);
    status = recorded == NULL ? refuse(&arena, &session, words) : answer(&arena, recorded);
    arena_release(&arena);
    return status;
}

/* ==== cri-fixture serve ==== */

/* What could not be answered, told again at the end, because a client may have swallowed it. */
static int report(struct arena *arena, const char *state, int status)
{
    FILE *file = fopen(arena_printf(arena, "%s/unknown", state), "re");

    if (file == NULL)
        return status;
    fputs("cri-fixture: docker was asked what the session cannot answer:\n", stderr);
    for (int byte = getc(file); byte != EOF; byte = getc(file))
        putc(byte, stderr);
    fclose(file);
    return status == 0 ? EXIT_FAILURE : status;
}

static bool set_up(struct arena *arena, const char *session, bool lenient, const char *work,
                   struct err *err)
{
    const char *stand_in = arena_printf(arena, "%s/" FIXTURE_SERVE_NAME, work);
    char *path = realpath(session, NULL);
    bool done = path != NULL && symlink(own_program(arena), stand_in) == 0 &&
                mkdir(arena_printf(arena, "%s/state", work), 0700) == 0 &&
                setenv("CRI_ONESHOT_DOCKER", stand_in, 1) == 0 &&
                setenv("CRI_FIXTURE_SESSION", path, 1) == 0 &&
                setenv("CRI_FIXTURE_STATE", arena_printf(arena, "%s/state", work), 1) == 0 &&
                (!lenient || setenv("CRI_FIXTURE_MATCH", "lenient", 1) == 0);

    if (!done)
        err_set(err, GRPC_UNAVAILABLE, "%s: %s", session, strerror(errno));
    free(path);
    return done;
}

static int serve(struct arena *arena, const char *path, bool lenient, char **command)
{
    struct session session = { .count = 0 };
    struct err err = { .code = GRPC_OK };
    const char *work = NULL;
    int status = EXIT_FAILURE;

    if (session_load(arena, path, &session, &err))
        work = work_make(arena, &err);
    if (work != NULL) {
        if (set_up(arena, path, lenient, work, &err)) {
            status = client_run(command, &err);
            status = report(arena, arena_printf(arena, "%s/state", work), status);
        }
        work_remove(work);
    }
    return err.code == GRPC_OK ? status : complain(err.text, status);
}

int fixture_serve(char **words)
{
    struct arena arena;
    bool lenient = words[0] != NULL && strcmp(words[0], "--lenient") == 0;
    int status = 0;

    words += lenient;
    if (words[0] == NULL || words[0][0] == '-' || words[1] == NULL || strcmp(words[1], "--") != 0 ||
        words[2] == NULL) {
        fputs(fixture_serve_help, stderr);
        return USAGE;
    }
    arena_init(&arena, MEMORY, out_of_memory, NULL);
    status = serve(&arena, words[0], lenient, words + 2);
    arena_release(&arena);
    return status;
}
