/* SPDX-License-Identifier: Apache-2.0 */
/* This file judges the caller's docker configuration.
 * It must not know where the file is, or any RPC. */
#include "docker/client_config.h"

#include <string.h>
#include <strings.h>

#include "base/document.h"
#include "base/text.h"

enum kind { DROPPED, PLAIN, HEADERS, AUTHS, HELPERS };

static enum kind kind_of(const char *entry)
{
    static const struct {
        const char *name;
        enum kind kind;
    } kept[] = { { "currentContext", PLAIN },
                 { "HttpHeaders", HEADERS },
                 { "auths", AUTHS },
                 { "credsStore", HELPERS },
                 { "credHelpers", HELPERS } };

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
        if (strcasecmp(entry, kept[i].name) == 0)
            return kept[i].kind;
    return DROPPED;
}

/* docker reads the first document of the file and goes on without one that it cannot read. */
static json_t *read_config(const char *text, size_t length)
{
    json_error_t error;
    json_t *config =
        json_loadb(text, length, JSON_DISABLE_EOF_CHECK | JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);

    return json_is_object(config) ? config : NULL;
}

static json_t *read_callers(const struct call *call)
{
    const char *text = call->surroundings->docker_client_config;

    return read_config(text, strlen(text));
}

static bool has_dropped(json_t *config)
{
    for (void *at = json_object_iter(config); at != NULL; at = json_object_iter_next(config, at))
        if (kind_of(json_object_iter_key(at)) == DROPPED)
            return true;
    return false;
}

static json_t *keep_entry(json_t *config, bool credentials)
{
    json_t *kept = json_object();

    for (void *at = json_object_iter(config); at != NULL; at = json_object_iter_next(config, at)) {
        enum kind kind = kind_of(json_object_iter_key(at));

        if (kind == PLAIN || kind == HEADERS || (credentials && kind != DROPPED))
            json_object_set_nocheck(kept, json_object_iter_key(at), json_object_iter_value(at));
    }
    return kept;
}

/* --config loses the folder of contexts and, with it, another engine's address; and the caller's
 * certificates, which docker looks for beside config.json (seen). */
static void write_config(const struct call *call, json_t *config, struct plan *plan)
{
    const struct surroundings *surroundings = call->surroundings;
    struct command *command = &plan->command;
    const char *json = doc_compact(call->arena, config);

    if (command->config_dir == NULL) {
        command->config_dir = arena_printf(call->arena, "%s/cri-oneshot.%s", surroundings->temp_dir,
                                           surroundings->nonce);
        if (*surroundings->docker_config != '\0')
            command->contexts_target =
                arena_printf(call->arena, "%s/contexts", surroundings->docker_config);
        strv_pushf(&command->argv, "--config=%s", command->config_dir);
        if (*surroundings->docker_cert_path != '\0')
            strv_pushf(&command->env, "DOCKER_CERT_PATH=%s", surroundings->docker_cert_path);
        command->file_count = 1;
    }
    command->files[0] = (struct command_file){ .data = json, .length = strlen(json) };
}

void client_config_use(const struct call *call, struct plan *plan)
{
    const char *text = call->surroundings->docker_client_config;
    json_t *config = *text == '\0' ? NULL : read_callers(call);

    if (*text != '\0' && (config == NULL || has_dropped(config)))
        write_config(call, keep_entry(config, true), plan);
}

void client_config_use_auths(const struct call *call, json_t *auths, struct plan *plan)
{
    json_t *config = keep_entry(read_callers(call), false);

    json_object_set_new(config, "auths", auths);
    write_config(call, config, plan);
}

/* ==== for people ==== */

static bool is_secret_entry(const char *name)
{
    static const char *const names[] = { "password", "auth", "identitytoken", "registrytoken",
                                         NULL };

    return text_is_one_of_in_any_case(name, names);
}

static json_t *redacted(void)
{
    return json_string("<redacted>");
}

static void hide_credentials(json_t *auths)
{
    for (void *at = json_object_iter(auths); at != NULL; at = json_object_iter_next(auths, at)) {
        json_t *one = json_object_iter_value(at);

        if (!json_is_object(one))
            json_object_iter_set_new(auths, at, redacted());
        for (void *part = json_object_iter(one); part != NULL;
             part = json_object_iter_next(one, part))
            if (is_secret_entry(json_object_iter_key(part)))
                json_object_iter_set_new(one, part, redacted());
    }
}

static void hide_all(json_t *object)
{
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at))
        json_object_iter_set_new(object, at, redacted());
}

static void hide_entry(json_t *config, void *entry)
{
    json_t *value = json_object_iter_value(entry);
    enum kind kind = kind_of(json_object_iter_key(entry));

    if ((kind == HEADERS || kind == AUTHS) && !json_is_object(value)) {
        json_object_iter_set_new(config, entry, redacted());
        return;
    }
    switch (kind) {
    case DROPPED:
        json_object_iter_set_new(config, entry, json_null());
        break;
    case HEADERS:
        hide_all(value);
        break;
    case AUTHS:
        hide_credentials(value);
        break;
    case PLAIN:
    case HELPERS:
        break;
    }
}

const char *client_config_show(struct arena *arena, const char *text, size_t length)
{
    json_t *config = read_config(text, length);

    for (void *at = json_object_iter(config); at != NULL; at = json_object_iter_next(config, at))
        hide_entry(config, at);
    return config == NULL ? "" : doc_compact(arena, config);
}
