/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the reading of times and sizes as docker prints them.
 * It must not know what they are of. */
#ifndef UNITS_H
#define UNITS_H

#include <stdint.h>

/* Nanoseconds since 1970 of RFC 3339 ("2026-11-24T12:00:00.5Z", as docker inspect) or of
 * "2026-11-24 12:00:00 +0000 UTC" (docker ps). 0 for what is neither, and for docker's zero time
 * ("0001-01-01T00:00:00Z"), which means that it has not happened. */
int64_t units_time_ns(const char *text);

/* Bytes of docker's decimal sizes, "1.98MB": three digits are all that docker images prints. 0 for
 * what is none. */
uint64_t units_size_bytes(const char *text);

#endif
