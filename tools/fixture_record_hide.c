/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes a request's secrets out of what docker said to it.
 * It must not know how it was kept. */
#include "fixture_record_hide.h"

#include <stdio.h>

#include "fixture_case.h"
#include "fixture_record.h"
#include "hide.h"
#include "oneshot/v1/oneshot.pb-c.h"

static bool write_whole(const char *path, const struct fixture_text *text)
{
    FILE *file = fopen(path, "we");
    bool written = file != NULL && fwrite(text->data, 1, text->length, file) == text->length;

    return file != NULL && fclose(file) == 0 && written;
}

static bool hide_file(struct arena *arena, const struct list *secrets, const char *path)
{
    struct fixture_text text = { .data = NULL };
    struct fixture_text hidden = { .data = NULL };
    struct err ignored = { .code = GRPC_OK };

    if (!fixture_read_path(arena, path, &text, &ignored))
        return false;
    if (text.data == NULL)
        return true;
    hidden.length = text.length;
    hidden.data = hide_in(arena, secrets, text.data, &hidden.length);
    return hidden.data == text.data || write_whole(path, &hidden);
}

/* The one message that the Request's call is. */
static const ProtobufCMessage *call_of(const Oneshot__V1__Request *request)
{
    switch ((int)request->call_case) {
    case ONESHOT__V1__REQUEST__CALL_PULL_IMAGE:
        return &request->pull_image->base;
    case ONESHOT__V1__REQUEST__CALL_CREATE_CONTAINER:
        return &request->create_container->base;
    default:
        return NULL;
    }
}

/* The words that docker was asked, as one: what stands in them is no secret. */
static bool read_asked(struct arena *arena, const char *dir, struct strv *argv)
{
    struct fixture_text asked = { .data = NULL };
    struct err ignored = { .code = GRPC_OK };

    strv_init(argv, arena);
    if (!fixture_read_path(arena, arena_printf(arena, "%s/" RECORD_ASKED, dir), &asked, &ignored))
        return false;
    if (asked.data != NULL)
        strv_push(argv, asked.data);
    return true;
}

bool record_hide(struct arena *arena, const char *dir, const uint8_t *bytes, size_t length)
{
    Oneshot__V1__Request *request = oneshot__v1__request__unpack(NULL, length, bytes);
    const ProtobufCMessage *call = request == NULL ? NULL : call_of(request);
    struct strv argv;
    bool well = call == NULL || read_asked(arena, dir, &argv);

    if (well && call != NULL) {
        struct list secrets = hide_secrets(arena, call, &argv);

        for (enum fixture_file file = FIXTURE_STDOUT; file <= FIXTURE_STDERR; file++)
            well = hide_file(arena, &secrets,
                             arena_printf(arena, "%s/%s", dir, fixture_names[file])) &&
                   well;
    }
    if (request != NULL)
        oneshot__v1__request__free_unpacked(request, NULL);
    return well;
}
