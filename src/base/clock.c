/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads the clocks.
 * It must not know what is timed. */
#include "base/clock.h"

#include <time.h>

static int64_t nanoseconds_of(clockid_t clock)
{
    struct timespec now = { 0 };

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t monotonic_ns(void)
{
    return nanoseconds_of(CLOCK_MONOTONIC);
}

int64_t monotonic_ms(void)
{
    return monotonic_ns() / 1000000;
}

int64_t realtime_ns(void)
{
    return nanoseconds_of(CLOCK_REALTIME);
}
