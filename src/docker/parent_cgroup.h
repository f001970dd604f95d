/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the option for the cgroup that a pod's containers are below.
 * It must not know any RPC's messages. */
#ifndef PARENT_CGROUP_H
#define PARENT_CGROUP_H

/* The --cgroup-parent for a pod's cgroup: docker's systemd driver wants the name of a slice, where
 * the CRI gives its path. */
const char *docker_cgroup_parent(const char *path);

#endif
