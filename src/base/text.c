/* SPDX-License-Identifier: Apache-2.0 */
/* This file answers questions to texts.
 * It must not know what they mean. */
#include "base/text.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

bool text_begins(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

bool text_is_one_of(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcmp(text, *list) == 0)
            return true;
    return false;
}

bool text_is_one_of_in_any_case(const char *text, const char *const *list)
{
    for (; *list != NULL; list++)
        if (strcasecmp(text, *list) == 0)
            return true;
    return false;
}

char *text_borrowed(const char *text)
{
    return (char *)(uintptr_t)text;
}
