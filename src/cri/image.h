/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the RPCs of the ImageService, both ways.
 * It must not know how a command is run. */
#ifndef IMAGE_H
#define IMAGE_H

#include "docker/call.h"

plan_function plan_list_images, plan_image_status, plan_pull_image, plan_remove_image;
plan_function plan_image_fs_info;
parse_function parse_list_images, parse_image_status, parse_pull_image, parse_remove_image;
parse_function parse_image_fs_info;

/* The same as ListImages, an image at a time. */
plan_function plan_stream_images;
parse_function parse_stream_images;
stream_function stream_images;

#endif
