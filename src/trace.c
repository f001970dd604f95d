/* SPDX-License-Identifier: Apache-2.0 */
/* This file writes the trace.
 * It must not know how a call is served. */
#include "trace.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/document.h"
#include "base/whole.h"

static int open_trace(const char *name)
{
    if (name[strspn(name, "0123456789")] == '\0' && strlen(name) < 8)
        return whole_open((int)strtol(name, NULL, 10));
    return open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
}

static json_t *time_of(struct arena *arena, int64_t now_ns)
{
    time_t seconds = now_ns / 1000000000;
    struct tm parts = { 0 };
    char text[32];

    gmtime_r(&seconds, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    return json_string(arena_printf(arena, "%s.%03dZ", text, (int)(now_ns / 1000000 % 1000)));
}

/* To the microsecond: three decimals. */
static json_t *milliseconds(int64_t ns)
{
    int64_t us = ns / 1000;

    return json_real((double)us / 1e3);
}

/* The texts of a message's fields whose names end in "_id". */
static void add_ids(json_t *ids, const ProtobufCMessage *message)
{
    for (unsigned i = 0; message != NULL && i < message->descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
        size_t length = strlen(field->name);
        const char *value = NULL;

        if (field->type != PROTOBUF_C_TYPE_STRING || field->label == PROTOBUF_C_LABEL_REPEATED ||
            length < 3 || strcmp(field->name + length - 3, "_id") != 0)
            continue;
        value = *(char *const *)(const void *)((const char *)message + field->offset);
        if (value != NULL && *value != '\0')
            doc_put_text(ids, field->name, value);
    }
}

static json_t *words_of(const struct strv *strv)
{
    json_t *words = json_array();

    for (size_t i = 0; i < strv->count; i++)
        json_array_append_new(words, json_string_nocheck(strv->words[i]));
    return words;
}

static void add_call(json_t *line, const struct exchange *exchange)
{
    json_t *ids = json_object();

    add_ids(ids, exchange->call.request);
    add_ids(ids, exchange->result);
    doc_put_text(line, "method", exchange->method == NULL ? "" : exchange->method->name);
    json_object_set_new(line, "ids", ids);
}

const char *trace_line(const struct exchange *exchange, const struct trace *trace, int64_t now_ns,
                       const struct err *err)
{
    struct arena *arena = exchange->call.arena;
    json_t *line = json_object();

    json_object_set_new(line, "time", time_of(arena, now_ns));
    add_call(line, exchange);
    if (trace->ran) {
        json_object_set_new(line, "argv", words_of(&exchange->plan.command.argv));
        json_object_set_new(line, "exit", json_integer(trace->exit_code));
    }
    json_object_set_new(line, "code", json_integer(err->code));
    doc_put_text(line, "message", err->text);
    if (exchange->plan.ignored.count > 0)
        json_object_set_new(line, "ignored", words_of(&exchange->plan.ignored));
    json_object_set_new(line, "read_ms", milliseconds(trace->read_ns));
    json_object_set_new(line, "docker_ms", milliseconds(trace->docker_ns));
    json_object_set_new(line, "parse_ms", milliseconds(trace->parse_ns));
    return arena_printf(arena, "%s\n", doc_compact(arena, line));
}

bool trace_append(const char *name, const char *line)
{
    int fd = open_trace(name);
    bool written = false;

    if (fd < 0)
        return false;
    written = whole_write(fd, line, strlen(line));
    close(fd);
    return written;
}
