/* SPDX-License-Identifier: Apache-2.0 */
/* This file renames what differs from one recording to the next.
 * It must not know what a session's files are. */
#include "fixture_stable.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"

enum {
    ID_DIGITS = 64,
    SHORT_DIGITS = 12,
    HOST_ROOM = 256,
    FIRST_PID = 1001,
    FIRST_PORT = 40001,
    LOW_PORT = 32768, /* those that the system chooses */
    HIGH_PORT = 60999,
};

/* The text at one place, and what stands before it. */
struct place {
    const char *text; /* the whole */
    const char *at;
    const char *end;
};

void stable_init(struct stable *stable, struct arena *arena, int64_t begin, int64_t end)
{
    struct strv *lists[] = { &stable->renames_from, &stable->renames_to, &stable->ids,
                             &stable->addresses,    &stable->gateways,   &stable->macs,
                             &stable->pids,         &stable->ports };
    char *host = arena_alloc(arena, HOST_ROOM);

    *stable = (struct stable){ .arena = arena, .last_id = "", .host = host };
    gethostname(host, HOST_ROOM - 1);
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        strv_init(lists[i], arena);
    stable->instants = (struct instants){ .arena = arena, .from = begin, .to = end };
}

void stable_rename(struct stable *stable, const char *from, const char *to)
{
    size_t at = 0;

    strv_push(&stable->renames_from, from);
    strv_push(&stable->renames_to, to);
    while (strlen(stable->renames_from.words[at]) >= strlen(from) &&
           at + 1 < stable->renames_from.count)
        at++;
    for (size_t i = stable->renames_from.count - 1; i > at; i--) {
        stable->renames_from.words[i] = stable->renames_from.words[i - 1];
        stable->renames_to.words[i] = stable->renames_to.words[i - 1];
    }
    stable->renames_from.words[at] = arena_strdup(stable->arena, from);
    stable->renames_to.words[at] = arena_strdup(stable->arena, to);
}

/* ==== looking ==== */

static bool starts(const struct place *place, const char *text)
{
    size_t length = strlen(text);

    return (size_t)(place->end - place->at) >= length && memcmp(place->at, text, length) == 0;
}

/* How many characters of a set there are; 0 when a letter or digit follows them. */
static size_t span(const struct place *place, const char *set)
{
    const char *at = place->at;

    while (at < place->end && *at != '\0' && strchr(set, *at) != NULL)
        at++;
    return at < place->end && isalnum((unsigned char)*at) ? 0 : (size_t)(at - place->at);
}

/* Whether the place is the value of this member of a JSON object. */
static bool is_value_of(const struct place *place, const char *key)
{
    size_t length = strlen(key);
    const char *at = place->at;

    at -= at > place->text && at[-1] == '"';
    at -= at > place->text && at[-1] == ' ';
    return (size_t)(at - place->text) > length + 2 && at[-1] == ':' && at[-2] == '"' &&
           memcmp(at - 2 - length, key, length) == 0 && at[-3 - (ptrdiff_t)length] == '"';
}

static bool is_value_of_any(const struct place *place, const char *const *keys)
{
    for (; *keys != NULL; keys++)
        if (is_value_of(place, *keys))
            return true;
    return false;
}

static size_t index_of(const struct strv *list, const char *text, size_t length)
{
    size_t i = 0;

    while (i < list->count &&
           (strncmp(list->words[i], text, length) != 0 || list->words[i][length] != '\0'))
        i++;
    return i;
}

/* The number of a thing in its list, which it is added to if it is new. */
static size_t number_in(struct strv *list, const char *text, size_t length)
{
    size_t index = index_of(list, text, length);

    if (index == list->count)
        strv_push(list, arena_strndup(list->arena, text, length));
    return index;
}

static size_t put(struct buf *out, const char *text, size_t length)
{
    buf_puts(out, text);
    return length;
}

/* ==== each returns how many bytes it has renamed, 0: none ==== */

static size_t rename_text(struct stable *stable, const struct place *place, struct buf *out)
{
    for (size_t i = 0; i < stable->renames_from.count; i++) {
        const char *from = stable->renames_from.words[i];
        const char *after = place->at + strlen(from);

        if (starts(place, from) && (after == place->end || strchr(NAME_CHARACTERS, *after) == NULL))
            return put(out, stable->renames_to.words[i], strlen(from));
    }
    return 0;
}

/* A whole id, or one that was cut short. Stable ids differ in their first 12 digits. */
static size_t rename_id(struct stable *stable, const struct place *place, struct buf *out)
{
    size_t length = span(place, "0123456789abcdef");
    char digits[ID_DIGITS + 1];
    size_t index = 0;

    if (length < SHORT_DIGITS || length > ID_DIGITS)
        return 0;
    if (length == ID_DIGITS)
        index = number_in(&stable->ids, place->at, length);
    else
        while (index < stable->ids.count &&
               strncmp(stable->ids.words[index], place->at, length) != 0)
            index++;
    if (index == stable->ids.count)
        return 0;
    stable->last_id = stable->ids.words[index];
    for (size_t i = 0; i < ID_DIGITS; i += SHORT_DIGITS)
        snprintf(digits + i, sizeof(digits) - i, "1d%010zx", index + 1);
    return buf_append(out, digits, length) ? length : 0;
}

static size_t rename_instant(struct stable *stable, const struct place *place, struct buf *out)
{
    return stable_time(&stable->instants, stable->last_id, place->at,
                       (size_t)(place->end - place->at), out);
}

static size_t rename_address(struct stable *stable, const struct place *place, struct buf *out)
{
    static const char *const own[] = { "IPAddress", "IPv4Address", NULL };
    static const char *const of_gateway[] = { "Gateway", NULL };
    size_t length = span(place, "0123456789.");
    bool dotted = length >= 7 && memchr(place->at, '.', length) != NULL;
    size_t index = 0;

    if (!dotted)
        return 0;
    if (is_value_of_any(place, of_gateway))
        number_in(&stable->gateways, place->at, length);
    index = index_of(&stable->gateways, place->at, length);
    if (index < stable->gateways.count)
        return put(out, arena_printf(stable->arena, "172.%zu.0.1", 17 + index), length);
    if (is_value_of_any(place, own))
        number_in(&stable->addresses, place->at, length);
    index = index_of(&stable->addresses, place->at, length);
    if (index == stable->addresses.count)
        return 0;
    return put(out, arena_printf(stable->arena, "172.17.0.%zu", 2 + index), length);
}

static size_t rename_mac(struct stable *stable, const struct place *place, struct buf *out)
{
    size_t length = span(place, "0123456789abcdef:");
    size_t index = 0;

    if (length != strlen("02:42:ac:11:00:02"))
        return 0;
    if (is_value_of(place, "MacAddress"))
        number_in(&stable->macs, place->at, length);
    index = index_of(&stable->macs, place->at, length);
    if (index == stable->macs.count)
        return 0;
    return put(out, arena_printf(stable->arena, "02:42:ac:11:00:%02zx", 2 + index), length);
}

/* Numbers that mean something by their key alone. */
static size_t rename_number(struct stable *stable, const struct place *place, struct buf *out)
{
    static const char *const pids[] = { "Pid", NULL };
    static const char *const ports[] = { "HostPort", "host_port", NULL };
    static const char *const figures[] = { "NFd", "NGoroutines", "NEventsListener", "MemFree",
                                           NULL };
    size_t length = span(place, "0123456789");
    long number = length == 0 || length > 9 ? 0 : strtol(place->at, NULL, 10);

    if (number == 0)
        return 0;
    if (is_value_of_any(place, pids))
        number = FIRST_PID + (long)number_in(&stable->pids, place->at, length);
    else if (number >= LOW_PORT && number <= HIGH_PORT && is_value_of_any(place, ports))
        number = FIRST_PORT + (long)number_in(&stable->ports, place->at, length);
    else if (is_value_of_any(place, figures))
        number = 0;
    else
        return 0;
    return put(out, arena_printf(stable->arena, "%ld", number), length);
}

/* The engine's own names in docker info, and where it keeps network namespaces. */
static size_t rename_engine(struct stable *stable, const struct place *place, struct buf *out)
{
    const char *close = memchr(place->at, '"', (size_t)(place->end - place->at));
    size_t length = close == NULL ? 0 : (size_t)(close - place->at);
    const char *netns = NULL;

    if (length == 0)
        return 0;
    if (is_value_of(place, "Name") && length == strlen(stable->host) && starts(place, stable->host))
        return put(out, "node", length);
    if (is_value_of(place, "ID") &&
        ((length == 59 && place->at[4] == ':') || (length == 36 && place->at[8] == '-')))
        return put(out, "00000000-0000-4000-8000-000000000001", length);
    netns = memmem(place->at, length, "/netns/", strlen("/netns/"));
    if (is_value_of(place, "SandboxKey") && netns != NULL)
        return put(out, "/var/run/docker", (size_t)(netns - place->at));
    return 0;
}

/* ==== the whole ==== */

static size_t rename_here(struct stable *stable, const struct place *place, struct buf *out)
{
    static size_t (*const kinds[])(struct stable *, const struct place *, struct buf *) = {
        rename_text,    rename_engine, rename_number, rename_instant,
        rename_address, rename_mac,    rename_id,
    };

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        size_t length = kinds[i](stable, place, out);

        if (length > 0)
            return length;
    }
    return 0;
}

static bool begins_word(const struct place *place)
{
    return place->at == place->text || !isalnum((unsigned char)place->at[-1]);
}

void stable_write(struct stable *stable, const char *text, size_t length, struct buf *out)
{
    struct place place = { .text = text, .at = text, .end = text + length };

    stable->last_id = "";
    while (place.at < place.end) {
        size_t renamed = begins_word(&place) ? rename_here(stable, &place, out) : 0;

        if (renamed == 0)
            buf_putc(out, *place.at);
        place.at += renamed == 0 ? 1 : renamed;
    }
}
