/* SPDX-License-Identifier: Apache-2.0 */
/* This file turns JSON documents into frames and frames into JSON documents.
 * It must not know what any RPC means. */
#include "frame/convert.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame/client.h"
#include "frame/request.h"
#include "frame/show.h"

enum { TROUBLE = 3, MAX_TYPES = 1024 };

void trouble(const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fputs("cri-frame: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    _exit(TROUBLE);
}

int finish(int status)
{
    if (fflush(stdout) != 0)
        trouble("cannot write: %s", strerror(errno));
    return status;
}

uint8_t *message_pack(const ProtobufCMessage *message, size_t *length)
{
    uint8_t *bytes = malloc(protobuf_c_message_get_packed_size(message) + 1);

    if (bytes == NULL)
        abort();
    *length = protobuf_c_message_pack(message, bytes);
    return bytes;
}

void frame_print(const ProtobufCMessage *message)
{
    struct buf frame;
    size_t length = 0;
    uint8_t *bytes = message_pack(message, &length);

    buf_init(&frame, SIZE_MAX / 4);
    if (!frame_append(&frame, bytes, length))
        abort();
    fwrite(frame.data, 1, frame.length, stdout);
    free(bytes);
    buf_release(&frame);
}

int frames_from_json(const ProtobufCMessageDescriptor *type, const char *text)
{
    FILE *file = request_open(text);
    ProtobufCMessage *message = NULL;

    while ((message = request_read_stream(type, file, "the JSON")) != NULL) {
        frame_print(message);
        protobuf_c_message_free_unpacked(message, NULL);
    }
    if (file != stdin)
        fclose(file);
    return finish(0);
}

static void print_message(const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                          size_t length, size_t number, bool compact)
{
    ProtobufCMessage *message = protobuf_c_message_unpack(type, NULL, length, bytes);

    if (message == NULL)
        trouble("frame %zu is no %s", number, type->name);
    show_json(message, compact);
    fflush(stdout);
    protobuf_c_message_free_unpacked(message, NULL);
}

int frames_to_json(const ProtobufCMessageDescriptor *type, bool compact)
{
    struct inbox inbox;
    size_t number = 1;
    int got = 0;

    inbox_init(&inbox);
    do {
        const uint8_t *bytes = NULL;
        size_t length = 0;
        enum inbox_status status = INBOX_MORE;

        while ((status = inbox_take(&inbox, &bytes, &length)) == INBOX_FRAME)
            print_message(type, bytes, length, number++, compact);
        if (status == INBOX_GARBAGE)
            trouble("frame %zu has no length that can be one", number);
        got = inbox_fill(&inbox, STDIN_FILENO);
    } while (got > 0);
    if (got < 0)
        trouble("cannot read standard input: %s", strerror(errno));
    if (inbox_has_rest(&inbox))
        trouble("frame %zu is cut off", number);
    inbox_release(&inbox);
    return finish(0);
}

struct types {
    const ProtobufCMessageDescriptor *seen[MAX_TYPES];
    size_t count;
};

static void collect_types(struct types *types, const ProtobufCMessageDescriptor *type)
{
    for (size_t i = 0; i < types->count; i++)
        if (types->seen[i] == type)
            return;
    if (types->count == MAX_TYPES)
        return;
    types->seen[types->count++] = type;
    for (unsigned i = 0; i < type->n_fields; i++)
        if (type->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            collect_types(types, type->fields[i].descriptor);
}

const ProtobufCMessageDescriptor *type_find(const char *name, struct nearest *nearest)
{
    struct types types = { .count = 0 };

    collect_types(&types, &oneshot__v1__request__descriptor);
    collect_types(&types, &oneshot__v1__response__descriptor);
    for (size_t i = 0; i < types.count; i++) {
        if (strcmp(types.seen[i]->short_name, name) == 0 || strcmp(types.seen[i]->name, name) == 0)
            return types.seen[i];
        nearest_offer(nearest, types.seen[i]->short_name);
    }
    return NULL;
}

const ProtobufCMessageDescriptor *type_by_name(const char *name)
{
    const ProtobufCMessageDescriptor *type = NULL;
    struct nearest nearest;
    char hint[NEAREST_HINT];

    nearest_start(&nearest, name);
    type = type_find(name, &nearest);
    if (type == NULL)
        usage_error("no type \"%s\" in the CRI%s", name, nearest_hint(&nearest, hint));
    return type;
}
