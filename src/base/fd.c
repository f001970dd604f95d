/* SPDX-License-Identifier: Apache-2.0 */
/* This file closes descriptors.
 * It must not know what they are of. */
#include "base/fd.h"

#include <unistd.h>

void fd_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
