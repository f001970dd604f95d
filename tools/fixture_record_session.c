/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes cases from what was kept of a session's calls.
 * It must not know how the calls were made. */
#include "fixture_record_session.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture_compare.h"
#include "fixture_play.h"
#include "fixture_record.h"
#include "fixture_record_heard.h"
#include "fixture_serve_match.h"
#include "json.h"

enum { NUMBER = 3, MAX_TEXT = 1 << 30 };

struct session_writer {
    struct stable *stable;
    struct arena *arena;
    const char *about;
    struct heard *heard;
    size_t count;
    bool good;
};

static void leave_out(struct session_writer *writer, const struct heard *heard, const char *why)
{
    fprintf(stderr, "cri-fixture: call %zu%s%s is left out: %s\n", heard->number,
            heard->words == NULL ? "" : ", ", heard->words == NULL ? "" : heard->words, why);
    writer->good = false;
}

/* ==== reading what was kept ==== */

static void load_all(struct session_writer *writer, const char *calls)
{
    writer->heard = arena_array(writer->arena, RECORD_MAX, sizeof(*writer->heard));
    for (size_t number = 1; number <= RECORD_MAX; number++) {
        const char *dir = arena_printf(writer->arena, "%s/%03zu", calls, number);
        struct heard *heard = &writer->heard[writer->count];
        struct err why = { .code = GRPC_OK };

        if (access(dir, F_OK) != 0)
            break;
        *heard = (struct heard){ .number = number };
        if (heard_read(writer->arena, dir, heard, &why))
            writer->count++;
        else if (why.code != GRPC_OK)
            leave_out(writer, heard, why.text);
    }
    if (access(arena_printf(writer->arena, "%s/" RECORD_MORE, calls), F_OK) == 0) {
        fprintf(stderr, "cri-fixture: the calls after number %d are left out\n", RECORD_MAX);
        writer->good = false;
    }
}

/* ==== does it play as it went? ==== */

/* Of an answer that nobody read to its end, what was read. What the host adds is not played. */
static bool answered_the_same(const struct heard *heard, const char *played)
{
    if (heard->method->after != NULL)
        return true;
    if (!heard->answered)
        return strncmp(heard->answers, played, strlen(heard->answers)) == 0;
    return strcmp(heard->answers, played) == 0;
}

static bool asked_the_same(struct arena *arena, const struct heard *heard,
                           const struct fixture_text *argv)
{
    static char *none[] = { NULL };
    struct session strict = { .lenient = false };
    struct recorded played = { .path = NULL };
    char *const *asked =
        heard->asked.count == 0 ? none : (char *const *)(uintptr_t)heard->asked.words;

    if (argv->data == NULL || !heard->asked_docker)
        return argv->data == NULL && !heard->asked_docker;
    recorded_read(arena, argv->data, &played.argv);
    return session_matches(&strict, &played, asked);
}

static void compare(struct session_writer *writer, const struct heard *heard)
{
    struct fixture_text out[FIXTURE_FILES] = { { .data = NULL } };
    struct err err = { .code = GRPC_OK };
    const char *problem = NULL;

    if (!fixture_play(writer->arena, &heard->fixture, out, &err))
        problem = err.text;
    else if (!asked_the_same(writer->arena, heard, &out[FIXTURE_ARGV]))
        problem = "the docker command is another one when it is played";
    json_use(writer->arena);
    if (problem == NULL && !answered_the_same(heard, out[FIXTURE_RESPONSE].data))
        problem = "the response is another one when it is played";
    if (problem == NULL)
        return;
    fprintf(stderr, "cri-fixture: call %zu, %s: %s\n", heard->number, heard->words, problem);
    writer->good = false;
}

/* ==== the same names for the same things ==== */

static struct fixture_text copy_of(struct arena *arena, const struct buf *bytes)
{
    char *data = arena_alloc(arena, bytes->length + 1);

    if (bytes->length > 0)
        memcpy(data, bytes->data, bytes->length);
    return (struct fixture_text){ .data = data, .length = bytes->length };
}

static void rename_all(struct session_writer *writer, bool keep)
{
    static const enum fixture_file renamed[] = { FIXTURE_SURROUNDINGS, FIXTURE_SETTINGS,
                                                 FIXTURE_REQUEST_JSON, FIXTURE_STDOUT,
                                                 FIXTURE_STDERR };
    struct buf out;

    buf_init(&out, MAX_TEXT);
    for (size_t i = 0; i < writer->count; i++)
        for (size_t j = 0; j < sizeof(renamed) / sizeof(renamed[0]); j++) {
            struct fixture_text *text = &writer->heard[i].fixture.files[renamed[j]];

            if (text->data == NULL)
                continue;
            out.length = 0;
            stable_write(writer->stable, text->data, text->length, &out);
            if (keep)
                *text = copy_of(writer->arena, &out);
        }
    buf_release(&out);
}

/* ==== writing ==== */

static bool is_case_name(const char *name)
{
    for (size_t i = 0; i < NUMBER; i++)
        if (!isdigit((unsigned char)name[i]))
            return false;
    return name[NUMBER] == ' ';
}

/* The cases of an earlier recording; what a person put beside them stays. */
static bool remove_cases(struct arena *arena, const char *session, struct err *err)
{
    DIR *directory = opendir(session);
    const struct dirent *entry = NULL;

    if (directory == NULL)
        return err_set(err, GRPC_NOT_FOUND, "%s: %s", session, strerror(errno));
    while ((entry = readdir(directory)) != NULL) {
        const char *path = arena_printf(arena, "%s/%s", session, entry->d_name);

        if (!is_case_name(entry->d_name))
            continue;
        for (size_t i = 0; i < FIXTURE_FILES; i++)
            unlink(arena_printf(arena, "%s/%s", path, fixture_names[i]));
        if (rmdir(path) != 0)
            err_set(err, GRPC_FAILED_PRECONDITION, "%s: %s", path, strerror(errno));
    }
    closedir(directory);
    return err->code == GRPC_OK;
}

static bool write_case(struct session_writer *writer, const char *session, struct heard *heard,
                       struct err *err)
{
    static const char usual[] =
        "docker_config=/root/.docker\ndocker_client_config=\ndocker_cert_path=/root/.docker\n"
        "docker_program=file\nselinux=no\n";
    struct fixture_text out[FIXTURE_FILES] = { { .data = NULL } };
    struct fixture *fixture = &heard->fixture;
    struct fixture_text *surroundings = &fixture->files[FIXTURE_SURROUNDINGS];
    const char *about = arena_printf(writer->arena, "%s\n%s", writer->about, heard->note);

    fixture->path =
        arena_printf(writer->arena, "%s/%03zu %s", session, heard->number, heard->words);
    fixture->files[FIXTURE_ABOUT] = (struct fixture_text){ about, strlen(about) };
    if (surroundings->data != NULL && strcmp(surroundings->data, usual) == 0)
        surroundings->data = NULL;
    if (!fixture_play(writer->arena, fixture, out, err))
        return err_wrap(err, "%s", fixture->path);
    for (size_t i = 0; i < FIXTURE_EXPECTED; i++)
        out[i] = fixture->files[i];
    if (mkdir(fixture->path, 0777) != 0)
        return err_set(err, GRPC_UNAVAILABLE, "%s: %s", fixture->path, strerror(errno));
    for (size_t i = 0; i < FIXTURE_FILES; i++)
        if (out[i].data != NULL && !fixture_update(fixture, out, (enum fixture_file)i))
            return err_set(err, GRPC_UNAVAILABLE, "%s/%s: %s", fixture->path, fixture_names[i],
                           strerror(errno));
    return true;
}

bool session_write(struct stable *stable, const char *calls, const char *session, const char *about,
                   struct err *err)
{
    struct session_writer writer = {
        .stable = stable, .arena = stable->arena, .about = about, .good = true
    };

    json_use(writer.arena);
    load_all(&writer, calls);
    for (size_t i = 0; i < writer.count; i++)
        compare(&writer, &writer.heard[i]);
    rename_all(&writer, false);
    rename_all(&writer, true);
    if (!remove_cases(writer.arena, session, err))
        return false;
    for (size_t i = 0; i < writer.count; i++)
        if (!write_case(&writer, session, &writer.heard[i], err))
            return false;
    if (writer.count == 0)
        return err_set(err, GRPC_NOT_FOUND, "no call of the translator was seen");
    return writer.good || err_set(err, GRPC_ABORTED, "not all of the session was recorded");
}
