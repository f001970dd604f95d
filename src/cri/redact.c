/* SPDX-License-Identifier: Apache-2.0 */
/* This file tells which fields of a message are secrets.
 * It must not know where they would be shown. */
#include "cri/redact.h"

#include <stddef.h>
#include <string.h>

#include "runtime/v1/api.pb-c.h"

/* protoc-c drops the option that marks them in the CRI's own .proto. */
static const char *const secrets[] = { "password", "auth", "identity_token", "registry_token" };

bool redact_field(const ProtobufCMessageDescriptor *message, const char *field)
{
    if (message != &runtime__v1__auth_config__descriptor)
        return false;
    for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
        if (strcmp(field, secrets[i]) == 0)
            return true;
    return false;
}
