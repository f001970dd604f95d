/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the adding up of what docker's images take.
 * It must not know the docker command line or the CRI. */
#ifndef LAYER_STORE_H
#define LAYER_STORE_H

#include <stdbool.h>
#include <stdint.h>

/* The bytes of all image layers below docker's folder, each layer once, by docker's own sizes
 * (image/DRIVER/layerdb/ALGORITHM/LAYER/size). That is what `docker system df` takes seconds for. A
 * layer that goes meanwhile is left out. False where docker keeps no such store (containerd's
 * images), or it cannot be read. */
bool layer_store_bytes(const char *docker_root, uint64_t *bytes);

#endif
