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
#include "fixture_serve_match.h"
#include "frame_client.h"
#include "json.h"
#include "methods.h"
#include "oneshot/v1/oneshot.pb-c.h"
#include "protojson.h"

enum { CALLS = 1000, NUMBER = 3, MAX_TEXT = 1 << 30 };

/* A call as it went. */
struct heard {
    size_t number;
    const char *words; /* the RPC's name in words: "run pod sandbox" */
    const struct method *method;
    struct fixture fixture;
    struct fixture_text frames;
    struct strv asked; /* docker's words */
    bool asked_docker;
    bool ended_early; /* docker had not ended by itself */
    const char *note; /* for "about" */
};

struct session_writer {
    struct stable *stable;
    struct arena *arena;
    const char *about;
    struct heard *heard;
    size_t count;
    bool good;
};

static bool leave_out(struct session_writer *writer, const struct heard *heard, const char *why)
{
    fprintf(stderr, "cri-fixture: call %zu%s%s is left out: %s\n", heard->number,
            heard->words == NULL ? "" : ", ", heard->words == NULL ? "" : heard->words, why);
    writer->good = false;
    return false;
}

/* ==== reading what was kept ==== */

static bool find_method(struct arena *arena, struct heard *heard)
{
    const struct fixture_text *text = &heard->fixture.files[FIXTURE_REQUEST_JSON];
    json_t *json = json_loadb(text->data, text->length, 0, NULL);
    const ProtobufCFieldDescriptor *field = NULL;
    const char *key = NULL;
    json_t *value = NULL;

    json_object_foreach(json, key, value)
    {
        field =
            protobuf_c_message_descriptor_get_field_by_name(&oneshot__v1__request__descriptor, key);
        heard->method = field == NULL ? NULL : method_find(field->id);
        if (heard->method != NULL)
            break;
    }
    if (heard->method != NULL) {
        char *words = arena_strdup(arena, key);

        for (char *at = words; *at != '\0'; at++)
            *at = *at == '_' ? ' ' : *at;
        heard->words = words;
    }
    return heard->method != NULL;
}

static bool read_named(struct arena *arena, const char *dir, const char *name,
                       struct fixture_text *text)
{
    FILE *file = fopen(arena_printf(arena, "%s/%s", dir, name), "re");
    struct stat status = { 0 };
    char *data = NULL;

    if (file == NULL)
        return false;
    if (fstat(fileno(file), &status) == 0) {
        data = arena_alloc(arena, (size_t)status.st_size + 1);
        text->length = fread(data, 1, (size_t)status.st_size, file);
    }
    text->data = data;
    fclose(file);
    return data != NULL;
}

/* Files that say nothing are none. */
static void drop_defaults(struct fixture_text *files)
{
    for (size_t i = 0; i < FIXTURE_FILES; i++)
        if (files[i].length == 0)
            files[i].data = NULL;
    if (files[FIXTURE_EXIT].data != NULL && strcmp(files[FIXTURE_EXIT].data, "0\n") == 0)
        files[FIXTURE_EXIT] = (struct fixture_text){ .data = NULL };
}

static bool load(struct session_writer *writer, const char *dir, struct heard *heard)
{
    static const enum fixture_file kept[] = { FIXTURE_REQUEST_JSON, FIXTURE_SETTINGS,
                                              FIXTURE_SURROUNDINGS, FIXTURE_STDOUT,
                                              FIXTURE_STDERR,       FIXTURE_EXIT };
    struct fixture_text *files = heard->fixture.files;
    struct fixture_text asked = { .data = NULL };
    struct err err = { .code = GRPC_OK };

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (!fixture_read(writer->arena, dir, kept[i], &files[kept[i]], &err))
            return leave_out(writer, heard, err.text);
    if (files[FIXTURE_REQUEST_JSON].data == NULL || !find_method(writer->arena, heard))
        return leave_out(writer, heard, "it is no request");
    read_named(writer->arena, dir, RECORD_FRAMES, &heard->frames);
    heard->asked_docker = read_named(writer->arena, dir, RECORD_ASKED, &asked);
    recorded_read(writer->arena, asked.data, &heard->asked);
    heard->ended_early = heard->asked_docker && files[FIXTURE_EXIT].data == NULL;
    if (heard->ended_early && heard->method->stream == NULL)
        return leave_out(writer, heard, "docker was ended before it was done");
    if (heard->ended_early)
        heard->note = "The client hung up, or its time was over: docker did not end by itself.\n";
    else if (heard->method->after != NULL)
        heard->note = "What the host adds to docker's answer is not in it.\n";
    drop_defaults(files);
    return true;
}

static void load_all(struct session_writer *writer, const char *calls)
{
    writer->heard = arena_array(writer->arena, CALLS, sizeof(*writer->heard));
    for (size_t number = 1; number < CALLS; number++) {
        const char *dir = arena_printf(writer->arena, "%s/%03zu", calls, number);
        struct heard *heard = &writer->heard[writer->count];

        if (access(dir, F_OK) != 0)
            break;
        *heard = (struct heard){ .number = number, .note = "" };
        if (load(writer, dir, heard))
            writer->count++;
    }
}

/* ==== does it play as it went? ==== */

/* The answer's frames as response.json has them. */
static const char *responses(struct arena *arena, const struct heard *heard)
{
    size_t flags = heard->method->stream != NULL ? JSON_COMPACT : JSON_INDENT(2);
    const char *text = "";
    const uint8_t *frame = NULL;
    size_t length = 0;
    struct inbox inbox;

    inbox_init(&inbox);
    if (!buf_append(&inbox.bytes, heard->frames.data, heard->frames.length))
        return text;
    while (inbox_take(&inbox, &frame, &length) == INBOX_FRAME) {
        ProtobufCMessage *message =
            protobuf_c_message_unpack(&oneshot__v1__response__descriptor, NULL, length, frame);

        if (message == NULL)
            break;
        text =
            arena_printf(arena, "%s%s\n", text, json_dumps(protojson_write(message, NULL), flags));
        protobuf_c_message_free_unpacked(message, NULL);
    }
    inbox_release(&inbox);
    return text;
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
    const char *played = NULL;

    if (!fixture_play(writer->arena, &heard->fixture, out, &err))
        problem = err.text;
    else if (!asked_the_same(writer->arena, heard, &out[FIXTURE_ARGV]))
        problem = "the docker command is another one when it is played";
    json_use(writer->arena);
    played = out[FIXTURE_RESPONSE].data;
    if (problem == NULL && *heard->note == '\0' && played != NULL &&
        strcmp(responses(writer->arena, heard), played) != 0)
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
        "docker_config=/root/.docker\ndocker_context=\ndocker_cert_path=/root/.docker\n";
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
