/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes secrets out before a call is written down.
 * It must not know where it is written. */
#include "redaction.h"

#include <string.h>

#include "base/base64.h"
#include "base/protojson.h"
#include "base/utf8.h"
#include "cri/options.h"
#include "cri/redact.h"
#include "cri/server_address.h"
#include "docker/show.h"

/* ==== the request ==== */

/* docker and we take longer ones another way; of these alone the length counts. */
enum { LONG_VALUE = 50 * 1024 };

static void replace_variable(struct arena *arena, ProtobufCBinaryData *value)
{
    bool is_text = value->len == 0 || (memchr(value->data, '\0', value->len) == NULL &&
                                       utf8_valid((const char *)value->data, value->len));
    size_t room = value->len > LONG_VALUE ? value->len : sizeof(SHOW_REDACTED);
    size_t length = strlen(SHOW_REDACTED);
    uint8_t *text = arena_alloc(arena, room);

    memset(text, 'x', room);
    memcpy(text, SHOW_REDACTED, length);
    if (!environment_is_line(value))
        text[length++] = '\n';
    if (!is_text)
        text[length - 1] = '\0';
    value->data = text;
    value->len = value->len > LONG_VALUE ? value->len : length;
}

static void replace_credentials(struct arena *arena, Runtime__V1__AuthConfig *auth)
{
    static const char redacted_pair[] = "PHJlZGFjdGVkPjo8cmVkYWN0ZWQ+"; /* both redacted */
    size_t length = 0;
    const char *pair = base64_decode(arena, auth->auth, &length);
    bool is_pair = pair != NULL && memchr(pair, ':', length) != NULL;

    for (unsigned i = 0; i < auth->base.descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &auth->base.descriptor->fields[i];
        char **text = (char **)(void *)((char *)auth + field->offset);

        if (redact_field(auth->base.descriptor, field->name) && **text != '\0')
            *text = arena_strdup(arena, SHOW_REDACTED);
    }
    server_address_hide_user(auth->server_address);
    if (is_pair)
        auth->auth = arena_strdup(arena, redacted_pair);
}

/* An unknown number becomes 0, an unknown text or message empty. */
static bool empty_unknown(ProtobufCMessage *message)
{
    const ProtobufCMessageDescriptor *type = message->descriptor;
    bool any = message->n_unknown_fields > 0;

    for (unsigned i = 0; i < message->n_unknown_fields; i++) {
        ProtobufCMessageUnknownField *unknown = &message->unknown_fields[i];

        if (unknown->wire_type == PROTOBUF_C_WIRE_TYPE_VARINT ||
            unknown->wire_type == PROTOBUF_C_WIRE_TYPE_LENGTH_PREFIXED)
            unknown->len = 1;
        memset(unknown->data, 0, unknown->len);
    }
    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        char *member = (char *)message + field->offset;
        const void *quantifier = (char *)message + field->quantifier_offset;
        ProtobufCMessage **messages = (ProtobufCMessage **)(void *)member;
        size_t count = 1;

        if (field->type != PROTOBUF_C_TYPE_MESSAGE ||
            (protojson_is_oneof(field) && *(const uint32_t *)quantifier != field->id))
            continue;
        if (field->label == PROTOBUF_C_LABEL_REPEATED) {
            count = *(const size_t *)quantifier;
            messages = *(ProtobufCMessage ***)(void *)member;
        }
        for (size_t j = 0; j < count; j++)
            any |= messages[j] != NULL && empty_unknown(messages[j]);
    }
    return any;
}

bool redact_request(struct arena *arena, Oneshot__V1__Request *request)
{
    const Runtime__V1__ContainerConfig *config =
        request->call_case == ONESHOT__V1__REQUEST__CALL_CREATE_CONTAINER
            ? request->create_container->config
            : NULL;
    Runtime__V1__AuthConfig *auth = request->call_case == ONESHOT__V1__REQUEST__CALL_PULL_IMAGE
                                        ? request->pull_image->auth
                                        : NULL;

    for (size_t i = 0; config != NULL && i < config->n_envs; i++)
        replace_variable(arena, &config->envs[i]->value);
    if (auth != NULL)
        replace_credentials(arena, auth);
    return empty_unknown(&request->base);
}

/* ==== docker's output ==== */

struct text {
    const char *at;
    const char *end;
};

/* How long "Env":[ is that begins here; 0: it does not. */
static size_t variables_at(const struct text *text)
{
    static const char key[] = "\"Env\"";
    const char *at = text->at;

    if ((size_t)(text->end - at) < strlen(key) || memcmp(at, key, strlen(key)) != 0)
        return 0;
    at += strlen(key);
    while (at < text->end && strchr(": \t\r\n", *at) != NULL && *at != '\0')
        at++;
    return at < text->end && *at == '[' ? (size_t)(at + 1 - text->at) : 0;
}

/* Where a JSON string's value in NAME=VALUE begins, and where the string ends, from behind its
 * opening quote on. */
static const char *end_of_string(const char *at, const char *end, const char **value)
{
    *value = NULL;
    for (; at < end && *at != '"'; at++) {
        if (*at == '=' && *value == NULL)
            *value = at + 1;
        at += *at == '\\' && at + 1 < end;
    }
    if (*value == NULL)
        *value = at;
    return at;
}

/* The strings of the array in which the text is, up to its end. */
static bool hide_variables(struct text *text, struct buf *shown)
{
    while (text->at < text->end && *text->at != ']') {
        const char *value = NULL;
        const char *close = NULL;

        if (*text->at != '"') {
            if (!buf_putc(shown, *text->at++))
                return false;
            continue;
        }
        close = end_of_string(text->at + 1, text->end, &value);
        if (!buf_append(shown, text->at, (size_t)(value - text->at)) ||
            (value[-1] == '=' && !buf_puts(shown, SHOW_REDACTED)) ||
            (close < text->end && !buf_putc(shown, '"')))
            return false;
        text->at = close + (close < text->end);
    }
    return true;
}

bool redact_variables(const char *bytes, size_t length, struct buf *shown)
{
    struct text text = { .at = bytes, .end = bytes + length };

    while (text.at < text.end) {
        size_t key = variables_at(&text);
        size_t taken = key == 0 ? 1 : key;

        if (!buf_append(shown, text.at, taken))
            return false;
        text.at += taken;
        if (key > 0 && !hide_variables(&text, shown))
            return false;
    }
    return true;
}
