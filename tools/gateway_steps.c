/* SPDX-License-Identifier: Apache-2.0 */
/* This file composes RPCs of the translator's: one table, and the walk through it.
 * It must not know how the translator is run, or HTTP/2. */
#include "gateway_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common.h"
#include "cri.h"
#include "id.h"
#include "loglink.h"
#include "wire.h"

enum {
    STEPS = 7, /* at the most, and an empty one */
    MEMORY = 64 * 1024 * 1024,
    RESPONSE = 4096,
    ID_FIELD = 1, /* of every request that names a container or a pod sandbox */
    ID_TAG = ID_FIELD << 3 | 2,
};

typedef bool request_function(struct steps *steps, struct buf *message);
typedef bool result_function(struct steps *steps, const uint8_t *bytes, size_t length,
                             struct err *err);

struct step {
    unsigned call; /* the field of the RPC that is run; 0: none is */
    request_function *request;
    result_function
        *result;      /* NULL: the result is the composed RPC's own, or nothing of interest */
    bool each;        /* it is done for each of the pod's containers */
    bool may_be_gone; /* NOT_FOUND is well: nothing more is to be done to it */
    bool (*act)(struct steps *steps, struct err *err); /* what is done where no RPC is run */
    const char *what;                                  /* that, for people */
};

struct composition {
    unsigned call;
    struct step steps[STEPS];
};

static const struct step *current(const struct steps *steps)
{
    return &steps->composition->steps[steps->index];
}

/* ==== requests ==== */

static bool put_message(struct buf *buf, const ProtobufCMessage *message)
{
    size_t size = protobuf_c_message_get_packed_size(message);

    if (!buf_reserve(buf, size))
        return false;
    buf->length += protobuf_c_message_pack(message, (uint8_t *)buf->data + buf->length);
    return true;
}

static bool put_text(struct buf *message, const char *bytes, size_t length)
{
    uint8_t varint[WIRE_VARINT_BYTES];
    size_t count = wire_put_varint(varint, length);

    return buf_putc(message, (char)ID_TAG) && buf_append(message, varint, count) &&
           buf_append(message, bytes, length);
}

static bool put_id(struct buf *message, const char *id)
{
    return put_text(message, id, strlen(id));
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
           put_text(message, (const char *)id, length);
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
    steps->image = image == NULL ? "" : image->id;
    return true;
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

static const struct composition compositions[] = {
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
                 { .call = CALL(REMOVE_IMAGE), .request = request_removal_of_image } } },
};

enum { COMPOSITIONS = sizeof(compositions) / sizeof(compositions[0]) };

static const struct composition *composition_of(unsigned call)
{
    for (size_t i = 0; i < COMPOSITIONS; i++)
        if (compositions[i].call == call)
            return &compositions[i];
    return NULL;
}

/* ==== the walk ==== */

static void next_member(struct steps *steps)
{
    steps->member++;
    while (current(steps)[-1].each)
        steps->index--;
}

static void advance(struct steps *steps)
{
    if (current(steps)->each && !current(steps)[1].each)
        next_member(steps);
    else
        steps->index++;
}

/* On to the step that runs an RPC, doing what stands before it. */
static bool settle(struct steps *steps, struct err *err)
{
    while (!steps->answered) {
        const struct step *step = current(steps);

        if (step->each && steps->member == steps->members.count) {
            steps->index++;
        } else if (step->act != NULL) {
            if (!step->act(steps, err))
                return false;
            advance(steps);
        } else {
            return true;
        }
    }
    return true;
}

static void out_of_memory(void *context)
{
    (void)context;
    _Exit(EXIT_FAILURE); /* the client sees its connection end */
}

bool steps_init(struct steps *steps, const struct method *method, const uint8_t *request,
                size_t length, const struct settings *settings, struct err *err)
{
    const uint8_t *bytes = NULL;
    size_t size = 0;

    *steps = (struct steps){ .method = method,
                             .composition = composition_of(method->field),
                             .settings = settings,
                             .request = request,
                             .request_length = length,
                             .sandbox = "",
                             .container = "",
                             .log_path = "",
                             .image = "" };
    arena_init(&steps->arena, MEMORY, out_of_memory, NULL);
    buf_init(&steps->response, RESPONSE);
    strv_init(&steps->members, &steps->arena);
    return wire_find(request, length, ID_FIELD, &bytes, &size) ||
           err_set(err, GRPC_INVALID_ARGUMENT, "request: is not protobuf");
}

void steps_release(struct steps *steps)
{
    buf_release(&steps->response);
    arena_release(&steps->arena);
}

const struct method *steps_run(const struct steps *steps)
{
    return steps->composition == NULL ? steps->method : method_find(current(steps)->call);
}

bool steps_is_last(const struct steps *steps)
{
    return steps->composition == NULL ||
           (current(steps)->call == steps->method->field && current(steps)->result == NULL);
}

bool steps_message(struct steps *steps, struct buf *message)
{
    if (steps->composition == NULL)
        return request_own(steps, message);
    return current(steps)->request(steps, message);
}

/* Which of the steps it was, unless it is the RPC itself. */
static bool fail(const struct steps *steps, struct err *err)
{
    const struct method *run = steps_run(steps);

    if (run == steps->method || steps->composition == NULL)
        return false;
    if (!current(steps)->each)
        return err_wrap(err, "%s", run == NULL ? current(steps)->what : run->name);
    return err_wrap(err, "%s of %s", run == NULL ? current(steps)->what : run->name,
                    steps->members.words[steps->member]);
}

bool steps_take(struct steps *steps, const uint8_t *result, size_t length, struct err *err)
{
    const struct step *step = current(steps);

    if (step->result != NULL && !step->result(steps, result, length, err))
        return fail(steps, err);
    if (!steps->answered)
        advance(steps);
    return settle(steps, err) || fail(steps, err);
}

bool steps_failed(struct steps *steps, struct err *err)
{
    if (steps->composition == NULL || !current(steps)->may_be_gone || err->code != GRPC_NOT_FOUND ||
        strncmp(err->text, NOT_THE_CRIS, strlen(NOT_THE_CRIS)) == 0)
        return fail(steps, err);
    *err = (struct err){ .code = GRPC_OK };
    if (current(steps)->each)
        next_member(steps);
    else
        steps->answered = true;
    return settle(steps, err) || fail(steps, err);
}

/* ==== for people ==== */

static void print_composition(const struct composition *composition)
{
    const struct step *steps = composition->steps;

    printf("%-24s ", method_find(composition->call)->name);
    for (size_t i = 0; steps[i].call != 0 || steps[i].act != NULL; i++) {
        if (i > 0)
            fputs(" -> ", stdout);
        if (steps[i].each && !steps[i - 1].each)
            fputs("(for each: ", stdout);
        fputs(steps[i].call == 0 ? steps[i].what : method_find(steps[i].call)->name, stdout);
        if (steps[i].each && !steps[i + 1].each)
            putchar(')');
    }
    putchar('\n');
}

void steps_print(void)
{
    for (size_t i = 0; i < COMPOSITIONS; i++)
        print_composition(&compositions[i]);
}
