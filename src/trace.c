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

static int open_trace(const char *name)
{
    if (name[strspn(name, "0123456789")] == '\0' && strlen(name) < 8)
        return dup((int)strtol(name, NULL, 10));
    return open(name, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
}

static json_t *now(struct arena *arena)
{
    struct timespec time = { 0 };
    struct tm parts = { 0 };
    char text[32];

    clock_gettime(CLOCK_REALTIME, &time);
    gmtime_r(&time.tv_sec, &parts);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    return json_string(arena_printf(arena, "%s.%03ldZ", text, time.tv_nsec / 1000000));
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

bool trace_write(const struct exchange *exchange, const struct trace *trace, const struct err *err)
{
    struct arena *arena = exchange->call.arena;
    json_t *line = json_object();
    const char *text = NULL;
    int fd = open_trace(exchange->call.settings->trace);
    bool written = false;

    json_object_set_new(line, "time", now(arena));
    add_call(line, exchange);
    if (trace->ran) {
        json_object_set_new(line, "argv", words_of(&exchange->plan.command.argv));
        json_object_set_new(line, "exit", json_integer(trace->exit_code));
    }
    json_object_set_new(line, "code", json_integer(err->code));
    doc_put_text(line, "message", err->text);
    if (exchange->plan.ignored.count > 0)
        json_object_set_new(line, "ignored", words_of(&exchange->plan.ignored));
    json_object_set_new(line, "read_ms", json_real(trace->read_ms));
    json_object_set_new(line, "docker_ms", json_real(trace->docker_ms));
    json_object_set_new(line, "parse_ms", json_real(trace->parse_ms));
    text = arena_printf(arena, "%s\n", doc_compact(arena, line));
    if (fd >= 0) {
        written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
        close(fd);
    }
    return written;
}
