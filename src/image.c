/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the RPCs on images, both ways, but for PullImage.
 * It must not know how a command is run. */
#include "image.h"

#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "cri.h"
#include "failure.h"
#include "id.h"
#include "json.h"
#include "list.h"
#include "pairs.h"
#include "reference.h"
#include "units.h"

static const char *name_of(const CRI(ImageSpec) *spec)
{
    return spec == NULL ? "" : spec->image;
}

static bool plan_inspect_image(const char *reference, struct plan *plan, struct err *err)
{
    if (!reference_check(reference, err))
        return false;
    strv_push(&plan->command.argv, "image");
    strv_push(&plan->command.argv, "inspect");
    strv_push(&plan->command.argv, "--");
    strv_push(&plan->command.argv, reference);
    return true;
}

static bool is_pinned(const struct call *call, const char *reference)
{
    return reference_same(call->arena, reference, call->settings->pause_image);
}

static CRI(Image) *new_image(struct arena *arena, const char *id)
{
    CRI(Image) *image = arena_alloc(arena, sizeof(*image));

    *image = (CRI(Image))CRI_INIT(IMAGE);
    image->id = arena_strdup(arena, id);
    image->spec = arena_alloc(arena, sizeof(*image->spec));
    *image->spec = (CRI(ImageSpec))CRI_INIT(IMAGE_SPEC);
    image->spec->image = image->id;
    return image;
}

/* --- docker image inspect --- */

static void give_texts(struct arena *arena, const json_t *array, size_t *count, char ***texts)
{
    struct list list;

    list_init(&list, arena);
    for (size_t i = 0; i < json_array_size(array); i++)
        list_push(&list, arena_strdup(arena, json_text_at(array, i)));
    list_give(&list, count, texts);
}

/* "USER[:GROUP]" of the image: a number is uid, a name username, and none is neither, which is root. */
static void give_user(struct arena *arena, const char *user, CRI(Image) *image)
{
    size_t length = strcspn(user, ":");
    const char *name = arena_strndup(arena, user, length);
    size_t digits = strspn(name, "0123456789");

    if (length == 0)
        return;
    if (digits < length || length > 10) {
        image->username = (char *)(uintptr_t)name;
        return;
    }
    image->uid = arena_alloc(arena, sizeof(*image->uid));
    *image->uid = (CRI(Int64Value))CRI_INIT(INT64_VALUE);
    image->uid->value = strtoll(name, NULL, 10);
}

static CRI(Image) *inspected_image(const struct call *call, const json_t *json)
{
    CRI(Image) *image = new_image(call->arena, json_text(json, "Id"));

    give_texts(call->arena, json_path(json, "RepoTags"), &image->n_repo_tags, &image->repo_tags);
    give_texts(call->arena, json_path(json, "RepoDigests"), &image->n_repo_digests,
               &image->repo_digests);
    image->size = (uint64_t)json_number(json, "Size");
    give_user(call->arena, json_text(json, "Config.User"), image);
    for (size_t i = 0; i < image->n_repo_tags; i++)
        image->pinned = image->pinned || is_pinned(call, image->repo_tags[i]);
    return image;
}

/* The one image of docker image inspect; NULL without an error when there is none. */
static const json_t *read_image(const struct call *call, const struct docker_result *result,
                                struct err *err)
{
    const json_t *json = NULL;

    if (result->exit_code != 0 && (failure_matches(result->stderr_text, "no such image") ||
                                   failure_matches(result->stderr_text, "no such object")))
        return NULL;
    if (result->exit_code != 0) {
        failure_set(call->arena, result, err);
        return NULL;
    }
    json = json_read(result->stdout_text, result->stdout_length, err);
    if (json == NULL)
        return NULL;
    json = json_array_get(json, 0);
    if (!id_of_image(json_text(json, "Id"))) {
        err_set(err, GRPC_INTERNAL, "docker image inspect: the output is not an image");
        return NULL;
    }
    return json;
}

/* --- ImageStatus --- */

bool plan_image_status(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ImageStatusRequest) *request = (const void *)call->request;

    return plan_inspect_image(name_of(request->image), plan, err);
}

/* containerd's users look for imageSpec. */
static struct pairs image_info(const struct call *call, const json_t *json)
{
    struct pairs info = { .items = arena_array(call->arena, 1, sizeof(struct pair)), .count = 1 };
    json_t *docker = json_deep_copy(json);
    json_t *spec = json_object();
    json_t *object = json_object();

    redact_environment(docker);
    json_put_text(spec, "created", json_text(json, "Created"));
    json_put_text(spec, "architecture", json_text(json, "Architecture"));
    json_put_text(spec, "os", json_text(json, "Os"));
    json_object_set(spec, "config", json_object_get(docker, "Config"));
    json_object_set_new(object, "imageSpec", spec);
    json_object_set_new(object, "docker", docker);
    info.items[0] = (struct pair){ .key = "info", .value = json_compact(call->arena, object) };
    return info;
}

bool parse_image_status(const struct call *call, const struct docker_result *result,
                        ProtobufCMessage *response, struct err *err)
{
    const CRI(ImageStatusRequest) *request = (const void *)call->request;
    CRI(ImageStatusResponse) *answer = (void *)response;
    const json_t *json = read_image(call, result, err);

    if (json == NULL)
        return err->code == GRPC_OK; /* "If the image is not present, returns a response with
                                        ImageStatusResponse.Image set to nil" is no error */
    answer->image = inspected_image(call, json);
    if (request->verbose) {
        struct pairs info = image_info(call, json);

        pairs_to_map(call->arena, &info, CRI_DESCRIPTOR(image_status_response__info_entry),
                     &answer->n_info, &answer->info);
    }
    return true;
}

/* --- ListImages --- */

enum { IMAGE_ID, IMAGE_REPOSITORY, IMAGE_TAG, IMAGE_DIGEST, IMAGE_SIZE, IMAGE_COLUMNS };

static const char *filter_of(const struct call *call)
{
    const CRI(ListImagesRequest) *request = (const void *)call->request;

    return request->filter == NULL ? "" : name_of(request->filter->image);
}

/* One image is asked for as ImageStatus does: docker images takes patterns, and no ids. */
bool plan_list_images(const struct call *call, struct plan *plan, struct err *err)
{
    struct strv *argv = &plan->command.argv;

    if (*filter_of(call) != '\0')
        return plan_inspect_image(filter_of(call), plan, err);
    strv_push(argv, "images");
    strv_push(argv, "--no-trunc");
    strv_push(argv, "--digests");
    strv_push(argv, "--format=[{{json .ID}},{{json .Repository}},{{json .Tag}},{{json .Digest}},"
                    "{{json .Size}}]");
    return true;
}

/* An image as its lines are read: docker prints one for each tag and digest. */
struct seen_image {
    CRI(Image) *image;
    struct list tags;
    struct list digests;
};

static struct seen_image *seen_image(const struct call *call, struct list *images, json_t *index,
                                     const json_t *line)
{
    const char *id = json_text_at(line, IMAGE_ID);
    const json_t *known = json_object_get(index, id);
    struct seen_image *seen = NULL;

    if (known != NULL)
        return images->items[json_integer_value(known)];
    seen = arena_alloc(call->arena, sizeof(*seen));
    seen->image = new_image(call->arena, id);
    seen->image->size = units_size_bytes(json_text_at(line, IMAGE_SIZE));
    list_init(&seen->tags, call->arena);
    list_init(&seen->digests, call->arena);
    json_object_set_new_nocheck(index, id, json_integer((json_int_t)images->count));
    list_push(images, seen);
    return seen;
}

static void push_once(struct list *list, char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return;
    list_push(list, text);
}

static void read_image_line(const struct call *call, struct list *images, json_t *index,
                            const json_t *line)
{
    static const char none[] = "<none>";
    const char *repository = json_text_at(line, IMAGE_REPOSITORY);
    const char *tag = json_text_at(line, IMAGE_TAG);
    const char *digest = json_text_at(line, IMAGE_DIGEST);
    struct seen_image *seen = seen_image(call, images, index, line);

    if (strcmp(repository, none) == 0)
        return;
    if (strcmp(tag, none) != 0) {
        char *name = arena_printf(call->arena, "%s:%s", repository, tag);

        push_once(&seen->tags, name);
        seen->image->pinned = seen->image->pinned || is_pinned(call, name);
    }
    if (strcmp(digest, none) != 0)
        push_once(&seen->digests, arena_printf(call->arena, "%s@%s", repository, digest));
}

static bool read_image_lines(const struct call *call, const struct docker_result *result,
                             struct list *images, struct err *err)
{
    const char *text = result->stdout_text;
    json_t *index = json_object();

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        const json_t *line = json_read(text, length, err);

        if (line == NULL)
            return false;
        if (json_array_size(line) != IMAGE_COLUMNS || !id_of_image(json_text_at(line, IMAGE_ID)))
            return err_set(err, GRPC_INTERNAL,
                           "docker images: a line is not the columns that were asked");
        read_image_line(call, images, index, line);
        text += length + (text[length] == '\n');
    }
    return true;
}

bool parse_list_images(const struct call *call, const struct docker_result *result,
                       ProtobufCMessage *response, struct err *err)
{
    CRI(ListImagesResponse) *answer = (void *)response;
    struct list images;

    list_init(&images, call->arena);
    if (*filter_of(call) != '\0') {
        const json_t *json = read_image(call, result, err);

        if (json != NULL)
            list_push(&images, inspected_image(call, json));
    } else if (result->exit_code != 0) {
        failure_set(call->arena, result, err);
    } else if (read_image_lines(call, result, &images, err)) {
        for (size_t i = 0; i < images.count; i++) {
            struct seen_image *seen = images.items[i];

            list_give(&seen->tags, &seen->image->n_repo_tags, &seen->image->repo_tags);
            list_give(&seen->digests, &seen->image->n_repo_digests, &seen->image->repo_digests);
            images.items[i] = seen->image;
        }
    }
    list_give(&images, &answer->n_images, &answer->images);
    return err->code == GRPC_OK;
}

/* --- RemoveImage --- */

/* By id with --force, so that an image with several tags goes; by name without, as it would also
 * take an image from under a stopped container. */
bool plan_remove_image(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(RemoveImageRequest) *request = (const void *)call->request;
    const char *reference = name_of(request->image);
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
    list_push(&images, usage_of(call->arena, json_text(json, "DockerRootDir")));
    list_push(&containers, usage_of(call->arena, json_text(json, "DockerRootDir")));
    list_give(&images, &answer->n_image_filesystems, &answer->image_filesystems);
    list_give(&containers, &answer->n_container_filesystems, &answer->container_filesystems);
    return true;
}
