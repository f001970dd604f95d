/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what RPCs do on the host besides their docker command.
 * It must not know docker's output. */
#ifndef STEPS_H
#define STEPS_H

#include "docker/call.h"

/* CreateContainer: the folder of the container's log link is there, and its AppArmor profile. */
host_check_function host_check_create_container;

/* RunPodSandbox: its AppArmor profile is there. */
host_check_function host_check_run_pod_sandbox;

/* CreateContainer: links the container's log path to docker's own log file. */
host_step_function host_create_container;

/* ImageFsInfo: reads how much of docker's file system is used, and how much by images. */
host_step_function host_image_fs_info;

/* ExecSync: ends the processes of the command, which docker leaves behind when it is ended. */
host_cleanup_function host_exec_sync;

#endif
