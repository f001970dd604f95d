/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the messages that several responses have in common.
 * It must not know any RPC. */
#ifndef MESSAGES_H
#define MESSAGES_H

#include "base/arena.h"
#include "base/cri.h"
#include "docker/record.h"

/* Each is in the arena, and its strings are the record's. */
CRI(PodSandboxMetadata) *pod_metadata(struct arena *arena, const struct record *record);
CRI(ContainerMetadata) *container_metadata(struct arena *arena, const struct record *record);

/* The image as asked, which the record knows; else as docker says. */
CRI(ImageSpec) *container_image(struct arena *arena, const struct record *record,
                                const char *otherwise);

/* Statistics without figures yet: the attributes alone. */
CRI(ContainerStats) *container_stats(struct arena *arena, const char *id,
                                     const struct record *record);
CRI(PodSandboxStats) *pod_stats(struct arena *arena, const char *id, const struct record *record);

#endif
