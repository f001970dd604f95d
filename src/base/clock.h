/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the clocks.
 * It must not know what is timed. */
#ifndef CLOCK_H
#define CLOCK_H

#include <stdint.h>

/* Of a clock that only goes forward, from some moment on. */
int64_t monotonic_ns(void);
int64_t monotonic_ms(void);

/* Nanoseconds since 1970, as the CRI's timestamps are. */
int64_t realtime_ns(void);

#endif
