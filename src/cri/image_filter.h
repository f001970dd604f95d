/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the filter of the lists of images.
 * It must not know how docker lists them. */
#ifndef IMAGE_FILTER_H
#define IMAGE_FILTER_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/cri.h"

/* The reference or id that the filter asks for; "": all images. */
const char *image_filter_text(const CRI(ImageFilter) *filter);

/* Whether it asks for one image: by tag, by digest, or by an id of 12 digits at least, so that
 * docker is asked for that one. Else all are listed and image_filter_has chooses: a repository
 * alone means all that it has, in crictl as in docker images, and docker's own filter would take
 * "*" and
 * "?" for patterns. */
bool image_filter_is_one(const CRI(ImageFilter) *filter);

/* Whether the image has a name of the repository that the filter asks for, or an id that begins so;
 * true also where it asks for all, or for one. */
bool image_filter_has(struct arena *arena, const CRI(ImageFilter) *filter, const CRI(Image) *image);

#endif
