/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes a request's secrets out of what docker says.
 * It must not know where it goes from here. */
#include "cri/hide.h"

#include <string.h>

#include "base/base64.h"
#include "base/cri.h"
#include "cri/secret.h"
#include "docker/brief.h"
#include "docker/failure.h"

/* ==== the secrets ==== */

static bool is_shown(const struct strv *argv, const char *bytes, size_t length)
{
    for (size_t i = 0; i < argv->count; i++)
        if (memmem(argv->words[i], strlen(argv->words[i]), bytes, length) != NULL)
            return true;
    return false;
}

static struct secret *push(struct list *list, const struct strv *argv, const char *bytes,
                           size_t length)
{
    struct secret *secret = NULL;

    if (length == 0)
        return NULL;
    secret = arena_alloc(list->arena, sizeof(*secret));
    *secret = (struct secret){ .bytes = bytes,
                               .length = length,
                               .is_word = is_shown(argv, bytes, length) };
    list_push(list, secret);
    return secret;
}

static void add_text(struct list *list, const struct strv *argv, const char *text)
{
    push(list, argv, text, strlen(text));
}

static void add_credentials(struct list *list, const struct strv *argv, const CRI(AuthConfig) *auth)
{
    size_t length = 0;
    const char *pair = base64_decode(list->arena, auth->auth, &length);
    const char *colon = pair == NULL ? NULL : memchr(pair, ':', length);

    add_text(list, argv, auth->password);
    add_text(list, argv, auth->auth);
    add_text(list, argv, auth->identity_token);
    add_text(list, argv, auth->registry_token);
    if (*auth->password != '\0')
        add_text(list, argv, arena_printf(list->arena, "%s:%s", auth->username, auth->password));
    if (pair != NULL)
        push(list, argv, pair, length);
    if (colon != NULL)
        push(list, argv, colon + 1, length - (size_t)(colon + 1 - pair));
}

static void add_environment(struct list *list, const struct strv *argv,
                            const CRI(ContainerConfig) *config)
{
    for (size_t i = 0; i < config->n_envs; i++) {
        const ProtobufCBinaryData *value = &config->envs[i]->value;
        const char *text = value->len == 0
                               ? ""
                               : arena_strndup(list->arena, (const char *)value->data, value->len);
        struct secret *secret = push(list, argv, text, value->len);

        if (secret != NULL && failure_has_word(text))
            secret->is_word = true;
    }
}

struct list hide_secrets(struct arena *arena, const ProtobufCMessage *request,
                         const struct strv *argv)
{
    struct list list;

    list_init(&list, arena);
    if (request->descriptor == CRI_DESCRIPTOR(pull_image_request)) {
        const CRI(PullImageRequest) *pull = (const void *)request;

        if (pull->auth != NULL)
            add_credentials(&list, argv, pull->auth);
    }
    if (request->descriptor == CRI_DESCRIPTOR(create_container_request)) {
        const CRI(CreateContainerRequest) *create = (const void *)request;

        if (create->config != NULL)
            add_environment(&list, argv, create->config);
    }
    return list;
}

/* ==== the text ==== */

struct range {
    size_t start;
    size_t end;
};

static size_t end_at(const struct list *secrets, const char *text, size_t length, size_t at)
{
    size_t end = 0;

    for (size_t i = 0; i < secrets->count; i++) {
        size_t found = secret_end(secrets->items[i], text, length, at);

        end = found > end ? found : end;
    }
    return end;
}

/* The places that are to be hidden, those that overlap as one. */
static struct list ranges_of(struct arena *arena, const struct list *secrets, const char *text,
                             size_t length)
{
    struct list ranges;
    struct range *last = NULL;

    list_init(&ranges, arena);
    for (size_t at = 0; at < length; at++) {
        size_t end = end_at(secrets, text, length, at);

        if (end == 0)
            continue;
        if (last == NULL || at >= last->end) {
            last = arena_alloc(arena, sizeof(*last));
            *last = (struct range){ .start = at };
            list_push(&ranges, last);
        }
        last->end = end > last->end ? end : last->end;
    }
    return ranges;
}

const char *hide_in(struct arena *arena, const struct list *secrets, const char *text,
                    size_t *length)
{
    struct list ranges = ranges_of(arena, secrets, text, *length);
    size_t at = 0;
    char *hidden = NULL;
    char *to = NULL;

    if (ranges.count == 0)
        return text;
    hidden = arena_alloc(arena, *length + ranges.count * strlen(HIDDEN) + 1);
    to = hidden;
    for (size_t i = 0; i < ranges.count; i++) {
        const struct range *range = ranges.items[i];

        to = mempcpy(to, text + at, range->start - at);
        to = mempcpy(to, HIDDEN, strlen(HIDDEN));
        at = range->end;
    }
    to = mempcpy(to, text + at, *length - at);
    *to = '\0';
    *length = (size_t)(to - hidden);
    return hidden;
}

void hide_result(struct arena *arena, const ProtobufCMessage *request,
                 const struct command *command, struct docker_result *result)
{
    struct list secrets = hide_secrets(arena, request, &command->argv);

    if (secrets.count == 0)
        return;
    /* Each place is looked at for each secret in each spelling: that takes time. */
    result->stdout_text = brief_text(arena, result->stdout_text, &result->stdout_length);
    result->stderr_text = brief_text(arena, result->stderr_text, &result->stderr_length);
    result->stdout_text = hide_in(arena, &secrets, result->stdout_text, &result->stdout_length);
    result->stderr_text = hide_in(arena, &secrets, result->stderr_text, &result->stderr_length);
}
