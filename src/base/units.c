/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads times and sizes as docker prints them.
 * It must not know what they are of. */
#include "base/units.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const int64_t second_ns = 1000000000;

/* Reads just count digits. */
static bool digits(const char **at, int count, int64_t *number)
{
    *number = 0;
    for (int i = 0; i < count; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *number = *number * 10 + (**at - '0');
    }
    return true;
}

static bool sign(const char **at, const char *allowed)
{
    if (**at == '\0' || strchr(allowed, **at) == NULL)
        return false;
    (*at)++;
    return true;
}

/* Days since 1970-01-01 in the Gregorian calendar, counted from years that begin in March. */
static int64_t days_since_1970(int64_t year, int64_t month, int64_t day)
{
    int64_t years = month <= 2 ? year - 1 : year;
    int64_t months = (month + 9) % 12;

    return 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 1 -
           719468;
}

static int64_t fraction_ns(const char **at)
{
    int64_t ns = 0;
    int64_t unit = second_ns / 10;

    if (!sign(at, "."))
        return 0;
    for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        ns += unit * (**at - '0');
    return ns;
}

/* "Z", "+01:00" or " +0100". */
static int64_t offset_seconds(const char *at)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    bool west = false;

    at += *at == ' ';
    west = *at == '-';
    if (!sign(&at, "+-") || !digits(&at, 2, &hours))
        return 0;
    at += *at == ':';
    if (!digits(&at, 2, &minutes))
        return 0;
    return (west ? -1 : 1) * (hours * 3600 + minutes * 60);
}

int64_t units_time_ns(const char *text)
{
    enum { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, PARTS };
    static const char *const separators[PARTS] = { "-", "-", "T ", ":", ":", "" };
    const char *at = text;
    int64_t part[PARTS];
    int64_t ns = 0;
    int64_t seconds = 0;

    for (int i = 0; i < PARTS; i++)
        if (!digits(&at, i == YEAR ? 4 : 2, &part[i]) || (i < SECOND && !sign(&at, separators[i])))
            return 0;
    if (part[MONTH] < 1 || part[MONTH] > 12 || part[DAY] < 1 || part[DAY] > 31 || part[HOUR] > 23 ||
        part[MINUTE] > 59 || part[SECOND] > 60)
        return 0;
    if (part[YEAR] < 1970 || part[YEAR] > 2200) /* int64_t nanoseconds end in 2262 */
        return 0;
    ns = fraction_ns(&at);
    seconds = days_since_1970(part[YEAR], part[MONTH], part[DAY]) * 86400 + part[HOUR] * 3600 +
              part[MINUTE] * 60 + part[SECOND];
    return (seconds - offset_seconds(at)) * second_ns + ns;
}

uint64_t units_size_bytes(const char *text)
{
    static const struct {
        const char *unit;
        double bytes;
    } units[] = { { "B", 1 },    { "kB", 1e3 },  { "KB", 1e3 }, { "MB", 1e6 },
                  { "GB", 1e9 }, { "TB", 1e12 }, { "PB", 1e15 } };
    char *end = NULL;
    double number = strtod(text, &end);

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
        if (end != text && number >= 0 && number < 1e6 && number * units[i].bytes < 0x1p64 &&
            strcmp(end, units[i].unit) == 0)
            return (uint64_t)(number * units[i].bytes + 0.5);
    return 0;
}
