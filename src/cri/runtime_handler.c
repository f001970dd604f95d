/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes a runtime handler an option.
 * It must not know which command the option is for. */
#include <string.h>

#include "cri/options.h"

/* A path would be a program of the caller's choice: engines from 23 on run one as a runtime. */
bool push_runtime(const char *handler, struct plan *plan, struct err *err)
{
    static const char characters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789_.-";

    if (handler[strspn(handler, characters)] != '\0')
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "runtime_handler \"%s\": is not the name of a runtime", handler);
    if (*handler != '\0')
        strv_pushf(&plan->command.argv, "--runtime=%s", handler);
    return true;
}
