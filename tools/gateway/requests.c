/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes the requests of the steps of compositions.
 * It must not know in which order they are run. */
#include "gateway/requests.h"

#include <string.h>

#include "base/cri.h"
#include "base/text.h"
#include "base/wire.h"
#include "docker/record.h"
#include "gateway/failures.h"

enum { ID_FIELD = 1 }; /* of every request that names a container or a pod sandbox */

bool put_message(struct buf *buf, const ProtobufCMessage *message)
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

/* ==== the RPC's own ==== */

bool request_own(struct steps *steps, const struct member *member, struct buf *message)
{
    (void)member;
    return buf_append(message, steps->request, steps->request_length);
}

bool request_own_id(struct steps *steps, const struct member *member, struct buf *message)
{
    const uint8_t *id = NULL;
    size_t length = 0;

    (void)member;
    return wire_find(steps->request, steps->request_length, ID_FIELD, &id, &length) &&
           put_id_bytes(message, (const char *)id, length);
}

/* Of a field that is there several times the last one counts: the whole id overrides a short one,
 * and what is then touched is what was asked about. */
bool request_own_with_sandbox(struct steps *steps, const struct member *member, struct buf *message)
{
    return request_own(steps, member, message) && put_id(message, steps->sandbox);
}

bool request_own_with_container(struct steps *steps, const struct member *member,
                                struct buf *message)
{
    return request_own(steps, member, message) && put_id(message, steps->container);
}

/* ==== one of several ==== */

bool request_of_member(struct steps *steps, const struct member *member, struct buf *message)
{
    (void)steps;
    return put_id(message, member->id);
}

bool request_holder(struct steps *steps, const struct member *member, struct buf *message)
{
    (void)member;
    return put_id(message, failure_holder(&steps->arena, &steps->failure));
}

bool request_status_of_holder(struct steps *steps, const struct member *member, struct buf *message)
{
    CRI(PodSandboxStatusRequest) request = CRI_INIT(POD_SANDBOX_STATUS_REQUEST);

    (void)member;
    request.pod_sandbox_id = text_borrowed(failure_holder(&steps->arena, &steps->failure));
    request.verbose = true;
    return put_message(message, &request.base);
}

/* ==== lists ==== */

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

bool request_members(struct steps *steps, const struct member *member, struct buf *message)
{
    (void)member;
    return put_list_request(steps, NULL, message);
}

bool request_running_members(struct steps *steps, const struct member *member, struct buf *message)
{
    CRI(ContainerStateValue) state = CRI_INIT(CONTAINER_STATE_VALUE);

    (void)member;
    state.state = CRI_ENUM(CONTAINER_STATE, CONTAINER_RUNNING);
    return put_list_request(steps, &state, message);
}

bool request_target(struct steps *steps, const struct member *member, struct buf *message)
{
    CRI(ContainerFilter) filter = CRI_INIT(CONTAINER_FILTER);
    CRI(ListContainersRequest) request = CRI_INIT(LIST_CONTAINERS_REQUEST);

    (void)member;
    filter.id = arena_strdup(&steps->arena, steps->target);
    request.filter = &filter;
    return put_message(message, &request.base);
}

bool request_made_sandboxes(struct steps *steps, const struct member *member, struct buf *message)
{
    CRI(PodSandboxFilter__LabelSelectorEntry) label =
        RUNTIME__V1__POD_SANDBOX_FILTER__LABEL_SELECTOR_ENTRY__INIT;
    CRI(PodSandboxFilter__LabelSelectorEntry) *labels = &label;
    CRI(PodSandboxFilter) filter = CRI_INIT(POD_SANDBOX_FILTER);
    CRI(ListPodSandboxRequest) request = CRI_INIT(LIST_POD_SANDBOX_REQUEST);

    (void)member;
    label.key = arena_strdup(&steps->arena, LABEL_ATTEMPT);
    label.value = arena_strdup(&steps->arena, steps->attempt);
    filter.n_label_selector = 1;
    filter.label_selector = &labels;
    request.filter = &filter;
    return put_message(message, &request.base);
}

bool request_made_containers(struct steps *steps, const struct member *member, struct buf *message)
{
    CRI(ContainerFilter__LabelSelectorEntry) label =
        RUNTIME__V1__CONTAINER_FILTER__LABEL_SELECTOR_ENTRY__INIT;
    CRI(ContainerFilter__LabelSelectorEntry) *labels = &label;
    CRI(ContainerFilter) filter = CRI_INIT(CONTAINER_FILTER);
    CRI(ListContainersRequest) request = CRI_INIT(LIST_CONTAINERS_REQUEST);

    (void)member;
    label.key = arena_strdup(&steps->arena, LABEL_ATTEMPT);
    label.value = arena_strdup(&steps->arena, steps->attempt);
    filter.n_label_selector = 1;
    filter.label_selector = &labels;
    request.filter = &filter;
    return put_message(message, &request.base);
}

/* ==== images ==== */

static CRI(ImageSpec) image_spec(struct steps *steps, const char *image)
{
    CRI(ImageSpec) spec = CRI_INIT(IMAGE_SPEC);

    spec.image = arena_strdup(&steps->arena, image);
    return spec;
}

bool request_status_of_image(struct steps *steps, const struct member *member, struct buf *message)
{
    CRI(ImageSpec) spec = image_spec(steps, steps->image);
    CRI(ImageStatusRequest) request = CRI_INIT(IMAGE_STATUS_REQUEST);

    (void)member;
    request.image = &spec;
    return put_message(message, &request.base);
}

static bool put_removal(struct steps *steps, const char *image, struct buf *message)
{
    CRI(ImageSpec) spec = image_spec(steps, image);
    CRI(RemoveImageRequest) request = CRI_INIT(REMOVE_IMAGE_REQUEST);

    request.image = &spec;
    return put_message(message, &request.base);
}

bool request_removal_of_image(struct steps *steps, const struct member *member, struct buf *message)
{
    (void)member;
    return put_removal(steps, steps->image, message);
}

bool request_removal_of_name(struct steps *steps, const struct member *member, struct buf *message)
{
    return put_removal(steps, member->id, message);
}
