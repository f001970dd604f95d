/* SPDX-License-Identifier: Apache-2.0 */
/* This file prints a call for people: the request, the docker command, the response.
 * It must not know how the call is made. */
#include "frame/show.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cri/redact.h"
#include "cri/server_address.h"
#include "trace.h"
#include "json/protojson.h"

enum { COLUMNS = 100, MAX_TRACE = 64 * 1024 * 1024 };

static bool is_secret(const ProtobufCMessageDescriptor *message, const char *field)
{
    if (strcmp(message->name, "runtime.v1.KeyValue") == 0)
        return strcmp(field, "value") == 0;
    return redact_field(message, field);
}

static void hide_user(json_t *request)
{
    json_t *auth = json_object_get(request, "auth");
    const char *address = json_string_value(json_object_get(auth, "server_address"));
    char *shown = address == NULL ? NULL : strdup(address);

    if (shown == NULL)
        return;
    server_address_hide_user(shown);
    json_object_set_new(auth, "server_address", json_string(shown));
    free(shown);
}

static void dump(json_t *json, size_t flags)
{
    json_dumpf(json, stdout, flags);
    putchar('\n');
    json_decref(json);
}

void show_json(const ProtobufCMessage *message, bool compact)
{
    dump(protojson_write(message, NULL), compact ? JSON_COMPACT : JSON_INDENT(2));
}

static void show_plain(const ProtobufCMessage *message)
{
    json_t *json = protojson_write_plain(message, is_secret);

    hide_user(json);
    dump(json, JSON_INDENT(2));
}

void show_request(const char *method, const ProtobufCMessage *request)
{
    printf("%s request ", method);
    show_plain(request);
}

void show_response(const ProtobufCMessage *response)
{
    printf("response ");
    show_plain(response);
}

void show_outcome(const char *code, const char *text)
{
    printf("outcome %s%s%s\n", code, *text == '\0' ? "" : ": ", text);
}

/* ==== the docker command ==== */

/* A control character could move a terminal's cursor, so it is escaped as bash reads it back. */
static void quote_escaped(FILE *to, const char *word)
{
    fputs("$'", to);
    for (; *word != '\0'; word++) {
        if (*word == '\n')
            fputs("\\n", to);
        else if (*word == '\t')
            fputs("\\t", to);
        else if (*word == '\'' || *word == '\\')
            fprintf(to, "\\%c", *word);
        else if ((unsigned char)*word < ' ' || *word == 0x7f)
            fprintf(to, "\\%03o", (unsigned)*word);
        else
            fputc(*word, to);
    }
    fputc('\'', to);
}

static void quote(FILE *to, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "_@%+=:,./-";

    for (const char *c = word; *c != '\0'; c++)
        if ((unsigned char)*c < ' ' || *c == 0x7f) {
            quote_escaped(to, word);
            return;
        }
    if (*word != '\0' && word[strspn(word, plain)] == '\0') {
        fputs(word, to);
        return;
    }
    fputc('\'', to);
    for (; *word != '\0'; word++)
        if (*word == '\'')
            fputs("'\\''", to);
        else
            fputc(*word, to);
    fputc('\'', to);
}

static char *quoted(const char *word)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);

    if (to == NULL)
        abort();
    quote(to, word);
    fclose(to);
    return text;
}

static void show_command(const json_t *argv)
{
    size_t column = 1;
    size_t i = 0;
    json_t *word = NULL;

    putchar('$');
    json_array_foreach (argv, i, word) {
        char *text = quoted(json_is_string(word) ? json_string_value(word) : "?");
        size_t length = strlen(text);

        if (i > 0 && column + length + 3 > COLUMNS) {
            printf(" \\\n   ");
            column = 3;
        }
        printf(" %s", text);
        column += length + 1;
        free(text);
    }
    putchar('\n');
}

static void show_ignored(const json_t *ignored)
{
    if (json_array_size(ignored) == 0)
        return;
    printf("not honoured:");
    for (size_t i = 0; i < json_array_size(ignored); i++) {
        const char *field = json_string_value(json_array_get(ignored, i));

        printf("%s %s", i == 0 ? "" : ",", field == NULL ? "?" : field);
    }
    putchar('\n');
}

/* To be freed; NULL where there is none. */
static char *read_trace(int trace)
{
    off_t length = trace < 0 ? -1 : lseek(trace, 0, SEEK_END);
    char *text = length < 0 || length > MAX_TRACE ? NULL : malloc((size_t)length + 1);
    ssize_t got = text == NULL ? -1 : pread(trace, text, (size_t)length, 0);

    if (got <= 0) {
        free(text);
        return NULL;
    }
    text[got] = '\0';
    return text;
}

void show_trace(int trace, const char *name)
{
    char *text = read_trace(trace);
    json_t *line = text == NULL ? NULL : json_loads(text, JSON_DISABLE_EOF_CHECK, NULL);
    const json_t *argv = json_object_get(line, "argv");

    if (trace < 0)
        puts("(the docker command is known to the translator behind the socket)");
    else if (line == NULL)
        puts("(the translator left no trace)");
    else if (json_array_size(argv) == 0)
        puts("(no docker command)");
    else
        show_command(argv);
    show_ignored(json_object_get(line, "ignored"));
    if (text != NULL && name != NULL && *name != '\0')
        trace_append(name, text);
    json_decref(line);
    free(text);
}
