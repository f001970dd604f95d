/* SPDX-License-Identifier: Apache-2.0 */
/* This file fills errors.
 * It must not know where they come from. */
#include "base/err.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

/* A text that filled all its room may end within a character, which is not worth a '?'. */
static void tidy(struct err *err)
{
    size_t length = strlen(err->text);

    if (length == sizeof(err->text) - 1) {
        size_t last = length;

        while (last > 0 && ((unsigned char)err->text[last - 1] & 0xc0) == 0x80)
            last--;
        if (last > 0 && utf8_length(err->text + last - 1, length - last + 1) == 0)
            err->text[last - 1] = '\0';
    }
    utf8_clean(err->text);
}

bool err_set(struct err *err, enum grpc_code code, const char *format, ...)
{
    va_list arguments;

    if (err->code != GRPC_OK)
        return false;
    err->code = code;
    va_start(arguments, format);
    vsnprintf(err->text, sizeof(err->text), format, arguments);
    va_end(arguments);
    tidy(err);
    return false;
}

bool err_wrap(struct err *err, const char *format, ...)
{
    char text[sizeof(err->text)];
    va_list arguments;
    int length = 0;

    va_start(arguments, format);
    length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof(text) - 1) {
        int room = (int)sizeof(text) - length - 1;

        snprintf(text + length, (size_t)room + 1, ": %.*s", room - 2, err->text);
    }
    memcpy(err->text, text, sizeof(text));
    tidy(err);
    return false;
}

static const char *const names[] = {
    [GRPC_OK] = "OK",
    [GRPC_CANCELLED] = "CANCELLED",
    [GRPC_UNKNOWN] = "UNKNOWN",
    [GRPC_INVALID_ARGUMENT] = "INVALID_ARGUMENT",
    [GRPC_DEADLINE_EXCEEDED] = "DEADLINE_EXCEEDED",
    [GRPC_NOT_FOUND] = "NOT_FOUND",
    [GRPC_ALREADY_EXISTS] = "ALREADY_EXISTS",
    [GRPC_PERMISSION_DENIED] = "PERMISSION_DENIED",
    [GRPC_RESOURCE_EXHAUSTED] = "RESOURCE_EXHAUSTED",
    [GRPC_FAILED_PRECONDITION] = "FAILED_PRECONDITION",
    [GRPC_ABORTED] = "ABORTED",
    [GRPC_OUT_OF_RANGE] = "OUT_OF_RANGE",
    [GRPC_UNIMPLEMENTED] = "UNIMPLEMENTED",
    [GRPC_INTERNAL] = "INTERNAL",
    [GRPC_UNAVAILABLE] = "UNAVAILABLE",
    [GRPC_DATA_LOSS] = "DATA_LOSS",
    [GRPC_UNAUTHENTICATED] = "UNAUTHENTICATED",
};

const char *grpc_code_name(enum grpc_code code)
{
    if ((size_t)code >= sizeof(names) / sizeof(names[0]))
        return "UNKNOWN";
    return names[code];
}
