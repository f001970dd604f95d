/* SPDX-License-Identifier: Apache-2.0 */
/* This file is the table of what RPCs are composed of: which ones are run, what each is asked, and
 * what is taken of its result.
 * It must not know how the steps are walked. */
#include "gateway/composition.h"

#include <string.h>

#include "base/cri.h"
#include "base/wire.h"
#include "docker/id.h"
#include "gateway/target.h"
#include "host/loglink.h"

enum { ID_FIELD = 1 }; /* of every request that names a container or a pod sandbox */

/* ==== requests ==== */

static bool put_message(struct buf *buf, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);

    if (!buf_reserve(buf, size))
        return false;
    buf->length += protobuf_c_message_pack(message, (uint8_t *)buf->data + buf->length);
    return true;
}

static bool put_id_bytes(struct buf *message, const char *bytes, size_t length)
{
    uint8_t varint[WIRE_VARINT_BYTES];
    size_t count = wire_put_varint(varint, length);

    return buf_putc(message, (char)wire_tag(ID_FIELD, WIRE_BYTES)) &&
           buf_append(message, varint, count) && buf_append(message, bytes, length);
}

static bool put_id(struct buf *message, const char *id)
{
    return put_id_bytes(message, id, strlen(id));
}

static bool request_own(struct steps *steps, struct buf *message)
{
    return buf_append(message, steps->request, steps->request_length);
}

/* Just the id that the RPC's own request names, unchecked. */
static bool request_own_id(struct steps *steps, struct buf *message)
{
    const uint8_t *id = NULL;
    size_t length = 0;

    return wire_find(steps->request, steps->request_length, ID_FIELD, &id, &length) &&
           put_id_bytes(message, (const char *)id, length);
}

static bool request_target(struct steps *steps, struct buf *message)
{
    CRI(ContainerFilter) filter = CRI_INIT(CONTAINER_FILTER);
    CRI(ListContainersRequest) request = CRI_INIT(LIST_CONTAINERS_REQUEST);

    filter.id = arena_strdup(&steps->arena, steps->target);
    request.filter = &filter;
    return put_message(message, &request.base);
}

/* Of a field that is there several times the last one counts: the whole id overrides a short one,
 * and what is then touched is what was asked about. */
static bool request_own_with_sandbox(struct steps *steps, struct buf *message)
{
    return request_own(steps, message) && put_id(message, steps->sandbox);
}

static bool request_own_with_container(struct steps *steps, struct buf *message)
{
    return request_own(steps, message) && put_id(message, steps->container);
}

static bool request_member(struct steps *steps, struct buf *message)
{
    return put_id(message, steps->members.words[steps->member]);
}

static bool put_list_request(struct steps *steps, CRI(ContainerStateValue) *state,
                             struct buf *message)
{
    CRI(ContainerFilter) filter = CRI_INIT(CONTAINER_FILTER);
    CRI(ListContainersRequest) request = CRI_INIT(LIST_CONTAINERS_REQUEST);

    filter.pod_sandbox_id = arena_strdup(&steps->arena, steps->sandbox);
    filter.state = state;
    request.filter = &filter;
    return put_message(message, &request.base);
}

static bool request_members(struct steps *steps, struct buf *message)
{
    return put_list_request(steps, NULL, message);
}

static bool request_running_members(struct steps *steps, struct buf *message)
{
    CRI(ContainerStateValue) state = CRI_INIT(CONTAINER_STATE_VALUE);

    state.state = CRI_ENUM(CONTAINER_STATE, CONTAINER_RUNNING);
    return put_list_request(steps, &state, message);
}

static CRI(ImageSpec) image_spec(struct steps *steps)
{
    CRI(ImageSpec) spec = CRI_INIT(IMAGE_SPEC);

    spec.image = arena_strdup(&steps->arena, steps->image);
    return spec;
}

static bool request_status_of_image(struct steps *steps, struct buf *message)
{
    CRI(ImageSpec) spec = image_spec(steps);
    CRI(ImageStatusRequest) request = CRI_INIT(IMAGE_STATUS_REQUEST);

    request.image = &spec;
    return put_message(message, &request.base);
}

static bool request_removal_of_image(struct steps *steps, struct buf *message)
{
    CRI(ImageSpec) spec = image_spec(steps);
    CRI(RemoveImageRequest) request = CRI_INIT(REMOVE_IMAGE_REQUEST);

    request.image = &spec;
    return put_message(message, &request.base);
}

static bool request_removal_of_name(struct steps *steps, struct buf *message)
{
    steps->image = steps->members.words[steps->member];
    return request_removal_of_image(steps, message);
}

/* ==== results ==== */

/* Unpacked in the arena, which is the RPC's. NULL with INTERNAL. */
static void *allocate(void *arena, size_t size)
{
    return arena_try_alloc(arena, size);
}

static void keep(void *arena, void *block)
{
    (void)arena;
    (void)block;
}

static void *unpack(struct steps *steps, const ProtobufCMessageDescriptor *descriptor,
                    const uint8_t *bytes, size_t length, struct err *err)
{
    ProtobufCAllocator allocator = { allocate, keep, &steps->arena };
    void *message = protobuf_c_message_unpack(descriptor, &allocator, length, bytes);

    if (message == NULL)
        err_set(err, GRPC_INTERNAL, "the translator's answer is not one");
    return message;
}

static bool whole_id(const char *id, struct err *err)
{
    return id_full(id) || err_set(err, GRPC_INTERNAL, "the translator's answer has no id");
}

static bool result_sandbox(struct steps *steps, const uint8_t *bytes, size_t length,
                           struct err *err)
{
    const CRI(PodSandboxStatusResponse) *response =
        unpack(steps, CRI_DESCRIPTOR(pod_sandbox_status_response), bytes, length, err);

    if (response == NULL)
        return false;
    steps->sandbox = response->status == NULL ? "" : response->status->id;
    steps->handler = response->status == NULL ? "" : response->status->runtime_handler;
    return whole_id(steps->sandbox, err);
}

static bool result_container(struct steps *steps, const uint8_t *bytes, size_t length,
                             struct err *err)
{
    const CRI(ContainerStatusResponse) *response =
        unpack(steps, CRI_DESCRIPTOR(container_status_response), bytes, length, err);

    if (response == NULL)
        return false;
    steps->container = response->status == NULL ? "" : response->status->id;
    steps->log_path = response->status == NULL ? "" : response->status->log_path;
    return whole_id(steps->container, err);
}

static bool wants_target(struct steps *steps)
{
    steps->target = target_of_request(&steps->arena, steps->request, steps->request_length);
    return *steps->target != '\0';
}

static bool result_target(struct steps *steps, const uint8_t *bytes, size_t length, struct err *err)
{
    const CRI(ListContainersResponse) *response =
        unpack(steps, CRI_DESCRIPTOR(list_containers_response), bytes, length, err);

    return response != NULL && target_check(response, steps->target, steps->sandbox, err);
}

static bool result_members(struct steps *steps, const uint8_t *bytes, size_t length,
                           struct err *err)
{
    const CRI(ListContainersResponse) *response =
        unpack(steps, CRI_DESCRIPTOR(list_containers_response), bytes, length, err);

    for (size_t i = 0; response != NULL && i < response->n_containers; i++) {
        const CRI(Container) *container = response->containers[i];

        if (strcmp(container->pod_sandbox_id, steps->sandbox) == 0 && whole_id(container->id, err))
            strv_push(&steps->members, container->id);
    }
    return err->code == GRPC_OK;
}

static bool result_pulled(struct steps *steps, const uint8_t *bytes, size_t length, struct err *err)
{
    const CRI(PullImageResponse) *response =
        unpack(steps, CRI_DESCRIPTOR(pull_image_response), bytes, length, err);

    if (response == NULL)
        return false;
    steps->image = response->image_ref;
    return true;
}

static bool unpack_image(struct steps *steps, const uint8_t *bytes, size_t length,
                         const CRI(Image) **image, struct err *err)
{
    const CRI(ImageStatusResponse) *response =
        unpack(steps, CRI_DESCRIPTOR(image_status_response), bytes, length, err);

    *image = response == NULL ? NULL : response->image;
    return response != NULL;
}

static bool result_image(struct steps *steps, const uint8_t *bytes, size_t length, struct err *err)
{
    const CRI(Image) *image = NULL;

    if (!unpack_image(steps, bytes, length, &image, err))
        return false;
    steps->answered = image == NULL;
    if (image == NULL)
        return true;
    steps->image = image->id;
    /* The last tag of a repository takes its digests along: they come after the tags. */
    strv_push_all(&steps->members, image->repo_tags, image->n_repo_tags);
    strv_push_all(&steps->members, image->repo_digests, image->n_repo_digests);
    return true;
}

/* An image that others were built from goes by no id. Without a name it is only a part of them, and
 * in no list. */
static bool excuse_children(const struct steps *steps, const struct err *err)
{
    return err->code == GRPC_FAILED_PRECONDITION && steps->members.count > 0 &&
           strstr(err->text, "image has dependent child images") != NULL;
}

static bool result_pulled_image(struct steps *steps, const uint8_t *bytes, size_t length,
                                struct err *err)
{
    CRI(PullImageResponse) response = CRI_INIT(PULL_IMAGE_RESPONSE);
    const CRI(Image) *image = NULL;

    if (!unpack_image(steps, bytes, length, &image, err))
        return false;
    if (image == NULL)
        return err_set(err, GRPC_NOT_FOUND, "image \"%s\": was pulled, and is gone again",
                       steps->image);
    response.image_ref = image->id;
    steps->answered = true;
    return put_message(&steps->response, &response.base) ||
           err_set(err, GRPC_RESOURCE_EXHAUSTED, "out of memory");
}

/* ==== what is done besides ==== */

/* Before its container goes: the container knows where the link is, so that a removal which failed
 * half way can be done again. */
static bool act_log_link(struct steps *steps, struct err *err)
{
    const struct settings *settings = steps->settings;
    const char *target = loglink_target(&steps->arena, settings->docker_root, steps->container);

    return *steps->log_path == '\0' ||
           loglink_remove(settings->host_root, steps->log_path, target, err);
}

/* ==== the table ==== */

#define CALL(rpc) ONESHOT__V1__REQUEST__CALL_##rpc

const struct composition compositions[] = {
    { .call = CALL(STOP_POD_SANDBOX),
      .steps = { { .call = CALL(POD_SANDBOX_STATUS),
                   .request = request_own_id,
                   .result = result_sandbox,
                   .may_be_gone = true },
                 { .call = CALL(LIST_CONTAINERS),
                   .request = request_running_members,
                   .result = result_members },
                 { .call = CALL(STOP_CONTAINER), .request = request_member, .each = true },
                 { .call = CALL(STOP_POD_SANDBOX), .request = request_own_with_sandbox } } },
    { .call = CALL(REMOVE_POD_SANDBOX),
      .steps = { { .call = CALL(POD_SANDBOX_STATUS),
                   .request = request_own_id,
                   .result = result_sandbox,
                   .may_be_gone = true },
                 { .call = CALL(LIST_CONTAINERS),
                   .request = request_members,
                   .result = result_members },
                 { .call = CALL(CONTAINER_STATUS),
                   .request = request_member,
                   .result = result_container,
                   .each = true,
                   .may_be_gone = true },
                 { .act = act_log_link, .what = "its log link", .each = true },
                 { .call = CALL(REMOVE_CONTAINER), .request = request_member, .each = true },
                 { .call = CALL(REMOVE_POD_SANDBOX), .request = request_own_with_sandbox } } },
    { .call = CALL(CREATE_CONTAINER),
      .steps = { { .call = CALL(POD_SANDBOX_STATUS),
                   .request = request_own_id,
                   .result = result_sandbox },
                 { .call = CALL(LIST_CONTAINERS),
                   .request = request_target,
                   .result = result_target,
                   .wanted = wants_target },
                 { .call = CALL(CREATE_CONTAINER), .request = request_own_with_sandbox } } },
    { .call = CALL(START_CONTAINER),
      .steps = { { .call = CALL(CONTAINER_STATUS),
                   .request = request_own_id,
                   .result = result_container },
                 { .call = CALL(START_CONTAINER), .request = request_own_with_container } } },
    { .call = CALL(STOP_CONTAINER),
      .steps = { { .call = CALL(CONTAINER_STATUS),
                   .request = request_own_id,
                   .result = result_container,
                   .may_be_gone = true },
                 { .call = CALL(STOP_CONTAINER), .request = request_own_with_container } } },
    { .call = CALL(REMOVE_CONTAINER),
      .steps = { { .call = CALL(CONTAINER_STATUS),
                   .request = request_own_id,
                   .result = result_container,
                   .may_be_gone = true },
                 { .act = act_log_link, .what = "its log link" },
                 { .call = CALL(REMOVE_CONTAINER), .request = request_own_with_container } } },
    { .call = CALL(UPDATE_CONTAINER_RESOURCES),
      .steps = { { .call = CALL(CONTAINER_STATUS),
                   .request = request_own_id,
                   .result = result_container },
                 { .call = CALL(UPDATE_CONTAINER_RESOURCES),
                   .request = request_own_with_container } } },
    { .call = CALL(PULL_IMAGE),
      .steps = { { .call = CALL(PULL_IMAGE), .request = request_own, .result = result_pulled },
                 { .call = CALL(IMAGE_STATUS),
                   .request = request_status_of_image,
                   .result = result_pulled_image } } },
    /* A RemoveImageRequest's image is an ImageStatusRequest's: the same field. */
    { .call = CALL(REMOVE_IMAGE),
      .steps = { { .call = CALL(IMAGE_STATUS), .request = request_own, .result = result_image },
                 { .call = CALL(REMOVE_IMAGE),
                   .request = request_removal_of_image,
                   .excuse = excuse_children },
                 { .call = CALL(REMOVE_IMAGE),
                   .request = request_removal_of_name,
                   .each = true } } },
};

const size_t composition_count = sizeof(compositions) / sizeof(compositions[0]);

const struct composition *composition_find(unsigned call)
{
    for (size_t i = 0; i < composition_count; i++)
        if (compositions[i].call == call)
            return &compositions[i];
    return NULL;
}
