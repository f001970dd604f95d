/* SPDX-License-Identifier: Apache-2.0 */
/* This file filters the lists of images.
 * It must not know how docker lists them. */
#include "cri/image_filter.h"

#include <string.h>

#include "base/text.h"
#include "docker/reference.h"

const char *image_filter_text(const CRI(ImageFilter) *filter)
{
    return filter == NULL || filter->image == NULL ? "" : filter->image->image;
}

bool image_filter_is_one(const CRI(ImageFilter) *filter)
{
    const char *text = image_filter_text(filter);

    return *text != '\0' && (reference_is_id(text) || !reference_is_repository(text));
}

static bool has_repository(struct arena *arena, const char *repository, char *const *names,
                           size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (reference_same_repository(arena, names[i], repository))
            return true;
    return false;
}

bool image_filter_has(struct arena *arena, const CRI(ImageFilter) *filter, const CRI(Image) *image)
{
    static const char prefix[] = "sha256:";
    const char *text = image_filter_text(filter);
    bool is_digest = text_begins(image->id, prefix);
    const char *id = image->id + (is_digest ? strlen(prefix) : 0);

    return *text == '\0' || image_filter_is_one(filter) || text_begins(id, text) ||
           has_repository(arena, text, image->repo_tags, image->n_repo_tags) ||
           has_repository(arena, text, image->repo_digests, image->n_repo_digests);
}
