/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads back what was kept of one call of a session.
 * It must not know what becomes of it. */
#include "fixture_record_heard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "fixture_record.h"
#include "fixture_serve_match.h"
#include "frame_client.h"
#include "oneshot/v1/oneshot.pb-c.h"
#include "protojson.h"

enum { MAX_TEXT = 1 << 30 };

/* ==== which RPC it is ==== */

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

/* ==== the answer ==== */

static bool keep_answer(struct heard *heard, const Oneshot__V1__Response *response,
                        struct buf *text, enum grpc_code *outcome)
{
    bool streams = heard->method->stream != NULL;
    char *line =
        json_dumps(protojson_write(&response->base, NULL), streams ? JSON_COMPACT : JSON_INDENT(2));

    heard->answered = !streams || response->outcome != NULL;
    if (response->outcome != NULL)
        *outcome = (enum grpc_code)response->outcome->code;
    return line != NULL && buf_puts(text, line) && buf_putc(text, '\n');
}

/* The frames' documents, and the outcome in the last of them. */
static void read_answers(struct arena *arena, struct heard *heard, enum grpc_code *outcome)
{
    const uint8_t *frame = NULL;
    size_t length = 0;
    struct inbox inbox;
    struct buf text;

    inbox_init(&inbox);
    buf_init(&text, MAX_TEXT);
    if (!buf_append(&inbox.bytes, heard->frames.data, heard->frames.length))
        return;
    while (inbox_take(&inbox, &frame, &length) == INBOX_FRAME) {
        Oneshot__V1__Response *response = oneshot__v1__response__unpack(NULL, length, frame);
        bool kept = response != NULL && keep_answer(heard, response, &text, outcome);

        if (response != NULL)
            oneshot__v1__response__free_unpacked(response, NULL);
        if (!kept)
            break;
    }
    heard->answers = arena_strndup(arena, text.length == 0 ? "" : text.data, text.length);
    buf_release(&text);
    inbox_release(&inbox);
}

/* ==== how it ended ==== */

/* A docker that did not end by itself. Where another outcome is told, docker was ended for what it
 * had printed, and that will show when it is played. */
static bool explain_end(struct arena *arena, struct heard *heard, enum grpc_code outcome,
                        struct err *err)
{
    struct fixture_exit ended = { .how = FIXTURE_HANG_UP };
    const char *line = NULL;

    if (heard->answered && outcome == GRPC_CANCELLED)
        return err_set(err, GRPC_CANCELLED, "the translator was told to end");
    if (heard->answered && outcome != GRPC_DEADLINE_EXCEEDED)
        return true;
    heard->note = "Its client hung up: docker was ended.\n";
    if (heard->answered) {
        ended.how = FIXTURE_DEADLINE;
        heard->note = "Its time was over: docker was ended.\n";
    }
    line = fixture_exit_line(arena, &ended);
    heard->fixture.files[FIXTURE_EXIT] = (struct fixture_text){ line, strlen(line) };
    return true;
}

static bool check_translator(struct arena *arena, const char *dir, struct err *err)
{
    struct fixture_text text = { .data = NULL };
    struct err ignored = { .code = GRPC_OK };
    const char *path = arena_printf(arena, "%s/" RECORD_ENDED, dir);
    int status = 0;

    if (!fixture_read_path(arena, path, &text, &ignored) || text.data == NULL)
        return err_set(err, GRPC_UNAVAILABLE, "it was still going on when the client ended");
    status = (int)strtol(text.data, NULL, 10);
    return !WIFSIGNALED(status) ||
           err_set(err, GRPC_INTERNAL, "the translator was killed by signal %d", WTERMSIG(status));
}

/* ==== the whole ==== */

/* Files that say nothing are none. */
static void drop_defaults(struct fixture_text *files)
{
    for (size_t i = 0; i < FIXTURE_FILES; i++)
        if (files[i].length == 0)
            files[i].data = NULL;
    if (files[FIXTURE_EXIT].data != NULL && strcmp(files[FIXTURE_EXIT].data, "0\n") == 0)
        files[FIXTURE_EXIT] = (struct fixture_text){ .data = NULL };
}

static bool read_files(struct arena *arena, const char *dir, struct heard *heard, struct err *err)
{
    static const enum fixture_file kept[] = { FIXTURE_REQUEST_JSON, FIXTURE_SETTINGS,
                                              FIXTURE_SURROUNDINGS, FIXTURE_STDOUT,
                                              FIXTURE_STDERR,       FIXTURE_EXIT };
    struct fixture_text asked = { .data = NULL };

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (!fixture_read(arena, dir, kept[i], &heard->fixture.files[kept[i]], err))
            return false;
    if (!fixture_read_path(arena, arena_printf(arena, "%s/" RECORD_FRAMES, dir), &heard->frames,
                           err) ||
        !fixture_read_path(arena, arena_printf(arena, "%s/" RECORD_ASKED, dir), &asked, err))
        return false;
    heard->asked_docker = asked.data != NULL;
    recorded_read(arena, asked.data, &heard->asked);
    return true;
}

static bool nothing_came(struct arena *arena, const char *dir)
{
    struct fixture_text came = { .data = NULL };
    struct err ignored = { .code = GRPC_OK };

    return fixture_read_path(arena, arena_printf(arena, "%s/" RECORD_CAME, dir), &came, &ignored) &&
           came.data != NULL && strcmp(came.data, "0\n") == 0;
}

bool heard_read(struct arena *arena, const char *dir, struct heard *heard, struct err *err)
{
    struct fixture_text *files = heard->fixture.files;
    enum grpc_code outcome = GRPC_OK;

    heard->note = "";
    heard->answers = "";
    if (nothing_came(arena, dir) || !read_files(arena, dir, heard, err))
        return false;
    if (files[FIXTURE_REQUEST_JSON].data != NULL)
        find_method(arena, heard);
    if (!check_translator(arena, dir, err))
        return false;
    if (heard->method == NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT, "it is no request");
    read_answers(arena, heard, &outcome);
    if (heard->asked_docker && files[FIXTURE_EXIT].data == NULL) {
        if (!explain_end(arena, heard, outcome, err))
            return false;
    } else if (!heard->answered) {
        heard->note = "Its client hung up before the answer.\n";
    } else if (heard->method->after != NULL) {
        heard->note = "What the host adds to docker's answer is not in it.\n";
    }
    drop_defaults(files);
    return true;
}
