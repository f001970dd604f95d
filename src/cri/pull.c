/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates PullImage, both ways.
 * It must not know how a command is run. */
#include <string.h>

#include "base/base64.h"
#include "base/cri.h"
#include "base/document.h"
#include "base/utf8.h"
#include "cri/image.h"
#include "cri/server_address.h"
#include "docker/client_config.h"
#include "docker/failure.h"
#include "docker/id.h"
#include "docker/reference.h"

/* Credentials may go to the registry that they are for, and to no other. */
static bool check_server(struct arena *arena, const CRI(AuthConfig) *auth, const char *registry,
                         struct err *err)
{
    const char *host = NULL;

    if (!server_address_host(arena, auth->server_address, &host, err))
        return false;
    if (*host == '\0' || server_address_is(host, registry))
        return true;
    return err_set(err, GRPC_INVALID_ARGUMENT,
                   "auth.server_address: the credentials are for \"%s\", the image is at \"%s\"",
                   host, registry);
}

/* base64 of USER:PASSWORD: docker's own error about it would show it, and one without a colon it
 * would leave out. */
static bool check_auth(struct arena *arena, const char *auth, struct err *err)
{
    size_t length = 0;
    const char *pair = base64_decode(arena, auth, &length);

    if (*auth == '\0' || (pair != NULL && memchr(pair, ':', length) != NULL))
        return true;
    return err_set(err, GRPC_INVALID_ARGUMENT, "auth.auth: is not the base64 of USER:PASSWORD");
}

static void put_credential(json_t *object, const char *name, const char *text)
{
    if (*text != '\0')
        doc_put_text(object, name, text);
}

/* The auths of docker's config.json: the credentials under the key that docker looks for. */
static json_t *auths_json(const CRI(AuthConfig) *auth, const char *registry)
{
    const char *key = server_address_is_hub(registry) ? "https://index.docker.io/v1/" : registry;
    json_t *credentials = json_object();
    json_t *auths = json_object();

    put_credential(credentials, "username", auth->username);
    put_credential(credentials, "password", auth->password);
    put_credential(credentials, "auth", auth->auth);
    put_credential(credentials, "identitytoken", auth->identity_token);
    put_credential(credentials, "registrytoken", auth->registry_token);
    json_object_set_new_nocheck(auths, key, credentials);
    return auths;
}

static bool push_credentials(const struct call *call, const CRI(AuthConfig) *auth,
                             const char *reference, struct plan *plan, struct err *err)
{
    const char *registry = reference_registry(call->arena, reference);

    if (!check_server(call->arena, auth, registry, err) ||
        !check_auth(call->arena, auth->auth, err))
        return false;
    client_config_use_auths(call, auths_json(auth, registry), plan);
    return true;
}

static bool has_credentials(const CRI(AuthConfig) *auth)
{
    return auth != NULL &&
           (*auth->username != '\0' || *auth->password != '\0' || *auth->auth != '\0' ||
            *auth->identity_token != '\0' || *auth->registry_token != '\0');
}

bool plan_pull_image(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(PullImageRequest) *request = (const void *)call->request;
    const char *reference = request->image == NULL ? "" : request->image->image;
    struct strv *argv = &plan->command.argv;

    if (!reference_check(reference, err))
        return false;
    /* docker would look for a repository called "sha256". */
    if (id_of_image(reference) || id_full(reference))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "image \"%s\": is an id, which no registry can be asked for", reference);
    if (has_credentials(request->auth) &&
        !push_credentials(call, request->auth, reference, plan, err))
        return false;
    strv_push(argv, "pull");
    strv_push(argv, "--");
    strv_push(argv, reference);
    return true;
}

/* The line of text that starts so, without that start; "" if there is none. */
static const char *line_after(struct arena *arena, const char *text, const char *start)
{
    size_t length = strlen(start);

    for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
        if (strncmp(text, start, length) == 0)
            return arena_strndup(arena, text + length, strcspn(text + length, "\r\n"));
    return "";
}

static const char *last_line(struct arena *arena, const char *text)
{
    const char *last = "";

    for (; *text != '\0'; text += strcspn(text, "\n"), text += *text == '\n')
        last = text;
    return arena_strndup(arena, last, strcspn(last, "\r\n"));
}

bool parse_pull_image(const struct call *call, const struct docker_result *result,
                      ProtobufCMessage *response, struct err *err)
{
    CRI(PullImageResponse) *answer = (void *)response;
    const char *reference = last_line(call->arena, result->stdout_text);
    const char *digest = line_after(call->arena, result->stdout_text, "Digest: ");
    struct err ignored = { .code = GRPC_OK };

    if (result->exit_code != 0)
        return failure_set(call->arena, result, err);
    if (!id_of_image(digest) || !utf8_valid(reference, strlen(reference)) ||
        !reference_check(reference, &ignored))
        return err_set(err, GRPC_INTERNAL, "docker pull: printed no digest");
    answer->image_ref =
        arena_printf(call->arena, "%s@%s", reference_repository(call->arena, reference), digest);
    return true;
}
