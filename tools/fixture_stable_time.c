/* SPDX-License-Identifier: Apache-2.0 */
/* This file renames times: the n-th one that appears becomes the n-th second of a fixed day.
 * It must not know what happened then. */
#include "fixture_stable.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { STABLE_NANO = 500000000, SECOND_DIGITS = 10, NANO_DIGITS = 19, HOUR = 3600, MINUTE = 60 };

static const int64_t stable_begin = 1735689600; /* 2025-01-01T00:00:00Z */
static const int64_t nanos = 1000000000;

/* A time as it is written. */
struct written {
    struct instant instant;
    size_t length;
    char between; /* the day and the hour: 'T' or ' ' */
    int offset;   /* of its zone, seconds */
    size_t zone;  /* where its zone begins; 0: it is a number */
    bool seconds; /* it is a number of seconds */
};

/* ==== which one it is ==== */

static bool is_same(const struct instant *known, const struct instant *seen)
{
    if (known->second != seen->second)
        return false;
    if (known->nano >= 0 && seen->nano >= 0)
        return known->nano == seen->nano;
    return strcmp(known->id, seen->id) == 0;
}

static size_t number_of(struct instants *instants, const struct instant *seen)
{
    for (size_t i = 0; i < instants->count; i++)
        if (is_same(&instants->list[i], seen)) {
            if (instants->list[i].nano < 0 && seen->nano >= 0)
                instants->list[i].nano = seen->nano;
            return i;
        }
    if (instants->count == instants->room) {
        size_t room = instants->room == 0 ? 64 : 2 * instants->room;
        struct instant *list = arena_array(instants->arena, room, sizeof(*list));

        if (instants->count > 0)
            memcpy(list, instants->list, instants->count * sizeof(*list));
        instants->list = list;
        instants->room = room;
    }
    instants->list[instants->count] = *seen;
    return instants->count++;
}

/* ==== reading ==== */

/* Digits of exactly this count, and none after them. */
static bool read_digits(const char **at, const char *end, size_t count, int64_t *number)
{
    *number = 0;
    for (size_t i = 0; i < count; i++, (*at)++) {
        if (*at == end || !isdigit((unsigned char)**at))
            return false;
        *number = 10 * *number + (**at - '0');
    }
    return *at == end || !isdigit((unsigned char)**at);
}

static bool read_mark(const char **at, const char *end, const char *marks)
{
    bool found = *at < end && **at != '\0' && strchr(marks, **at) != NULL;

    *at += found;
    return found;
}

static bool read_fields(const char **at, const char *end, struct tm *time, char *between)
{
    static const char *const marks[] = { "-", "-", "T ", ":", ":", "" };
    static const size_t digits[] = { 4, 2, 2, 2, 2, 2 };
    int64_t field[6] = { 0 };

    for (size_t i = 0; i < 6; i++) {
        if (!read_digits(at, end, digits[i], &field[i]) || (i < 5 && !read_mark(at, end, marks[i])))
            return false;
        if (i == 2)
            *between = (*at)[-1];
    }
    *time = (struct tm){ .tm_year = (int)field[0] - 1900,
                         .tm_mon = (int)field[1] - 1,
                         .tm_mday = (int)field[2],
                         .tm_hour = (int)field[3],
                         .tm_min = (int)field[4],
                         .tm_sec = (int)field[5] };
    return true;
}

static int64_t read_fraction(const char **at, const char *end)
{
    int64_t fraction = 0;
    int64_t unit = nanos;

    if (!read_mark(at, end, "."))
        return -1;
    for (; *at < end && isdigit((unsigned char)**at); (*at)++) {
        unit /= 10;
        fraction += unit * (**at - '0');
    }
    return fraction;
}

/* "Z", "+01:00" or " +0100". */
static bool read_zone(const char **at, const char *end, int *offset)
{
    int64_t hours = 0;
    int64_t minutes = 0;
    bool west = false;

    if (read_mark(at, end, "Z"))
        return true;
    read_mark(at, end, " ");
    west = *at < end && **at == '-';
    if (!read_mark(at, end, "+-"))
        return false;
    if (end - *at >= 4 && isdigit((unsigned char)(*at)[2])) {
        if (!read_digits(at, end, 4, &hours))
            return false;
        minutes = hours % 100;
        hours /= 100;
    } else if (!read_digits(at, end, 2, &hours) || !read_mark(at, end, ":") ||
               !read_digits(at, end, 2, &minutes)) {
        return false;
    }
    *offset = (int)(hours * HOUR + minutes * MINUTE) * (west ? -1 : 1);
    return true;
}

static bool read_date(const char *text, const char *end, struct written *written)
{
    const char *at = text;
    struct tm time;

    if (!read_fields(&at, end, &time, &written->between))
        return false;
    written->instant.nano = read_fraction(&at, end);
    written->zone = (size_t)(at - text);
    if (!read_zone(&at, end, &written->offset))
        return false;
    written->instant.second = timegm(&time) - written->offset;
    written->length = (size_t)(at - text);
    return true;
}

/* An event's "time" is the second of the "timeNano" that follows it. */
static int64_t read_nano_beside(const char *at, const char *end)
{
    static const char beside[] = ",\"timeNano\":";
    int64_t number = 0;

    if ((size_t)(end - at) < strlen(beside) || memcmp(at, beside, strlen(beside)) != 0)
        return -1;
    at += strlen(beside);
    return read_digits(&at, end, NANO_DIGITS, &number) ? number % nanos : -1;
}

static bool read_number(const char *text, const char *end, struct written *written)
{
    const char *at = text;
    int64_t number = 0;

    if (read_digits(&at, end, SECOND_DIGITS, &number)) {
        written->seconds = true;
        written->instant.second = number;
        written->instant.nano = read_nano_beside(at, end);
    } else {
        at = text;
        if (!read_digits(&at, end, NANO_DIGITS, &number))
            return false;
        written->instant.second = number / nanos;
        written->instant.nano = number % nanos;
    }
    written->length = (size_t)(at - text);
    return true;
}

/* ==== writing ==== */

static void write_number(const struct written *written, int64_t second, struct buf *out)
{
    char text[32];

    if (!written->seconds)
        second = second * nanos + STABLE_NANO;
    snprintf(text, sizeof(text), "%lld", (long long)second);
    buf_puts(out, text);
}

static void write_date(const struct written *written, int64_t second, const char *text,
                       struct buf *out)
{
    time_t there = second + written->offset;
    struct tm time;
    char date[64];

    gmtime_r(&there, &time);
    strftime(date, sizeof(date),
             written->between == 'T' ? "%Y-%m-%dT%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &time);
    buf_puts(out, date);
    if (written->instant.nano >= 0)
        buf_puts(out, ".5");
    buf_append(out, text + written->zone, written->length - written->zone);
}

size_t stable_time(struct instants *instants, const char *id, const char *text, size_t length,
                   struct buf *out)
{
    struct written written = { .instant = { .id = id } };
    int64_t second = 0;

    if (!read_date(text, text + length, &written)) {
        written = (struct written){ .instant = { .id = id } };
        if (!read_number(text, text + length, &written))
            return 0;
    }
    if (written.instant.second < instants->from || written.instant.second > instants->to)
        return 0;
    second = stable_begin + (int64_t)number_of(instants, &written.instant) + 1;
    if (written.zone > 0)
        write_date(&written, second, text, out);
    else
        write_number(&written, second, out);
    return written.length;
}
