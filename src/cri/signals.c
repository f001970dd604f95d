/* SPDX-License-Identifier: Apache-2.0 */
/* This file spells signals.
 * It must not know who is sent one. */
#include "cri/signals.h"

#include <stdlib.h>
#include <string.h>

static const char cri_prefix[] = "SIGNAL_";

/* The CRI's names spell the "+" and "-" of the real-time signals. */
static const struct {
    const char *cri;
    const char *docker;
} realtime[] = { { "SIGRTMINPLUS", "SIGRTMIN+" }, { "SIGRTMAXMINUS", "SIGRTMAX-" } };

/* name with the start `from` replaced by `to`, or as it is. */
static const char *respell(struct arena *arena, const char *name, const char *from, const char *to)
{
    size_t length = strlen(from);

    return strncmp(name, from, length) == 0 ? arena_printf(arena, "%s%s", to, name + length) : name;
}

const char *signal_to_docker(struct arena *arena, CRI(Signal) signal)
{
    const ProtobufCEnumValue *value =
        protobuf_c_enum_descriptor_get_value(CRI_DESCRIPTOR(signal), (int)signal);
    const char *name = NULL;

    if (value == NULL || signal == CRI_ENUM(SIGNAL, SIGNAL_RUNTIME_DEFAULT))
        return NULL;
    name = value->name + strlen(cri_prefix);
    for (size_t i = 0; i < sizeof(realtime) / sizeof(realtime[0]); i++)
        name = respell(arena, name, realtime[i].cri, realtime[i].docker);
    return name;
}

/* The C library's own first real-time signals are not for others: docker counts from 34. */
static const char *name_of_number(struct arena *arena, const char *text)
{
    enum { RTMIN = 34, RTMIN_LAST = RTMIN + 15, RTMAX = 64 };
    char *end = NULL;
    long number = strtol(text, &end, 10);
    const char *name = NULL;

    if (end == text || *end != '\0')
        return text;
    if (number == RTMIN || number == RTMAX)
        return number == RTMIN ? "SIGRTMIN" : "SIGRTMAX";
    if (number > RTMIN && number <= RTMIN_LAST)
        return arena_printf(arena, "SIGRTMIN+%ld", number - RTMIN);
    if (number > RTMIN_LAST && number < RTMAX)
        return arena_printf(arena, "SIGRTMAX-%ld", RTMAX - number);
    name = number > 0 && number < 32 ? sigabbrev_np((int)number) : NULL;
    return name == NULL ? text : arena_printf(arena, "SIG%s", name);
}

/* docker takes names in any case of letters. */
static const char *upper_case(struct arena *arena, const char *text)
{
    char *copy = arena_strdup(arena, text);

    for (char *at = copy; *at != '\0'; at++)
        if (*at >= 'a' && *at <= 'z')
            *at = (char)(*at - 'a' + 'A');
    return copy;
}

CRI(Signal) signal_from_docker(struct arena *arena, const char *text)
{
    const ProtobufCEnumValue *value = NULL;
    const char *name = *text == '\0' ? "SIGTERM" : name_of_number(arena, upper_case(arena, text));

    if (strncmp(name, "SIG", 3) != 0)
        name = arena_printf(arena, "SIG%s", name);
    for (size_t i = 0; i < sizeof(realtime) / sizeof(realtime[0]); i++)
        name = respell(arena, name, realtime[i].docker, realtime[i].cri);
    value = protobuf_c_enum_descriptor_get_value_by_name(
        CRI_DESCRIPTOR(signal), arena_printf(arena, "%s%s", cri_prefix, name));
    return value == NULL ? CRI_ENUM(SIGNAL, SIGNAL_RUNTIME_DEFAULT) : (CRI(Signal))value->value;
}
