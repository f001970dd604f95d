/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes what the steps of compositions want of the results of their runs.
 * It must not know in which order they are run. */
#include "gateway/results.h"

#include <string.h>

#include "base/cri.h"
#include "base/text.h"
#include "base/wire.h"
#include "docker/id.h"
#include "exchange.h"
#include "gateway/requests.h"
#include "gateway/target.h"

enum { SANDBOX_FIELD = 1, LOOKS = 3 };

/* Unpacked in the arena, which is the RPC's. NULL with INTERNAL. */
static void *result_message(struct steps *steps, const ProtobufCMessageDescriptor *descriptor,
                            const uint8_t *bytes, size_t length, struct err *err)
{
    ProtobufCAllocator allocator = exchange_allocator(&steps->arena);
    void *message = protobuf_c_message_unpack(descriptor, &allocator, length, bytes);

    if (message == NULL)
        err_set(err, GRPC_INTERNAL, "the translator's answer is not one");
    return message;
}

static bool whole_id(const char *id, struct err *err)
{
    return id_full(id) || err_set(err, GRPC_INTERNAL, "the translator's answer has no id");
}

/* ==== one sandbox, one container ==== */

const CRI(PodSandboxStatusResponse) *take_sandbox_status(struct steps *steps, const uint8_t *bytes,
                                                         size_t length, struct err *err)
{
    const CRI(PodSandboxStatusResponse) *response =
        result_message(steps, CRI_DESCRIPTOR(pod_sandbox_status_response), bytes, length, err);

    if (response == NULL)
        return NULL;
    return whole_id(response->status == NULL ? "" : response->status->id, err) ? response : NULL;
}

bool result_sandbox(struct steps *steps, struct member *member, const uint8_t *bytes, size_t length,
                    struct err *err)
{
    const CRI(PodSandboxStatusResponse) *response = take_sandbox_status(steps, bytes, length, err);

    (void)member;
    if (response == NULL)
        return false;
    steps->sandbox = response->status->id;
    return true;
}

bool result_running_sandbox(struct steps *steps, struct member *member, const uint8_t *bytes,
                            size_t length, struct err *err)
{
    const CRI(PodSandboxStatusResponse) *response = take_sandbox_status(steps, bytes, length, err);

    (void)member;
    if (response == NULL)
        return false;
    steps->sandbox = response->status->id;
    steps->handler = response->status->runtime_handler;
    return response->status->state == CRI_ENUM(POD_SANDBOX_STATE, SANDBOX_READY) ||
           err_set(err, GRPC_FAILED_PRECONDITION,
                   "sandbox %s is SANDBOX_NOTREADY: no container would start in it",
                   steps->sandbox);
}

const CRI(ContainerStatus) *take_container_status(struct steps *steps, const uint8_t *bytes,
                                                  size_t length, struct err *err)
{
    const CRI(ContainerStatusResponse) *response =
        result_message(steps, CRI_DESCRIPTOR(container_status_response), bytes, length, err);

    if (response == NULL)
        return NULL;
    return whole_id(response->status == NULL ? "" : response->status->id, err) ? response->status
                                                                               : NULL;
}

bool result_container(struct steps *steps, struct member *member, const uint8_t *bytes,
                      size_t length, struct err *err)
{
    const CRI(ContainerStatus) *status = take_container_status(steps, bytes, length, err);

    (void)member;
    if (status == NULL)
        return false;
    steps->container = status->id;
    return true;
}

bool result_startable_container(struct steps *steps, struct member *member, const uint8_t *bytes,
                                size_t length, struct err *err)
{
    const CRI(ContainerStatus) *status = take_container_status(steps, bytes, length, err);

    (void)member;
    if (status == NULL)
        return false;
    steps->container = status->id;
    return status->state != CRI_ENUM(CONTAINER_STATE, CONTAINER_EXITED) ||
           err_set(err, GRPC_FAILED_PRECONDITION,
                   "container %s is CONTAINER_EXITED: it runs once, and how it ended would be lost",
                   status->id);
}

bool result_member(struct steps *steps, struct member *member, const uint8_t *bytes, size_t length,
                   struct err *err)
{
    const CRI(ContainerStatus) *status = take_container_status(steps, bytes, length, err);

    if (status == NULL)
        return false;
    member->log_path = status->log_path;
    return true;
}

/* ==== members ==== */

static void begin_list(struct steps *steps, size_t most)
{
    steps->members = arena_array(&steps->arena, most, sizeof(*steps->members));
    steps->member_count = 0;
}

static void add_member(struct steps *steps, const char *id)
{
    steps->members[steps->member_count++] = (struct member){ .id = id, .log_path = "" };
}

bool sandbox_of_request(struct steps *steps)
{
    const uint8_t *id = NULL;
    size_t length = 0;

    wire_find(steps->request, steps->request_length, SANDBOX_FIELD, &id, &length);
    steps->gone = arena_strndup(&steps->arena, (const char *)id, length);
    steps->sandbox = steps->gone;
    return id_valid(steps->gone);
}

/* Whose a container is. Of a sandbox that is gone only the beginning of the id may be known: its
 * containers say the rest, unless two sandboxes begin so. */
static bool is_of_the_sandbox(struct steps *steps, const char *sandbox, struct err *err)
{
    if (strcmp(sandbox, steps->sandbox) == 0)
        return true;
    if (steps->gone == NULL || !text_begins(sandbox, steps->gone) || !id_full(sandbox))
        return false;
    if (steps->member_count > 0)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "\"%s\": there are containers of more than one sandbox whose id starts so",
                       steps->gone);
    steps->sandbox = sandbox;
    return true;
}

bool result_members(struct steps *steps, struct member *member, const uint8_t *bytes, size_t length,
                    struct err *err)
{
    const CRI(ListContainersResponse) *response =
        result_message(steps, CRI_DESCRIPTOR(list_containers_response), bytes, length, err);

    (void)member;
    if (response == NULL)
        return false;
    begin_list(steps, response->n_containers);
    for (size_t i = 0; i < response->n_containers && err->code == GRPC_OK; i++) {
        const CRI(Container) *container = response->containers[i];

        if (is_of_the_sandbox(steps, container->pod_sandbox_id, err) &&
            whole_id(container->id, err))
            add_member(steps, container->id);
    }
    return err->code == GRPC_OK;
}

bool wants_target(struct steps *steps)
{
    steps->target = target_of_request(&steps->arena, steps->request, steps->request_length);
    return *steps->target != '\0';
}

bool result_target(struct steps *steps, struct member *member, const uint8_t *bytes, size_t length,
                   struct err *err)
{
    const CRI(ListContainersResponse) *response =
        result_message(steps, CRI_DESCRIPTOR(list_containers_response), bytes, length, err);

    (void)member;
    return response != NULL && target_check(response, steps->target, steps->sandbox, err);
}

/* docker may not have made it yet when its command line was ended. */
static void look_again(struct steps *steps)
{
    steps->found = steps->found || steps->member_count > 0;
    steps->again = !steps->found && ++steps->looks < LOOKS;
    steps->pause_ms = steps->again ? STEPS_PAUSE_MS : 0;
}

bool result_made_sandboxes(struct steps *steps, struct member *member, const uint8_t *bytes,
                           size_t length, struct err *err)
{
    const CRI(ListPodSandboxResponse) *response =
        result_message(steps, CRI_DESCRIPTOR(list_pod_sandbox_response), bytes, length, err);

    (void)member;
    if (response == NULL)
        return false;
    begin_list(steps, response->n_items);
    for (size_t i = 0; i < response->n_items && whole_id(response->items[i]->id, err); i++)
        add_member(steps, response->items[i]->id);
    look_again(steps);
    return err->code == GRPC_OK;
}

bool result_made_containers(struct steps *steps, struct member *member, const uint8_t *bytes,
                            size_t length, struct err *err)
{
    const CRI(ListContainersResponse) *response =
        result_message(steps, CRI_DESCRIPTOR(list_containers_response), bytes, length, err);

    (void)member;
    if (response == NULL)
        return false;
    begin_list(steps, response->n_containers);
    for (size_t i = 0; i < response->n_containers && whole_id(response->containers[i]->id, err);
         i++)
        add_member(steps, response->containers[i]->id);
    look_again(steps);
    return err->code == GRPC_OK;
}

/* ==== images ==== */

bool result_pulled(struct steps *steps, struct member *member, const uint8_t *bytes, size_t length,
                   struct err *err)
{
    const CRI(PullImageResponse) *response =
        result_message(steps, CRI_DESCRIPTOR(pull_image_response), bytes, length, err);

    (void)member;
    if (response == NULL)
        return false;
    steps->image = response->image_ref;
    return true;
}

static bool unpack_image(struct steps *steps, const uint8_t *bytes, size_t length,
                         const CRI(Image) **image, struct err *err)
{
    const CRI(ImageStatusResponse) *response =
        result_message(steps, CRI_DESCRIPTOR(image_status_response), bytes, length, err);

    *image = response == NULL ? NULL : response->image;
    return response != NULL;
}

bool result_image(struct steps *steps, struct member *member, const uint8_t *bytes, size_t length,
                  struct err *err)
{
    const CRI(Image) *image = NULL;

    (void)member;
    if (!unpack_image(steps, bytes, length, &image, err))
        return false;
    steps->over = image == NULL;
    if (image == NULL)
        return true;
    steps->image = image->id;
    /* The last tag of a repository takes its digests along: they come after the tags. */
    begin_list(steps, image->n_repo_tags + image->n_repo_digests);
    for (size_t i = 0; i < image->n_repo_tags; i++)
        add_member(steps, image->repo_tags[i]);
    for (size_t i = 0; i < image->n_repo_digests; i++)
        add_member(steps, image->repo_digests[i]);
    return true;
}

bool result_pulled_image(struct steps *steps, struct member *member, const uint8_t *bytes,
                         size_t length, struct err *err)
{
    CRI(PullImageResponse) response = CRI_INIT(PULL_IMAGE_RESPONSE);
    const CRI(Image) *image = NULL;

    (void)member;
    if (!unpack_image(steps, bytes, length, &image, err))
        return false;
    if (image == NULL)
        return err_set(err, GRPC_NOT_FOUND, "image \"%s\": was pulled, and is gone again",
                       steps->image);
    response.image_ref = image->id;
    steps->over = true;
    return put_message(&steps->response, &response.base) ||
           err_set(err, GRPC_RESOURCE_EXHAUSTED, "out of memory");
}
