/* SPDX-License-Identifier: Apache-2.0 */
/* This file stands in front of the translator, and keeps what it is asked and what it answers.
 * It must not know how a call is translated. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture_case.h"
#include "fixture_client.h"
#include "fixture_record.h"
#include "fixture_record_pump.h"
#include "fixture_record_redact.h"
#include "frame_client.h"
#include "json.h"
#include "methods.h"
#include "surroundings.h"

enum { MEMORY = 1024 * 1024 * 1024, CALLS = 1000, CANNOT_RUN = 127 };

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

/* ==== what the client asks ==== */

/* The first frame; NULL when there is none, the bytes that came are in the inbox then too. */
static Oneshot__V1__Request *read_request(struct inbox *inbox)
{
    const uint8_t *frame = NULL;
    size_t length = 0;
    enum inbox_status status = inbox_take(inbox, &frame, &length);

    while (status == INBOX_MORE && inbox_fill(inbox, STDIN_FILENO) > 0)
        status = inbox_take(inbox, &frame, &length);
    return status == INBOX_FRAME ? oneshot__v1__request__unpack(NULL, length, frame) : NULL;
}

/* A new folder with the next free number; NULL with errno. */
static const char *new_folder(struct arena *arena)
{
    const char *calls = getenv(RECORD_CALLS);

    for (int number = 1; calls != NULL && number < CALLS; number++) {
        const char *path = arena_printf(arena, "%s/%03d", calls, number);

        if (mkdir(path, 0700) == 0)
            return path;
        if (errno != EEXIST)
            break;
    }
    return NULL;
}

/* ==== what is kept beside the request ==== */

static bool write_text(struct arena *arena, const char *dir, enum fixture_file name,
                       const char *text)
{
    FILE *file =
        *text == '\0' ? NULL : fopen(arena_printf(arena, "%s/%s", dir, fixture_names[name]), "wxe");

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

static bool keep_request(struct arena *arena, const char *dir, const Oneshot__V1__Request *request)
{
    json_t *json = redact_request(request);
    char *text = json_dumps(json, JSON_INDENT(2));
    bool kept = text != NULL &&
                write_text(arena, dir, FIXTURE_REQUEST_JSON, arena_printf(arena, "%s\n", text)) &&
                write_text(arena, dir, FIXTURE_SETTINGS, settings_lines(arena)) &&
                write_text(arena, dir, FIXTURE_SURROUNDINGS, surroundings_lines(arena, request));

    free(text);
    json_decref(json);
    return kept;
}

/* ==== the real translator ==== */

static void send_all(int fd, const struct buf *bytes)
{
    size_t at = 0;

    while (at < bytes->length) {
        ssize_t count = write(fd, bytes->data + at, bytes->length - at);

        if (count < 0 && errno != EINTR)
            break; /* it may have answered already */
        at += count < 0 ? 0 : (size_t)count;
    }
    close(fd);
}

static int serve(const char *dir, const struct buf *bytes)
{
    char *words[] = { getenv(RECORD_TRANSLATOR), NULL };
    struct tap tap = { .from = -1 };
    int in[2] = { -1, -1 };
    int out = -1;
    pid_t child = 0;

    errno = ENOENT;
    if (words[0] == NULL)
        return complain(RECORD_TRANSLATOR);
    if (pipe2(in, O_CLOEXEC) != 0 || !tap_open(&tap, &out, STDOUT_FILENO, dir, RECORD_FRAMES))
        return complain(dir);
    errno = pump_start(words, in[0], out, -1, &child);
    close(in[0]);
    close(out);
    if (errno != 0)
        return complain(words[0]);
    send_all(in[1], bytes);
    pump(&tap, 1, STDOUT_FILENO);
    return child_status(child);
}

static int record(struct arena *arena, const Oneshot__V1__Request *request, const struct buf *bytes)
{
    const char *dir = new_folder(arena);

    if (dir == NULL)
        return complain(RECORD_CALLS);
    if (request != NULL && !keep_request(arena, dir, request))
        return complain(dir);
    setenv(RECORD_CALL, dir, 1);
    return serve(dir, bytes);
}

int fixture_record_translator(char **words)
{
    struct inbox inbox;
    struct arena arena;
    Oneshot__V1__Request *request = NULL;
    int status = 0;

    if (words[0] != NULL) { /* --methods, --explain: nothing to record */
        words[-1] = getenv(RECORD_TRANSLATOR);
        if (words[-1] != NULL)
            execvp(words[-1], words - 1);
        return complain(RECORD_TRANSLATOR);
    }
    signal(SIGPIPE, SIG_IGN);
    arena_init(&arena, MEMORY, out_of_memory, NULL);
    inbox_init(&inbox);
    request = read_request(&inbox);
    status = record(&arena, request, &inbox.bytes);
    if (request != NULL)
        oneshot__v1__request__free_unpacked(request, NULL);
    inbox_release(&inbox);
    arena_release(&arena);
    return status;
}
