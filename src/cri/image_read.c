/* SPDX-License-Identifier: Apache-2.0 */
/* This file translates the RPCs that read images, both ways.
 * It must not know how a command is run. */
#include "cri/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/cri.h"
#include "base/document.h"
#include "base/list.h"
#include "base/units.h"
#include "cri/image_filter.h"
#include "docker/failure.h"
#include "docker/id.h"
#include "docker/inspect.h"
#include "docker/pairs.h"
#include "docker/reference.h"

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
        list_push(&list, arena_strdup(arena, doc_text_at(array, i)));
    list_give(&list, count, texts);
}

/* "USER[:GROUP]" of the image: a number is uid, a name username, and none is neither, which is
 * root. */
static void give_user(struct arena *arena, const char *user, CRI(Image) *image)
{
    size_t length = strcspn(user, ":");
    char *name = arena_strndup(arena, user, length);
    size_t digits = strspn(name, "0123456789");

    if (length == 0)
        return;
    if (digits < length || length > 10) {
        image->username = name;
        return;
    }
    image->uid = arena_alloc(arena, sizeof(*image->uid));
    *image->uid = (CRI(Int64Value))CRI_INIT(INT64_VALUE);
    image->uid->value = strtoll(name, NULL, 10);
}

static CRI(Image) *inspected_image(const struct call *call, const json_t *json)
{
    CRI(Image) *image = new_image(call->arena, doc_text(json, "Id"));

    give_texts(call->arena, doc_path(json, "RepoTags"), &image->n_repo_tags, &image->repo_tags);
    give_texts(call->arena, doc_path(json, "RepoDigests"), &image->n_repo_digests,
               &image->repo_digests);
    image->size = (uint64_t)doc_number(json, "Size");
    give_user(call->arena, doc_text(json, "Config.User"), image);
    for (size_t i = 0; i < image->n_repo_tags; i++)
        image->pinned = image->pinned || is_pinned(call, image->repo_tags[i]);
    return image;
}

static bool is_unknown_image(const struct docker_result *result)
{
    return result->exit_code != 0 && (failure_matches(result->stderr_text, "no such image") ||
                                      failure_matches(result->stderr_text, "no such object"));
}

/* The one image of docker image inspect; NULL without an error when there is none. */
static const json_t *read_inspected_image(const struct call *call,
                                          const struct docker_result *result, struct err *err)
{
    const json_t *json = NULL;

    if (is_unknown_image(result))
        return NULL;
    if (result->exit_code != 0) {
        failure_set(call->arena, result, err);
        return NULL;
    }
    json = doc_read(result->stdout_text, result->stdout_length, err);
    if (json == NULL)
        return NULL;
    json = json_array_get(json, 0);
    if (!id_of_image(doc_text(json, "Id"))) {
        err_set(err, GRPC_INTERNAL, "docker image inspect: the output is not an image");
        return NULL;
    }
    return json;
}

/* --- ImageStatus --- */

bool plan_image_status(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ImageStatusRequest) *request = (const void *)call->request;

    return plan_inspect_image(request->image == NULL ? "" : request->image->image, plan, err);
}

/* containerd's users look for imageSpec. */
static struct pairs image_info(const struct call *call, const json_t *json)
{
    struct pairs info = { .items = arena_array(call->arena, 1, sizeof(struct pair)), .count = 1 };
    json_t *docker = json_deep_copy(json);
    json_t *spec = json_object();
    json_t *object = json_object();

    redact_environment(docker);
    doc_put_text(spec, "created", doc_text(json, "Created"));
    doc_put_text(spec, "architecture", doc_text(json, "Architecture"));
    doc_put_text(spec, "os", doc_text(json, "Os"));
    json_object_set(spec, "config", json_object_get(docker, "Config"));
    json_object_set_new(object, "imageSpec", spec);
    json_object_set_new(object, "docker", docker);
    info.items[0] = (struct pair){ .key = "info", .value = doc_compact(call->arena, object) };
    return info;
}

bool parse_image_status(const struct call *call, const struct docker_result *result,
                        ProtobufCMessage *response, struct err *err)
{
    const CRI(ImageStatusRequest) *request = (const void *)call->request;
    CRI(ImageStatusResponse) *answer = (void *)response;
    const json_t *json = read_inspected_image(call, result, err);

    if (json == NULL) /* an image that is not there is an answer without one */
        return err->code == GRPC_OK;
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

static void push_images(struct strv *argv)
{
    strv_push(argv, "images");
    strv_push(argv, "--no-trunc");
    strv_push(argv, "--digests");
    strv_push(argv, "--format=[{{json .ID}},{{json .Repository}},{{json .Tag}},{{json .Digest}},"
                    "{{json .Size}}]");
}

/* One image is asked for as ImageStatus does: docker images takes patterns, and no ids. */
bool plan_list_images(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(ListImagesRequest) *request = (const void *)call->request;
    const char *filter = image_filter_text(request->filter);

    if (image_filter_is_one(request->filter))
        return plan_inspect_image(filter, plan, err);
    push_images(&plan->command.argv);
    return *filter == '\0' || reference_check(filter, err);
}

/* An image as its lines are read: docker prints one for each tag and digest. */
struct seen_image {
    CRI(Image) *image;
    struct list tags;
    struct list digests;
};

static struct seen_image *new_seen_image(const struct call *call, const json_t *line)
{
    struct seen_image *seen = arena_alloc(call->arena, sizeof(*seen));

    seen->image = new_image(call->arena, doc_text_at(line, IMAGE_ID));
    seen->image->size = units_size_bytes(doc_text_at(line, IMAGE_SIZE));
    list_init(&seen->tags, call->arena);
    list_init(&seen->digests, call->arena);
    return seen;
}

static void push_once(struct list *list, char *text)
{
    for (size_t i = 0; i < list->count; i++)
        if (strcmp(list->items[i], text) == 0)
            return;
    list_push(list, text);
}

static void add_names(const struct call *call, struct seen_image *seen, const json_t *line)
{
    static const char none[] = "<none>";
    const char *repository = doc_text_at(line, IMAGE_REPOSITORY);
    const char *tag = doc_text_at(line, IMAGE_TAG);
    const char *digest = doc_text_at(line, IMAGE_DIGEST);

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

static CRI(Image) *finished(struct seen_image *seen)
{
    list_give(&seen->tags, &seen->image->n_repo_tags, &seen->image->repo_tags);
    list_give(&seen->digests, &seen->image->n_repo_digests, &seen->image->repo_digests);
    return seen->image;
}

static const json_t *read_image_line(const char *text, size_t length, struct err *err)
{
    const json_t *line = doc_read(text, length, err);

    if (line != NULL && json_array_size(line) == IMAGE_COLUMNS &&
        id_of_image(doc_text_at(line, IMAGE_ID)))
        return line;
    err_set(err, GRPC_INTERNAL, "docker images: a line is not the columns that were asked");
    return NULL;
}

/* The image of a line: a new one, or one of which a line was read before. */
static struct seen_image *seen_image(const struct call *call, struct list *images, json_t *index,
                                     const json_t *line)
{
    const char *id = doc_text_at(line, IMAGE_ID);
    const json_t *known = json_object_get(index, id);

    if (known != NULL)
        return images->items[json_integer_value(known)];
    json_object_set_new_nocheck(index, id, json_integer((json_int_t)images->count));
    list_push(images, new_seen_image(call, line));
    return images->items[images->count - 1];
}

static bool read_image_lines(const struct call *call, const char *text,
                             const CRI(ImageFilter) *filter, struct list *images, struct err *err)
{
    json_t *index = json_object();
    size_t count = 0;

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");
        const json_t *line = read_image_line(text, length, err);

        if (line == NULL)
            return false;
        add_names(call, seen_image(call, images, index, line), line);
        text += length + (text[length] == '\n');
    }
    for (size_t i = 0; i < images->count; i++) {
        CRI(Image) *image = finished(images->items[i]);

        if (image_filter_has(call->arena, filter, image))
            images->items[count++] = image;
    }
    images->count = count;
    return true;
}

bool parse_list_images(const struct call *call, const struct docker_result *result,
                       ProtobufCMessage *response, struct err *err)
{
    const CRI(ListImagesRequest) *request = (const void *)call->request;
    CRI(ListImagesResponse) *answer = (void *)response;
    struct list images;

    list_init(&images, call->arena);
    if (image_filter_is_one(request->filter)) {
        const json_t *json = read_inspected_image(call, result, err);

        if (json != NULL)
            list_push(&images, inspected_image(call, json));
    } else if (result->exit_code != 0) {
        failure_set(call->arena, result, err);
    } else {
        read_image_lines(call, result->stdout_text, request->filter, &images, err);
    }
    list_give(&images, &answer->n_images, &answer->images);
    return err->code == GRPC_OK;
}

/* --- StreamImages --- */

/* The one image of a filter is asked for on one line. */
bool plan_stream_images(const struct call *call, struct plan *plan, struct err *err)
{
    const CRI(StreamImagesRequest) *request = (const void *)call->request;
    const char *reference = image_filter_text(request->filter);
    struct strv *argv = &plan->command.argv;

    if (*reference != '\0' && !reference_check(reference, err))
        return false;
    if (!image_filter_is_one(request->filter)) {
        push_images(argv);
        return true;
    }
    strv_push(argv, "image");
    strv_push(argv, "inspect");
    strv_push(argv, "--format={{json .}}");
    strv_push(argv, "--");
    strv_push(argv, reference);
    return true;
}

/* How docker ended: an image that is not there is no error of a list. */
bool parse_stream_images(const struct call *call, const struct docker_result *result,
                         ProtobufCMessage *response, struct err *err)
{
    (void)response;
    return result->exit_code == 0 || is_unknown_image(result) ||
           failure_set(call->arena, result, err);
}

static bool give_image(const struct call *call, struct stream *stream, CRI(Image) *image,
                       struct err *err)
{
    const CRI(StreamImagesRequest) *request = (const void *)call->request;
    CRI(StreamImagesResponse) response = CRI_INIT(STREAM_IMAGES_RESPONSE);

    if (!image_filter_has(call->arena, request->filter, image))
        return true;
    response.n_images = 1;
    response.images = &image;
    return stream->give(stream->context, &response.base, err);
}

/* The lines of one image stand together: it is given when a line of another one comes, which is
 * then read again with memory of its own. */
static bool stream_image_line(const struct call *call, struct stream *stream, const char *text,
                              size_t length, struct err *err)
{
    struct seen_image *seen = stream->state;
    const json_t *line = text == NULL ? NULL : read_image_line(text, length, err);

    if (text != NULL && line == NULL)
        return false;
    if (seen != NULL &&
        (line == NULL || strcmp(seen->image->id, doc_text_at(line, IMAGE_ID)) != 0)) {
        stream->state = NULL;
        stream->again = line != NULL;
        return give_image(call, stream, finished(seen), err);
    }
    if (line == NULL)
        return true;
    if (seen == NULL)
        seen = new_seen_image(call, line);
    add_names(call, seen, line);
    stream->state = seen;
    return true;
}

bool stream_images(const struct call *call, struct stream *stream, const char *line, size_t length,
                   struct err *err)
{
    const CRI(StreamImagesRequest) *request = (const void *)call->request;
    const json_t *json = NULL;

    if (!image_filter_is_one(request->filter))
        return stream_image_line(call, stream, line, length, err);
    if (line == NULL || length == 0)
        return true;
    json = doc_read(line, length, err);
    return json != NULL && give_image(call, stream, inspected_image(call, json), err);
}
