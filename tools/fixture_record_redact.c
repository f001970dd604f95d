/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes secrets out before anything is written.
 * It must not know where it is written. */
#include "fixture_record_redact.h"

#include <string.h>

#include "protojson.h"
#include "redact.h"
#include "show.h"

/* ==== docker's output ==== */

static const char *find(const char *from, const char *end, const char *text)
{
    return memmem(from, (size_t)(end - from), text, strlen(text));
}

/* Where a JSON string's text ends: at its closing quote. */
static const char *closing_quote(const char *from, const char *end)
{
    while (from < end && *from != '"')
        from += *from == '\\' && from + 1 < end ? 2 : 1;
    return from;
}

/* Appends the strings of an array, which begins after its bracket; at is moved to its end. */
static bool redact_array(const char **at, const char *end, struct buf *shown)
{
    const char *from = *at;

    while (from < end && *from != ']') {
        const char *close = NULL;
        const char *equals = NULL;

        if (!buf_putc(shown, *from))
            return false;
        if (*from++ != '"')
            continue;
        close = closing_quote(from, end);
        equals = memchr(from, '=', (size_t)(close - from));
        if (!buf_append(shown, from, (size_t)((equals == NULL ? close : equals + 1) - from)) ||
            (equals != NULL && !buf_puts(shown, SHOW_REDACTED)) || !buf_putc(shown, '"'))
            return false;
        from = close < end ? close + 1 : end;
    }
    *at = from;
    return true;
}

bool redact_output(const char *line, size_t length, struct buf *shown)
{
    static const char key[] = "\"Env\":[";
    const char *at = line;
    const char *end = line + length;

    for (;;) {
        const char *found = find(at, end, key);
        const char *stop = found == NULL ? end : found + strlen(key);

        if (!buf_append(shown, at, (size_t)(stop - at)))
            return false;
        at = stop;
        if (found == NULL)
            return true;
        if (!redact_array(&at, end, shown))
            return false;
    }
}

/* ==== the request ==== */

static bool is_secret(const ProtobufCMessageDescriptor *message, const char *field)
{
    if (strcmp(message->name, "runtime.v1.KeyValue") == 0)
        return strcmp(field, "value") == 0;
    return redact_field(message, field);
}

/* A value with a line break goes another way than by the environment file (DESIGN.md 5). */
static bool breaks_lines(const ProtobufCBinaryData *value)
{
    return value->len > 0 &&
           (memchr(value->data, '\n', value->len) != NULL || value->data[value->len - 1] == '\r');
}

static void keep_line_breaks(const Oneshot__V1__Request *request, json_t *json)
{
    static const char redacted_line[] = "PHJlZGFjdGVkPgo="; /* "<redacted>\n" */
    const Runtime__V1__ContainerConfig *config =
        request->call_case == ONESHOT__V1__REQUEST__CALL_CREATE_CONTAINER
            ? request->create_container->config
            : NULL;
    const json_t *envs = json_object_get(
        json_object_get(json_object_get(json, "create_container"), "config"), "envs");

    for (size_t i = 0; config != NULL && i < config->n_envs; i++)
        if (breaks_lines(&config->envs[i]->value))
            json_object_set_new(json_array_get(envs, i), "value", json_string(redacted_line));
}

static void keep_user_and_password(json_t *json)
{
    static const char redacted_pair[] = "PHJlZGFjdGVkPjo8cmVkYWN0ZWQ+"; /* both redacted */
    json_t *auth = json_object_get(json_object_get(json, "pull_image"), "auth");

    if (json_object_get(auth, "auth") != NULL)
        json_object_set_new(auth, "auth", json_string(redacted_pair));
}

json_t *redact_request(const Oneshot__V1__Request *request)
{
    json_t *json = protojson_write(&request->base, is_secret);

    keep_line_breaks(request, json);
    keep_user_and_password(json);
    return json;
}
