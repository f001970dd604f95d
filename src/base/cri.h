/* SPDX-License-Identifier: Apache-2.0 */
/* This file gives the generated names of the CRI's types a shorter spelling.
 * It must not know what they mean. */
#ifndef CRI_H
#define CRI_H

#include "oneshot/v1/oneshot.pb-c.h"
#include "runtime/v1/api.pb-c.h"

/* CRI(Mount) is the struct of message runtime.v1.Mount. */
#define CRI(message) Runtime__V1__##message
/* CRI_INIT(MOUNT) is its initial value. */
#define CRI_INIT(message) RUNTIME__V1__##message##__INIT
/* CRI_DESCRIPTOR(mount) points to its descriptor. */
#define CRI_DESCRIPTOR(message) (&runtime__v1__##message##__descriptor)
/* CRI_ENUM(NAMESPACE_MODE, POD) is value POD of enum runtime.v1.NamespaceMode. */
#define CRI_ENUM(type, value) RUNTIME__V1__##type##__##value

#endif
