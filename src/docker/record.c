/* SPDX-License-Identifier: Apache-2.0 */
/* This file writes and reads what is kept of a pod or a container in docker's labels.
 * It must not know any docker command. */
#include "docker/record.h"

#include <string.h>

#include "base/document.h"
#include "base/text.h"
#include "base/utf8.h"

/* A client's label of such a key would be taken for ours. It is in the JSON only. */
static bool is_reserved(const char *key)
{
    static const char *const keys[] = { LABEL_TYPE, LABEL_SANDBOX_ID, LABEL_LOG_PATH };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (strcmp(key, keys[i]) == 0)
            return true;
    return text_begins(key, LABEL_RECORD);
}

/* docker refuses keys that are empty or hold a blank (seen on 20.10 and 28.2) and splits at the
 * first "=". */
static bool docker_takes(const char *key, const char *value)
{
    return *key != '\0' && strpbrk(key, "= \t") == NULL && strlen(key) + strlen(value) < LABEL_MAX;
}

bool record_label_is_plain(const char *key, const char *value)
{
    size_t length = strlen(value);

    if (strcmp(key, LABEL_ATTEMPT) == 0)
        return true;
    /* docker trims blanks of any script around the filter. */
    if (!docker_takes(key, value) || *key < '!' || *key > '~' ||
        (length > 0 && (value[length - 1] < '!' || value[length - 1] > '~')))
        return false;
    return !is_reserved(key) && !text_begins(key, LABEL_ANNOTATION) &&
           strcmp(key, LABEL_CONTAINER_NAME) != 0;
}

/* --- writing --- */

static void put_text(json_t *object, const char *name, const char *text)
{
    if (text != NULL && *text != '\0')
        doc_put_text(object, name, text);
}

static void put_number(json_t *object, const char *name, uint32_t number)
{
    if (number != 0)
        json_object_set_new(object, name, json_integer(number));
}

static void put_pairs(json_t *object, const char *name, const struct pairs *pairs)
{
    if (pairs->count > 0)
        json_object_set_new(object, name, pairs_to_json(pairs));
}

static json_t *pod_json(const struct record *record)
{
    json_t *pod = json_object();

    put_text(pod, "name", record->name.pod);
    put_text(pod, "namespace", record->name.namespace);
    put_text(pod, "uid", record->name.uid);
    put_number(pod, "attempt", record->pod_attempt);
    return pod;
}

static json_t *container_json(const struct record *record)
{
    json_t *container = json_object();

    put_text(container, "name", record->name.container);
    put_number(container, "attempt", record->name.attempt);
    return container;
}

static json_t *image_json(struct arena *arena, const CRI(ImageSpec) *image)
{
    struct pairs annotations = pairs_of_map(arena, image->n_annotations, image->annotations);
    json_t *object = json_object();

    put_text(object, "image", image->image);
    put_pairs(object, "annotations", &annotations);
    put_text(object, "user_specified_image", image->user_specified_image);
    put_text(object, "runtime_handler", image->runtime_handler);
    put_text(object, "image_ref", image->image_ref);
    return object;
}

static const char *write_json(struct arena *arena, const struct record *record)
{
    json_t *object = json_object();

    json_object_set_new(object, "pod", pod_json(record));
    if (!record->sandbox)
        json_object_set_new(object, "container", container_json(record));
    put_text(object, "sandbox", record->sandbox_id);
    put_pairs(object, "labels", &record->labels);
    put_pairs(object, "annotations", &record->annotations);
    if (record->image != NULL)
        json_object_set_new(object, "image", image_json(arena, record->image));
    put_text(object, "log_directory", record->log_directory);
    put_text(object, "log_path", record->log_path);
    put_text(object, "cgroup_parent", record->cgroup_parent);
    put_text(object, "runtime_handler", record->runtime_handler);
    put_number(object, "pid_mode", (uint32_t)record->pid_mode);
    return doc_compact(arena, object);
}

static bool push_json(struct strv *argv, const char *json, struct err *err)
{
    size_t left = strlen(json);

    for (int piece = 0; left > 0; piece++) {
        size_t length = utf8_cut(json, left, LABEL_MAX);

        if (piece == RECORD_PIECES)
            return err_set(err, GRPC_RESOURCE_EXHAUSTED,
                           "labels and annotations: more than docker's labels can keep (%d KiB)",
                           RECORD_PIECES * LABEL_MAX / 1024);
        if (piece == 0)
            strv_pushf(argv, "--label=%s=%.*s", LABEL_RECORD, (int)length, json);
        else
            strv_pushf(argv, "--label=%s.%d=%.*s", LABEL_RECORD, piece, (int)length, json);
        json += length;
        left -= length;
    }
    return true;
}

bool record_push_labels(const struct record *record, struct strv *argv, struct err *err)
{
    for (size_t i = 0; i < record->labels.count; i++) {
        const struct pair *label = &record->labels.items[i];

        if (docker_takes(label->key, label->value) && !is_reserved(label->key))
            strv_pushf(argv, "--label=%s=%s", label->key, label->value);
    }
    for (size_t i = 0; i < record->annotations.count; i++) {
        const struct pair *annotation = &record->annotations.items[i];

        if (docker_takes(annotation->key, annotation->value))
            strv_pushf(argv, "--label=%s%s=%s", LABEL_ANNOTATION, annotation->key,
                       annotation->value);
    }
    strv_pushf(argv, "--label=%s=%s", LABEL_TYPE,
               record->sandbox ? LABEL_TYPE_SANDBOX : LABEL_TYPE_CONTAINER);
    if (record->sandbox)
        strv_pushf(argv, "--label=%s=%s", LABEL_CONTAINER_NAME, NAME_SANDBOX);
    else
        strv_pushf(argv, "--label=%s=%s", LABEL_SANDBOX_ID, record->sandbox_id);
    if (record->log_path != NULL && *record->log_path != '\0')
        strv_pushf(argv, "--label=%s=%s", LABEL_LOG_PATH, record->log_path);
    if (record->attempt != NULL && *record->attempt != '\0')
        strv_pushf(argv, "--label=%s=%s", LABEL_ATTEMPT, record->attempt);
    return push_json(argv, write_json(argv->arena, record), err);
}

/* --- reading --- */

void record_pieces(struct arena *arena, const struct pairs *labels, const char **pieces)
{
    pieces[0] = pairs_get(labels, LABEL_RECORD);
    for (int i = 1; i < RECORD_PIECES; i++)
        pieces[i] = pairs_get(labels, arena_printf(arena, "%s.%d", LABEL_RECORD, i));
}

const char *record_own_name(struct arena *arena, const char *names)
{
    while (*names != '\0') {
        size_t length = strcspn(names, ",");
        size_t slash = *names == '/';

        if (memchr(names + slash, '/', length - slash) == NULL)
            return arena_strndup(arena, names + slash, length - slash);
        names += length + (names[length] == ',');
    }
    return "";
}

static CRI(ImageSpec) *read_image(struct arena *arena, const json_t *image)
{
    CRI(ImageSpec) *spec = arena_alloc(arena, sizeof(*spec));
    struct pairs annotations = pairs_of_json(arena, doc_path(image, "annotations"));

    *spec = (CRI(ImageSpec))CRI_INIT(IMAGE_SPEC);
    spec->image = arena_strdup(arena, doc_text(image, "image"));
    spec->user_specified_image = arena_strdup(arena, doc_text(image, "user_specified_image"));
    spec->runtime_handler = arena_strdup(arena, doc_text(image, "runtime_handler"));
    spec->image_ref = arena_strdup(arena, doc_text(image, "image_ref"));
    pairs_to_map(arena, &annotations, CRI_DESCRIPTOR(image_spec__annotations_entry),
                 &spec->n_annotations, &spec->annotations);
    return spec;
}

/* The JSON is whole as soon as it parses: what follows is not ours, an image may have labels of
 * these names, too. */
static const json_t *parse_pieces(struct arena *arena, const char *const *pieces)
{
    const char *text = "";
    const json_t *object = NULL;

    for (int i = 0; i < RECORD_PIECES && pieces[i] != NULL && object == NULL; i++) {
        struct err ignored = { .code = GRPC_OK };

        text = i == 0 ? pieces[i] : arena_printf(arena, "%s%s", text, pieces[i]);
        object = *text == '\0' ? NULL : doc_read(text, strlen(text), &ignored);
    }
    return object;
}

static bool read_json(struct arena *arena, const char *const *pieces, struct record *record)
{
    const json_t *object = parse_pieces(arena, pieces);
    const json_t *container = doc_path(object, "container");

    if (!json_is_object(object))
        return false;
    *record = (struct record){
        .exact = true,
        .sandbox = container == NULL,
        .name = { .container = arena_strdup(arena, container == NULL ? NAME_SANDBOX
                                                                     : doc_text(container, "name")),
                  .pod = arena_strdup(arena, doc_text(object, "pod.name")),
                  .namespace = arena_strdup(arena, doc_text(object, "pod.namespace")),
                  .uid = arena_strdup(arena, doc_text(object, "pod.uid")) },
        .pod_attempt = (uint32_t)doc_number(object, "pod.attempt"),
        .sandbox_id = arena_strdup(arena, doc_text(object, "sandbox")),
        .labels = pairs_of_json(arena, doc_path(object, "labels")),
        .annotations = pairs_of_json(arena, doc_path(object, "annotations")),
        .log_directory = arena_strdup(arena, doc_text(object, "log_directory")),
        .log_path = arena_strdup(arena, doc_text(object, "log_path")),
        .cgroup_parent = arena_strdup(arena, doc_text(object, "cgroup_parent")),
        .runtime_handler = arena_strdup(arena, doc_text(object, "runtime_handler")),
        .pid_mode = (CRI(NamespaceMode))doc_number(object, "pid_mode"),
    };
    record->name.attempt =
        container == NULL ? record->pod_attempt : (uint32_t)doc_number(container, "attempt");
    if (doc_path(object, "image") != NULL)
        record->image = read_image(arena, doc_path(object, "image"));
    return true;
}

static const char *label_or(const struct pairs *labels, const char *key, const char *otherwise)
{
    const char *value = pairs_get(labels, key);

    return value == NULL ? otherwise : value;
}

/* cri-dockerd's view: labels that start with "annotation." are annotations, its own are hidden. */
static void split_labels(struct arena *arena, const struct pairs *all, struct record *record)
{
    record->labels.items = arena_array(arena, all->count, sizeof(struct pair));
    record->annotations.items = arena_array(arena, all->count, sizeof(struct pair));
    for (size_t i = 0; i < all->count; i++) {
        const struct pair *label = &all->items[i];

        if (text_begins(label->key, LABEL_ANNOTATION))
            record->annotations.items[record->annotations.count++] =
                (struct pair){ label->key + strlen(LABEL_ANNOTATION), label->value };
        else if (!is_reserved(label->key) &&
                 !(record->sandbox && strcmp(label->key, LABEL_CONTAINER_NAME) == 0))
            record->labels.items[record->labels.count++] = *label;
    }
}

static void read_labels(struct arena *arena, const struct pairs *labels, const struct name *name,
                        struct record *record)
{
    *record = (struct record){
        .sandbox = strcmp(name->container, NAME_SANDBOX) == 0,
        .name = *name,
        .log_path = label_or(labels, LABEL_LOG_PATH, ""),
        .log_directory = "",
        .cgroup_parent = "",
        .runtime_handler = "",
        .pid_mode = CRI_ENUM(NAMESPACE_MODE, CONTAINER), /* cri-dockerd's only other than NODE */
    };
    if (record->sandbox)
        record->pod_attempt = name->attempt;
    split_labels(arena, labels, record);
}

static bool is_of(struct arena *arena, const struct record *record, const char *docker_name,
                  const char *sandbox_id)
{
    return strcmp(name_print(arena, &record->name), docker_name) == 0 &&
           (record->sandbox || strcmp(record->sandbox_id, sandbox_id) == 0);
}

bool record_read(struct arena *arena, const char *const *pieces, const struct pairs *labels,
                 const char *docker_name, const char *sandbox_id, struct record *record)
{
    struct name name;

    if (!name_read(arena, docker_name, &name))
        return false;
    if (!read_json(arena, pieces, record) || !is_of(arena, record, docker_name, sandbox_id))
        read_labels(arena, labels, &name, record);
    record->sandbox_id = sandbox_id;
    return true;
}
