/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes secrets out before a call is written down.
 * It must not know where it is written. */
#include "redaction.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/protojson.h"
#include "base/utf8.h"
#include "cri/redact.h"
#include "docker/show.h"

enum {
    SHORT = 6, /* of fewer bytes only whole words count: they are in ids and the like by chance */
    TEXT_MAX = 1 << 30,
};

/* ==== the request's secrets ==== */

static void add_form(struct redaction *redaction, const char *bytes, size_t length)
{
    struct secret *secret = arena_alloc(redaction->arena, sizeof(*secret));

    *secret = (struct secret){ bytes, length };
    list_push(&redaction->secrets, secret);
}

/* As it is in a JSON document of jansson's or, html, of Go's. */
static void add_escaped(struct redaction *redaction, const char *bytes, size_t length, bool html)
{
    static const char from[] = "\"\\\n\r\t\b\f";
    static const char to[] = "\"\\nrtbf";
    char *text = arena_alloc(redaction->arena, 6 * length + 1);
    size_t at = 0;

    for (size_t i = 0; i < length; i++) {
        const char *found = bytes[i] == '\0' ? NULL : strchr(from, bytes[i]);
        bool unicode = (unsigned char)bytes[i] < ' ' ||
                       (html && strchr("<>&", bytes[i]) != NULL && bytes[i] != '\0');

        if (found != NULL) {
            text[at++] = '\\';
            text[at++] = to[found - from];
        } else if (unicode) {
            for (const char *digit = arena_printf(redaction->arena, "\\u%04x", bytes[i]);
                 *digit != '\0'; digit++)
                text[at++] = *digit;
        } else {
            text[at++] = bytes[i];
        }
    }
    if (at != length)
        add_form(redaction, text, at);
}

/* The digits of base64 that are the secret's alone, wherever it begins in what is encoded. */
static void add_base64(struct redaction *redaction, const char *bytes, size_t length)
{
    for (size_t before = 0; before < 3; before++) {
        uint8_t *whole = arena_alloc(redaction->arena, before + length);
        char *text = arena_alloc(redaction->arena, BASE64_TEXT(before + length));
        size_t begin = (8 * before + 5) / 6;
        size_t end = 8 * (before + length) / 6;

        memcpy(whole + before, bytes, length);
        base64_encode(whole, before + length, text);
        if (end - begin >= SHORT)
            add_form(redaction, text + begin, end - begin);
    }
}

static void add_forms(struct redaction *redaction, const char *bytes, size_t length)
{
    add_form(redaction, bytes, length);
    add_escaped(redaction, bytes, length, false);
    add_escaped(redaction, bytes, length, true);
    add_base64(redaction, bytes, length);
}

/* The whole, and each line of it. */
static void add_secret(struct redaction *redaction, const char *bytes, size_t length)
{
    size_t begin = 0;

    if (length > 0)
        add_forms(redaction, bytes, length);
    for (size_t i = 0; i <= length; i++) {
        if (i < length && bytes[i] != '\n' && bytes[i] != '\r' && bytes[i] != '\0')
            continue;
        if (i - begin > 0 && i - begin < length)
            add_forms(redaction, bytes + begin, i - begin);
        begin = i + 1;
    }
}

/* USER:PASSWORD of registry's credentials; NULL: they are none. */
static char *pair_of(struct arena *arena, const char *auth)
{
    size_t count = 0;
    char *pair = arena_alloc(arena, BASE64_BYTES(strlen(auth)) + 1);

    if (strpbrk(auth, "-_") != NULL || strlen(auth) % 4 != 0 ||
        !base64_decode(auth, strlen(auth), (uint8_t *)pair, &count) ||
        memchr(pair, ':', count) == NULL)
        return NULL;
    return pair;
}

static void add_credentials(struct redaction *redaction, const Runtime__V1__AuthConfig *auth)
{
    const char *pair = pair_of(redaction->arena, auth->auth);
    const char *const secrets[] = {
        auth->password,
        auth->auth,
        auth->identity_token,
        auth->registry_token,
        pair == NULL ? "" : strchr(pair, ':') + 1,
    };

    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        add_secret(redaction, secrets[i], strlen(secrets[i]));
    if (pair != NULL)
        add_forms(redaction, pair, strlen(pair));
    if (*auth->password != '\0') {
        pair = arena_printf(redaction->arena, "%s:%s", auth->username, auth->password);
        add_forms(redaction, pair, strlen(pair));
    }
}

static int longer(const void *one, const void *other)
{
    const struct secret *left = *(void *const *)one;
    const struct secret *right = *(void *const *)other;

    return (left->length < right->length) - (left->length > right->length);
}

static const Runtime__V1__ContainerConfig *config_of(const Oneshot__V1__Request *request)
{
    return request->call_case == ONESHOT__V1__REQUEST__CALL_CREATE_CONTAINER
               ? request->create_container->config
               : NULL;
}

static Runtime__V1__AuthConfig *auth_of(const Oneshot__V1__Request *request)
{
    return request->call_case == ONESHOT__V1__REQUEST__CALL_PULL_IMAGE ? request->pull_image->auth
                                                                       : NULL;
}

void redaction_init(struct redaction *redaction, struct arena *arena,
                    const Oneshot__V1__Request *request)
{
    const Runtime__V1__ContainerConfig *config = config_of(request);
    const Runtime__V1__AuthConfig *auth = auth_of(request);

    *redaction = (struct redaction){
        .arena = arena,
        .variables = request->call_case != ONESHOT__V1__REQUEST__CALL_EXEC_SYNC,
    };
    list_init(&redaction->secrets, arena);
    for (size_t i = 0; config != NULL && i < config->n_envs; i++)
        add_secret(redaction, (const char *)config->envs[i]->value.data,
                   config->envs[i]->value.len);
    if (auth != NULL)
        add_credentials(redaction, auth);
    if (redaction->secrets.count > 0)
        qsort(redaction->secrets.items, redaction->secrets.count, sizeof(void *), longer);
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

static void replace_variable(struct arena *arena, ProtobufCBinaryData *value)
{
    bool is_text = value->len == 0 || (memchr(value->data, '\0', value->len) == NULL &&
                                       utf8_valid((const char *)value->data, value->len));
    size_t room = value->len > LONG_VALUE ? value->len : sizeof(SHOW_REDACTED);
    size_t length = strlen(SHOW_REDACTED);
    uint8_t *text = arena_alloc(arena, room);

    memset(text, 'x', room);
    memcpy(text, SHOW_REDACTED, length);
    if (breaks_lines(value))
        text[length++] = '\n';
    if (!is_text)
        text[length - 1] = '\0';
    value->data = text;
    value->len = value->len > LONG_VALUE ? value->len : length;
}

static void replace_credentials(struct arena *arena, Runtime__V1__AuthConfig *auth)
{
    static const char redacted_pair[] = "PHJlZGFjdGVkPjo8cmVkYWN0ZWQ+"; /* both redacted */
    bool is_pair = pair_of(arena, auth->auth) != NULL;

    for (unsigned i = 0; i < auth->base.descriptor->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &auth->base.descriptor->fields[i];
        char **text = (char **)(void *)((char *)auth + field->offset);

        if (redact_field(auth->base.descriptor, field->name) && **text != '\0')
            *text = arena_strdup(arena, SHOW_REDACTED);
    }
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

bool redaction_of_request(const struct redaction *redaction, Oneshot__V1__Request *request)
{
    const Runtime__V1__ContainerConfig *config = config_of(request);
    Runtime__V1__AuthConfig *auth = auth_of(request);

    for (size_t i = 0; config != NULL && i < config->n_envs; i++)
        replace_variable(redaction->arena, &config->envs[i]->value);
    if (auth != NULL)
        replace_credentials(redaction->arena, auth);
    return empty_unknown(&request->base);
}

/* ==== docker's output, and the answer ==== */

struct text {
    const char *begin;
    const char *at;
    const char *end;
};

static bool is_word(const struct text *text, const char *at)
{
    return at < text->end && (isalnum((unsigned char)*at) || *at == '_');
}

/* How long the secret is that stands here; 0: none does. */
static size_t secret_at(const struct redaction *redaction, const struct text *text)
{
    for (size_t i = 0; i < redaction->secrets.count; i++) {
        const struct secret *secret = redaction->secrets.items[i];

        if (secret->length > (size_t)(text->end - text->at) ||
            memcmp(secret->bytes, text->at, secret->length) != 0)
            continue;
        if (secret->length >= SHORT || !((text->at > text->begin && is_word(text, text->at - 1)) ||
                                         is_word(text, text->at + secret->length)))
            return secret->length;
    }
    return 0;
}

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

bool redaction_of_output(const struct redaction *redaction, const char *bytes, size_t length,
                         struct buf *shown)
{
    struct text text = { .begin = bytes, .at = bytes, .end = bytes + length };

    while (text.at < text.end) {
        size_t secret = secret_at(redaction, &text);
        size_t key = redaction->variables && secret == 0 ? variables_at(&text) : 0;
        size_t taken = secret + key == 0 ? 1 : secret + key;

        if (!(secret > 0 ? buf_puts(shown, SHOW_REDACTED) : buf_append(shown, text.at, taken)))
            return false;
        text.at += taken;
        if (key > 0 && !hide_variables(&text, shown))
            return false;
    }
    return true;
}

static json_t *text_without(const struct redaction *redaction, const json_t *string)
{
    json_t *redacted = NULL;
    struct buf shown;

    buf_init(&shown, TEXT_MAX);
    if (redaction_of_output(redaction, json_string_value(string), json_string_length(string),
                            &shown))
        redacted = json_stringn_nocheck(shown.length == 0 ? "" : shown.data, shown.length);
    buf_release(&shown);
    return redacted == NULL ? json_null() : redacted;
}

json_t *redaction_of_document(const struct redaction *redaction, json_t *document)
{
    size_t index = 0;
    const char *key = NULL;
    json_t *value = NULL;
    void *next = NULL;

    if (redaction->secrets.count == 0)
        return document;
    if (json_is_string(document))
        return text_without(redaction, document);
    json_array_foreach (document, index, value)
        json_array_set(document, index, redaction_of_document(redaction, value));
    json_object_foreach_safe(document, next, key, value)
        json_object_set(document, key, redaction_of_document(redaction, value));
    return document;
}
