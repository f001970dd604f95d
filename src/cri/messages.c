/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes the messages that several responses have in common.
 * It must not know any RPC. */
#include "cri/messages.h"

#include "base/text.h"

CRI(PodSandboxMetadata) *pod_metadata(struct arena *arena, const struct record *record)
{
    CRI(PodSandboxMetadata) *metadata = arena_alloc(arena, sizeof(*metadata));

    *metadata = (CRI(PodSandboxMetadata))CRI_INIT(POD_SANDBOX_METADATA);
    metadata->name = text_borrowed(record->name.pod);
    metadata->namespace_ = text_borrowed(record->name.namespace);
    metadata->uid = text_borrowed(record->name.uid);
    metadata->attempt = record->pod_attempt;
    return metadata;
}

CRI(ContainerMetadata) *container_metadata(struct arena *arena, const struct record *record)
{
    CRI(ContainerMetadata) *metadata = arena_alloc(arena, sizeof(*metadata));

    *metadata = (CRI(ContainerMetadata))CRI_INIT(CONTAINER_METADATA);
    metadata->name = text_borrowed(record->name.container);
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

CRI(ContainerStats) *container_stats(struct arena *arena, const char *id,
                                     const struct record *record)
{
    CRI(ContainerStats) *stats = arena_alloc(arena, sizeof(*stats));
    CRI(ContainerAttributes) *attributes = arena_alloc(arena, sizeof(*attributes));

    *stats = (CRI(ContainerStats))CRI_INIT(CONTAINER_STATS);
    *attributes = (CRI(ContainerAttributes))CRI_INIT(CONTAINER_ATTRIBUTES);
    attributes->id = text_borrowed(id);
    attributes->metadata = container_metadata(arena, record);
    pairs_to_map(arena, &record->labels, CRI_DESCRIPTOR(container_attributes__labels_entry),
                 &attributes->n_labels, &attributes->labels);
    pairs_to_map(arena, &record->annotations,
                 CRI_DESCRIPTOR(container_attributes__annotations_entry),
                 &attributes->n_annotations, &attributes->annotations);
    stats->attributes = attributes;
    return stats;
}

CRI(PodSandboxStats) *pod_stats(struct arena *arena, const char *id, const struct record *record)
{
    CRI(PodSandboxStats) *stats = arena_alloc(arena, sizeof(*stats));
    CRI(PodSandboxAttributes) *attributes = arena_alloc(arena, sizeof(*attributes));

    *stats = (CRI(PodSandboxStats))CRI_INIT(POD_SANDBOX_STATS);
    *attributes = (CRI(PodSandboxAttributes))CRI_INIT(POD_SANDBOX_ATTRIBUTES);
    attributes->id = text_borrowed(id);
    attributes->metadata = pod_metadata(arena, record);
    pairs_to_map(arena, &record->labels, CRI_DESCRIPTOR(pod_sandbox_attributes__labels_entry),
                 &attributes->n_labels, &attributes->labels);
    pairs_to_map(arena, &record->annotations,
                 CRI_DESCRIPTOR(pod_sandbox_attributes__annotations_entry),
                 &attributes->n_annotations, &attributes->annotations);
    stats->attributes = attributes;
    stats->linux = arena_alloc(arena, sizeof(*stats->linux));
    *stats->linux = (CRI(LinuxPodSandboxStats))CRI_INIT(LINUX_POD_SANDBOX_STATS);
    return stats;
}
