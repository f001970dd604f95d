/* SPDX-License-Identifier: Apache-2.0 */
/* This file stands in front of the translator, and keeps what it is asked and what it answers.
 * It must not know how a call is translated. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture_case.h"
#include "fixture_client.h"
#include "fixture_record.h"
#include "fixture_record_hide.h"
#include "fixture_record_pump.h"
#include "fixture_record_redact.h"
#include "json.h"
#include "methods.h"
#include "settings.h"
#include "surroundings.h"

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

/* ==== the call's folder ==== */

/* Shows as long as this process lives that a call is going on. */
static void hold(const char *calls)
{
    int fd = open(calls, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd >= 0)
        flock(fd, LOCK_SH);
}

/* A new folder with the next free number; NULL with errno, EEXIST when all are used. */
static const char *new_folder(struct arena *arena, const char *calls)
{
    for (int number = 1; number <= RECORD_MAX; number++) {
        const char *path = arena_printf(arena, "%s/%03d", calls, number);

        if (mkdir(path, 0700) == 0)
            return path;
        if (errno != EEXIST)
            break;
    }
    return NULL;
}

/* ==== what is kept beside the request ==== */

static bool write_text(struct arena *arena, const char *dir, const char *name, const char *text)
{
    FILE *file = *text == '\0' ? NULL : fopen(arena_printf(arena, "%s/%s", dir, name), "wxe");

    return *text == '\0' || (file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

/* Not where docker or a trace is, and not docker's folder: those are the recording's own. */
static const char *settings_lines(struct arena *arena)
{
    static const char prefix[] = "CRI_ONESHOT_";
    static const char *const names[] = { "DOCKER_VERSION", "PAUSE_IMAGE", "PAUSE_OOM_SCORE_ADJ",
                                         "NETWORK",        "LOG_OPTS",    "MAX_REQUEST",
                                         "READ_TIMEOUT",   "ALLOW_TCP" };
    const char *text = "";

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *name = arena_printf(arena, "%s%s", prefix, names[i]);
        const char *value = getenv(name);

        if (value != NULL && *value != '\0')
            text = arena_printf(arena, "%s%s=%s\n", text, name, value);
    }
    return text;
}

static const char *surroundings_lines(struct arena *arena, const Oneshot__V1__Request *request)
{
    const struct method *method = method_find(request->call_case);
    struct surroundings found = { .nonce = "" };

    if (method == NULL || !method->docker_config)
        return "";
    surroundings_read_docker(arena, &found);
    return arena_printf(arena, "docker_config=%s\ndocker_context=%s\ndocker_cert_path=%s\n",
                        found.docker_config, found.docker_context, found.docker_cert_path);
}

/* How long the caller would wait is another number each time that a gateway says it, and makes
 * neither command nor response another. */
static bool keep_request(struct arena *arena, const char *dir, Oneshot__V1__Request *request)
{
    json_t *json = redact_request(arena, request);
    char *text = NULL;
    bool kept = false;

    if (request->timeout_ms > 0)
        json_object_del(json, "timeout_ms");
    text = json_dumps(json, JSON_INDENT(2));
    kept = text != NULL &&
           write_text(arena, dir, fixture_names[FIXTURE_REQUEST_JSON],
                      arena_printf(arena, "%s\n", text)) &&
           write_text(arena, dir, fixture_names[FIXTURE_SETTINGS], settings_lines(arena)) &&
           write_text(arena, dir, fixture_names[FIXTURE_SURROUNDINGS],
                      surroundings_lines(arena, request));

    free(text);
    json_decref(json);
    return kept;
}

static void note_that_there_are_more(struct arena *arena, const char *calls)
{
    int fd =
        open(arena_printf(arena, "%s/" RECORD_MORE, calls), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    if (fd >= 0)
        close(fd);
}

/* ==== the real translator ==== */

/* As if nothing were recorded. */
static int run_bare(char **words)
{
    const char *docker = getenv(RECORD_DOCKER);

    words[-1] = getenv(RECORD_TRANSLATOR);
    if (docker != NULL)
        setenv("CRI_ONESHOT_DOCKER", docker, 1);
    errno = ENOENT;
    if (words[-1] != NULL)
        execvp(words[-1], words - 1);
    return complain(RECORD_TRANSLATOR);
}

/* Of a larger one it reads what comes, so that its client gets to the answer. */
static size_t largest_request(void)
{
    struct settings settings;
    struct err ignored = { .code = GRPC_OK };

    settings_load(&settings, surroundings_variable, NULL, &ignored);
    return settings.max_request;
}

/* Its pipes. */
struct served {
    pid_t child;
    int in;
    struct tap tap;
};

static bool start(const char *dir, struct served *served)
{
    char *words[] = { getenv(RECORD_TRANSLATOR), NULL };
    int in[2] = { -1, -1 };
    int out = -1;

    errno = ENOENT;
    if (words[0] == NULL || pipe2(in, O_CLOEXEC) != 0 ||
        !tap_open(&served->tap, &out, STDOUT_FILENO, dir, RECORD_FRAMES))
        return false;
    served->in = in[1];
    errno = pump_start(words, in[0], out, -1, &served->child);
    close(in[0]);
    close(out);
    return errno == 0;
}

/* What is not one request leaves no request.json. */
static bool keep_what_came(struct arena *arena, const char *dir, const struct feed *feed)
{
    Oneshot__V1__Request *request = NULL;
    bool kept = false;

    if (feed_is_whole(feed))
        request = oneshot__v1__request__unpack(NULL, feed->length,
                                               (const uint8_t *)feed->bytes.data + feed->start);
    kept = request == NULL || keep_request(arena, dir, request);
    if (request != NULL)
        oneshot__v1__request__free_unpacked(request, NULL);
    return kept &&
           write_text(arena, dir, RECORD_CAME, arena_printf(arena, "%zu\n", feed->bytes.length));
}

/* Runs it, and passes both ways. How it ended, as wait(2) has it; -1: it cannot be run. */
static int serve(struct arena *arena, const char *dir)
{
    struct served served = { .in = -1 };
    const struct ends ends = { .client = STDOUT_FILENO };
    struct feed feed;
    bool kept = false;
    bool read = false;
    int status = 0;

    pass_signals_on();
    if (!start(dir, &served))
        return -1;
    signalled = served.child;
    feed_init(&feed, STDIN_FILENO, served.in, largest_request());
    feed_pump(&feed);
    kept = keep_what_came(arena, dir, &feed);
    read = pump(&served.tap, 1, &ends);
    status = child_wait(served.child);
    kept = (!feed_is_whole(&feed) ||
            record_hide(arena, dir, (const uint8_t *)feed.bytes.data + feed.start, feed.length)) &&
           kept;
    buf_release(&feed.bytes);
    if (!read && status == 0)
        status = W_EXITCODE(1, 0); /* as it has it itself when its answer cannot be written */
    if (!kept || !write_text(arena, dir, RECORD_ENDED, arena_printf(arena, "%d\n", status)))
        complain(dir);
    return status;
}

static int record(struct arena *arena, const char *dir)
{
    int status = 0;

    setenv(RECORD_CALL, dir, 1);
    status = serve(arena, dir);
    return status < 0 ? complain(getenv(RECORD_TRANSLATOR)) : end_as(status);
}

int fixture_record_translator(char **words)
{
    const char *calls = getenv(RECORD_CALLS);
    const char *dir = NULL;
    struct arena arena;
    int status = 0;

    if (words[0] != NULL) /* --methods, --explain: nothing to record */
        return run_bare(words);
    errno = ENOENT;
    if (calls == NULL)
        return complain(RECORD_CALLS);
    hold(calls);
    signal(SIGPIPE, SIG_IGN);
    arena_init(&arena, MEMORY, out_of_memory, NULL);
    dir = new_folder(&arena, calls);
    if (dir != NULL) {
        status = record(&arena, dir);
    } else if (errno == EEXIST) {
        note_that_there_are_more(&arena, calls);
        status = run_bare(words);
    } else {
        status = complain(calls);
    }
    arena_release(&arena);
    return status;
}
