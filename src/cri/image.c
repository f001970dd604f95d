/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates RemoveImage and ImageFsInfo, both ways.
 * It must not know how a command is run. */
#include "cri/image.h"

#include "base/cri.h"
#include "base/document.h"
#include "base/list.h"
#include "docker/failure.h"
#include "docker/info.h"
#include "docker/reference.h"

/* --- RemoveImage --- */

/* By id with --force, so that an image with several tags goes; by name without, as it would also
 * take an image from under a stopped container. */
bool plan_remove_image(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(RemoveImageRequest) *request = (const void *)call->request;
    const char *reference = request->image == NULL ? "" : request->image->image;
    struct strv *argv = &plan->command.argv;

    if (!reference_check(reference, err))
        return false;
    strv_push(argv, "image");
    strv_push(argv, "rm");
    if (reference_is_id(reference))
        strv_push(argv, "--force");
    strv_push(argv, "--");
    strv_push(argv, reference);
    return true;
}

bool parse_remove_image(const struct call *call, const struct docker_result *result,
                        ProtobufCMessage *response, struct err *err)
{
    static const char *const gone[] = { "no such image", "unrecognized image id" };

    (void)response;
    if (result->exit_code == 0)
        return true;
    for (size_t i = 0; i < sizeof(gone) / sizeof(gone[0]); i++)
        if (failure_matches(result->stderr_text, gone[i]))
            return true;
    return failure_set(call->arena, result, err);
}

/* --- ImageFsInfo --- */

bool plan_image_fs_info(const struct call *call, struct plan *plan, struct err *err)
{
    (void)call;
    (void)err;
    return plan_info(plan);
}

static CRI(FilesystemUsage) *usage_of(struct arena *arena, const char *mountpoint)
{
    CRI(FilesystemUsage) *usage = arena_alloc(arena, sizeof(*usage));

    *usage = (CRI(FilesystemUsage))CRI_INIT(FILESYSTEM_USAGE);
    usage->fs_id = arena_alloc(arena, sizeof(*usage->fs_id));
    *usage->fs_id = (CRI(FilesystemIdentifier))CRI_INIT(FILESYSTEM_IDENTIFIER);
    usage->fs_id->mountpoint = arena_strdup(arena, mountpoint);
    return usage;
}

/* docker says where its files are, for images and containers alike; how much is used there is for
 * the after step to read. */
bool parse_image_fs_info(const struct call *call, const struct docker_result *result,
                         ProtobufCMessage *response, struct err *err)
{
    CRI(ImageFsInfoResponse) *answer = (void *)response;
    const json_t *json = parse_info(call, result, err);
    struct list images;
    struct list containers;

    if (json == NULL)
        return false;
    list_init(&images, call->arena);
    list_init(&containers, call->arena);
    list_push(&images, usage_of(call->arena, doc_text(json, "DockerRootDir")));
    list_push(&containers, usage_of(call->arena, doc_text(json, "DockerRootDir")));
    list_give(&images, &answer->n_image_filesystems, &answer->image_filesystems);
    list_give(&containers, &answer->n_container_filesystems, &answer->container_filesystems);
    return true;
}
