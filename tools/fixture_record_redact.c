/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes secrets out before anything is written.
 * It must not know where it is written. */
#include "fixture_record_redact.h"

#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "protojson.h"
#include "redact.h"
#include "server_address.h"
#include "show.h"
#include "utf8.h"

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

/* docker and we take longer ones another way; of these alone the length counts. */
enum { LONG_VALUE = 50 * 1024 };

/* A value without a line break goes by a file, another one by the environment (DESIGN.md 5). */
static bool breaks_lines(const ProtobufCBinaryData *value)
{
    return value->len > 0 &&
           (memchr(value->data, '\n', value->len) != NULL || value->data[value->len - 1] == '\r');
}

static void redact_variable(ProtobufCBinaryData *value)
{
    bool is_text = value->len == 0 || (memchr(value->data, '\0', value->len) == NULL &&
                                       utf8_valid((const char *)value->data, value->len));
    size_t room = value->len > LONG_VALUE ? value->len : sizeof(SHOW_REDACTED);
    size_t length = strlen(SHOW_REDACTED);
    uint8_t *text = NULL;

    text = malloc(room);
    if (text == NULL)
        abort();
    memset(text, 'x', room);
    memcpy(text, SHOW_REDACTED, length);
    if (breaks_lines(value))
        text[length++] = '\n';
    if (!is_text)
        text[length - 1] = '\0';
    free(value->data);
    value->data = text;
    value->len = value->len > LONG_VALUE ? value->len : length;
}

/* Whether a registry's credentials are taken for the base64 of USER:PASSWORD. */
static bool is_pair(struct arena *arena, const char *auth)
{
    size_t length = 0;
    const char *pair = base64_decode(arena, auth, &length);

    return pair != NULL && memchr(pair, ':', length) != NULL;
}

json_t *redact_request(struct arena *arena, Oneshot__V1__Request *request)
{
    static const char redacted_pair[] = "PHJlZGFjdGVkPjo8cmVkYWN0ZWQ+"; /* both redacted */
    const Runtime__V1__ContainerConfig *config =
        request->call_case == ONESHOT__V1__REQUEST__CALL_CREATE_CONTAINER
            ? request->create_container->config
            : NULL;
    const Runtime__V1__AuthConfig *auth =
        request->call_case == ONESHOT__V1__REQUEST__CALL_PULL_IMAGE ? request->pull_image->auth
                                                                    : NULL;
    json_t *json = NULL;

    for (size_t i = 0; config != NULL && i < config->n_envs; i++)
        redact_variable(&config->envs[i]->value);
    if (auth != NULL)
        server_address_hide_user(auth->server_address);
    json = protojson_write(&request->base, redact_field);
    if (auth != NULL && is_pair(arena, auth->auth))
        json_object_set_new(json_object_get(json_object_get(json, "pull_image"), "auth"), "auth",
                            json_string(redacted_pair));
    return json;
}
