/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what RPCs do on the host besides their docker command.
 * It must not know docker's output. */
#ifndef AFTER_H
#define AFTER_H

#include "call.h"

/* CreateContainer: links the container's log path to docker's own log file. */
after_function after_create_container;

/* ImageFsInfo: reads how much of docker's file system is used, and how much by images. */
after_function after_image_fs_info;

/* ExecSync: ends the processes of the command, which docker leaves behind when it is ended. */
abandon_function abandon_exec_sync;

#endif
