/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes the messages that several responses have in common.
 * It must not know any RPC. */
#include "messages.h"

CRI(PodSandboxMetadata) *pod_metadata(struct arena *arena, const struct record *record)
{
    CRI(PodSandboxMetadata) *metadata = arena_alloc(arena, sizeof(*metadata));

    *metadata = (CRI(PodSandboxMetadata))CRI_INIT(POD_SANDBOX_METADATA);
    metadata->name = (char *)(uintptr_t)record->name.pod;
    metadata->namespace_ = (char *)(uintptr_t)record->name.namespace;
    metadata->uid = (char *)(uintptr_t)record->name.uid;
    metadata->attempt = record->pod_attempt;
    return metadata;
}

CRI(ContainerMetadata) *container_metadata(struct arena *arena, const struct record *record)
{
    CRI(ContainerMetadata) *metadata = arena_alloc(arena, sizeof(*metadata));

    *metadata = (CRI(ContainerMetadata))CRI_INIT(CONTAINER_METADATA);
    metadata->name = (char *)(uintptr_t)record->name.container;
    metadata->attempt = record->name.attempt;
    return metadata;
}

CRI(ImageSpec) *container_image(struct arena *arena, const struct record *record,
                                const char *otherwise)
{
    CRI(ImageSpec) *image = arena_alloc(arena, sizeof(*image));

    *image = (CRI(ImageSpec))CRI_INIT(IMAGE_SPEC);
    if (record->image != NULL)
        *image = *record->image;
    else
        image->image = arena_strdup(arena, otherwise);
    return image;
}
