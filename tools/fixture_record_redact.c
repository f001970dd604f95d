/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes secrets out before anything is written.
 * It must not know where it is written. */
#include "fixture_record_redact.h"

#include <string.h>

#include "protojson.h"
#include "redact.h"
#include "show.h"

/* ==== docker's output ==== */

/* One byte in the value of a variable, which is left out up to its closing quote. */
static bool redact_value(struct redaction *redaction, char byte, struct buf *shown)
{
    if (redaction->escaped || byte == '\\') {
        redaction->escaped = !redaction->escaped;
        return true;
    }
    if (byte != '"')
        return true;
    redaction->place = REDACT_ARRAY;
    return buf_putc(shown, byte);
}

static void step(struct redaction *redaction, char byte)
{
    static const char key[] = "\"Env\"";

    switch (redaction->place) {
    case REDACT_TEXT:
        redaction->matched = byte == key[redaction->matched] ? redaction->matched + 1 : byte == '"';
        if (key[redaction->matched] == '\0') {
            redaction->matched = 0;
            redaction->place = REDACT_KEY;
        }
        break;
    case REDACT_KEY:
        if (byte == '[')
            redaction->place = REDACT_ARRAY;
        else if (strchr(": \t\r\n", byte) == NULL)
            redaction->place = REDACT_TEXT;
        break;
    case REDACT_ARRAY:
        if (byte == '"' || byte == ']')
            redaction->place = byte == '"' ? REDACT_NAME : REDACT_TEXT;
        break;
    case REDACT_NAME:
        if (byte == '"' || byte == '=')
            redaction->place = byte == '"' ? REDACT_ARRAY : REDACT_VALUE;
        break;
    case REDACT_VALUE:
        break;
    }
}

bool redact_output(struct redaction *redaction, const char *bytes, size_t length, struct buf *shown)
{
    for (size_t i = 0; i < length; i++) {
        if (redaction->place == REDACT_VALUE) {
            if (!redact_value(redaction, bytes[i], shown))
                return false;
            continue;
        }
        step(redaction, bytes[i]);
        if (!buf_putc(shown, bytes[i]) ||
            (redaction->place == REDACT_VALUE && !buf_puts(shown, SHOW_REDACTED)))
            return false;
    }
    return true;
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
