/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks words that end in a file of lines.
 * It must not know which file. */
#include "base/word.h"

static bool is_control(char byte)
{
    return (unsigned char)byte < ' ' || byte == 0x7f;
}

bool word_check(const char *field, const char *word, struct err *err)
{
    for (const char *at = word; *at != '\0'; at++)
        if (*at == ' ' || is_control(*at))
            return err_set(err, GRPC_INVALID_ARGUMENT,
                           "%s \"%s\": has a blank or a control character", field, word);
    return true;
}

bool word_check_line(const char *field, const char *line, struct err *err)
{
    for (const char *at = line; *at != '\0'; at++)
        if (*at != '\t' && is_control(*at))
            return err_set(err, GRPC_INVALID_ARGUMENT,
                           "%s \"%s\": has a line break or another control character", field, line);
    return true;
}
