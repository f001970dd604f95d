/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the look at the AppArmor profiles that the kernel has.
 * It must not know any RPC. */
#ifndef APPARMOR_H
#define APPARMOR_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/err.h"

/* Whether the kernel, seen beneath root (a prefix; ""), has loaded the profile. True also of "", of
 * a namespace's (":ns:name") and of a stack ("a//&b"), which its list does not show as such, and
 * where the list is not there: docker will tell. False with FAILED_PRECONDITION. */
bool apparmor_check(struct arena *arena, const char *root, const char *profile, struct err *err);

#endif
