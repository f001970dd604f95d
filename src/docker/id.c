/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks the form of docker's ids.
 * It must not know whose they are. */
#include "docker/id.h"

#include <string.h>

static size_t digits_of(const char *text)
{
    return strspn(text, "0123456789abcdef");
}

static bool between(const char *id, size_t low, size_t high)
{
    size_t count = digits_of(id);

    return id[count] == '\0' && count >= low && count <= high;
}

bool id_valid(const char *id)
{
    return between(id, 12, ID_DIGITS);
}

bool id_full(const char *id)
{
    return between(id, ID_DIGITS, ID_DIGITS);
}

bool id_prefix(const char *id)
{
    return between(id, 1, ID_DIGITS);
}

bool id_of_image(const char *id)
{
    return strncmp(id, "sha256:", 7) == 0 && id_full(id + 7);
}
