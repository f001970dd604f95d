/* SPDX-License-Identifier: Apache-2.0 */
/* This file tells whose pid namespace a new container is to share, and whether it may.
 * It must not know how the translator is asked. */
#include "gateway/target.h"

#include <stdlib.h>
#include <string.h>

#include "docker/id.h"
#include "exchange.h"

static void never(void *context)
{
    (void)context;
    abort(); /* arena_try_alloc does not come here */
}

static const CRI(NamespaceOption) *namespaces_of(const CRI(CreateContainerRequest) *request)
{
    const CRI(ContainerConfig) *config = request == NULL ? NULL : request->config;
    const CRI(LinuxContainerConfig) *linux = config == NULL ? NULL : config->linux;

    return linux == NULL || linux->security_context == NULL
               ? NULL
               : linux->security_context->namespace_options;
}

/* Unpacked in memory of its own, as much as the translator has: what does not fit there it refuses,
 * too. */
const char *target_of_request(struct arena *arena, const uint8_t *bytes, size_t length)
{
    struct arena own;
    ProtobufCAllocator allocator = exchange_allocator(&own);
    const CRI(NamespaceOption) *namespaces = NULL;
    const char *target = "";

    arena_init(&own, EXCHANGE_MEMORY, never, NULL);
    namespaces = namespaces_of((const void *)protobuf_c_message_unpack(
        CRI_DESCRIPTOR(create_container_request), &allocator, length, bytes));
    if (namespaces != NULL && namespaces->pid == CRI_ENUM(NAMESPACE_MODE, TARGET) &&
        id_full(namespaces->target_id))
        target = arena_strdup(arena, namespaces->target_id);
    arena_release(&own);
    return target;
}

bool target_check(const CRI(ListContainersResponse) *list, const char *target, const char *sandbox,
                  struct err *err)
{
    for (size_t i = 0; i < list->n_containers; i++) {
        const CRI(Container) *container = list->containers[i];

        if (strcmp(container->id, target) == 0 && strcmp(container->pod_sandbox_id, sandbox) == 0 &&
            container->state == CRI_ENUM(CONTAINER_STATE, CONTAINER_RUNNING))
            return true;
    }
    return err_set(err, GRPC_FAILED_PRECONDITION,
                   "namespace_options.target_id \"%s\": is no running container of the pod",
                   target);
}
