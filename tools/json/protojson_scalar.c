/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads proto3 JSON's numbers, enums, strings and bytes, and tells what is wrong where.
 * It must not know messages. */
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "json/protojson_inside.h"

static size_t put(char *text, size_t room, size_t used, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

static size_t put(char *text, size_t room, size_t used, const char *format, ...)
{
    va_list arguments;
    int length = 0;

    va_start(arguments, format);
    length = vsnprintf(text + used, room - used, format, arguments);
    va_end(arguments);
    return length < 0 || (size_t)length >= room - used ? room - 1 : used + (size_t)length;
}

static size_t put_place(char *text, size_t room, const struct json_place *place)
{
    size_t used = 0;

    if (place->up == NULL)
        return put(text, room, 0, "%s", place->field);
    if (place->up->up != NULL) {
        used = put_place(text, room, place->up);
        used = put(text, room, used, ".");
    }
    used = put(text, room, used, "%s", place->field);
    if (place->index > 0)
        used = put(text, room, used, "[%zu]", place->index - 1);
    if (place->key != NULL)
        used = put(text, room, used, "[\"%s\"]", place->key);
    return used;
}

void *protojson_fail(const struct json_reading *reading, const struct json_place *place,
                     const char *format, ...)
{
    char what[256];
    va_list arguments;
    size_t used = put_place(reading->error->text, 240, place);

    va_start(arguments, format);
    vsnprintf(what, sizeof(what), format, arguments);
    va_end(arguments);
    put(reading->error->text, sizeof(reading->error->text), used, ": %s", what);
    return NULL;
}

const char *protojson_kind(const json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
    case JSON_REAL:
        return "a number";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        break;
    }
    return "null";
}

bool protojson_expected(const struct json_reading *reading, const struct json_place *place,
                        const json_t *json, const char *what)
{
    protojson_fail(reading, place, "%s is expected, not %s", what, protojson_kind(json));
    return false;
}

struct whole {
    bool negative;
    uint64_t magnitude;
};

static bool whole_from_double(double value, struct whole *whole)
{
    const double most = 18446744073709549568.0; /* the largest below 2^64 */

    whole->negative = value < 0;
    value = fabs(value);
    if (isnan(value) || value > most)
        return false;
    whole->magnitude = (uint64_t)value;
    return !((double)whole->magnitude < value);
}

/* Digits, or what a JSON number may look like; strtod's hexadecimal and blanks are not wanted. */
static bool whole_from_text(const char *text, struct whole *whole)
{
    const char *digits = text + (*text == '-');
    char *end = NULL;

    if (*digits < '0' || *digits > '9' || text[strspn(text, "-+.eE0123456789")] != '\0')
        return false;
    if (digits[strspn(digits, "0123456789")] != '\0') {
        double value = strtod(text, &end);

        return *end == '\0' && whole_from_double(value, whole);
    }
    errno = 0;
    whole->negative = *text == '-';
    whole->magnitude = strtoull(digits, &end, 10);
    return errno == 0;
}

static bool read_whole(const json_t *json, struct whole *whole)
{
    json_int_t value = json_integer_value(json);

    if (json_is_real(json))
        return whole_from_double(json_real_value(json), whole);
    if (json_is_string(json))
        return strlen(json_string_value(json)) == json_string_length(json) &&
               whole_from_text(json_string_value(json), whole);
    whole->negative = value < 0;
    whole->magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    return true;
}

bool scalar_integer(const struct json_reading *reading, const struct json_place *place,
                    const json_t *json, void *member, size_t size, bool is_signed)
{
    uint64_t most = size == 4 ? UINT32_MAX : UINT64_MAX;
    struct whole whole = { 0 };
    uint32_t narrow = 0;
    uint64_t limit = 0;

    if (!json_is_number(json) && !json_is_string(json))
        return protojson_expected(reading, place, json, "a whole number");
    if (!read_whole(json, &whole))
        return protojson_fail(reading, place, "a whole number is expected") != NULL;
    if (is_signed)
        limit = most / 2 + (whole.negative ? 1 : 0);
    else
        limit = whole.negative ? 0 : most;
    if (whole.magnitude > limit)
        return protojson_fail(reading, place, "the number is out of range for %s%zu",
                              is_signed ? "int" : "uint", size * 8) != NULL;
    if (whole.negative)
        whole.magnitude = 0 - whole.magnitude;
    narrow = (uint32_t)whole.magnitude;
    if (size == 4)
        memcpy(member, &narrow, size);
    else
        memcpy(member, &whole.magnitude, size);
    return true;
}

static bool double_from_text(const char *text, double *value)
{
    char *end = NULL;

    if (strcmp(text, "NaN") == 0)
        *value = NAN;
    else if (strcmp(text, "Infinity") == 0)
        *value = INFINITY;
    else if (strcmp(text, "-Infinity") == 0)
        *value = -INFINITY;
    else if (text[0] == '\0' || text[strspn(text, "-+.eE0123456789")] != '\0')
        return false;
    else
        *value = strtod(text, &end);
    return end == NULL || (*end == '\0' && isfinite(*value));
}

bool scalar_double(const struct json_reading *reading, const struct json_place *place,
                   const json_t *json, double *value)
{
    if (json_is_number(json))
        *value = json_number_value(json);
    else if (!json_is_string(json))
        return protojson_expected(reading, place, json, "a number");
    else if (!double_from_text(json_string_value(json), value))
        return protojson_fail(reading, place, "a number is expected") != NULL;
    return true;
}

bool scalar_float(const struct json_reading *reading, const struct json_place *place,
                  const json_t *json, float *value)
{
    double wide = 0;

    if (!scalar_double(reading, place, json, &wide))
        return false;
    if (isfinite(wide) && fabs(wide) > (double)FLT_MAX)
        return protojson_fail(reading, place, "the number is out of range for float") != NULL;
    *value = (float)wide;
    return true;
}

static bool no_such_value(const struct json_reading *reading, const struct json_place *place,
                          const char *given, const ProtobufCEnumDescriptor *type)
{
    struct nearest nearest;
    char hint[NEAREST_HINT];

    nearest_start(&nearest, given);
    for (unsigned i = 0; i < type->n_value_names; i++)
        nearest_offer(&nearest, type->values_by_name[i].name);
    return protojson_fail(reading, place, "no value \"%s\" in enum %s%s", given, type->name,
                          nearest_hint(&nearest, hint)) != NULL;
}

bool scalar_enum(const struct json_reading *reading, const struct json_place *place,
                 const json_t *json, const ProtobufCEnumDescriptor *type, void *member)
{
    const ProtobufCEnumValue *value = NULL;

    if (json_is_number(json))
        return scalar_integer(reading, place, json, member, sizeof(int32_t), true);
    if (!json_is_string(json))
        return protojson_expected(reading, place, json, "an enum's name or number");
    value = protobuf_c_enum_descriptor_get_value_by_name(type, json_string_value(json));
    if (value == NULL)
        return no_such_value(reading, place, json_string_value(json), type);
    memcpy(member, &value->value, sizeof(value->value));
    return true;
}

bool scalar_string(const struct json_reading *reading, const struct json_place *place,
                   const json_t *json, char **member)
{
    if (!json_is_string(json))
        return protojson_expected(reading, place, json, "a string");
    if (strlen(json_string_value(json)) != json_string_length(json))
        return protojson_fail(reading, place, "a string may not hold a NUL") != NULL;
    *member = protojson_allocate(json_string_length(json) + 1, 1);
    memcpy(*member, json_string_value(json), json_string_length(json));
    return true;
}

static int base64_digit(char character)
{
    const char *found = NULL;

    if (character == '-')
        return 62;
    if (character == '_')
        return 63;
    found = character == '\0' ? NULL : strchr(base64_digits, character);
    return found == NULL ? -1 : (int)(found - base64_digits);
}

static bool decode_either(const char *text, size_t length, ProtobufCBinaryData *bytes)
{
    unsigned bits = 0;
    size_t digits = 0;

    while (length > 0 && text[length - 1] == '=' && digits < 2) {
        length--;
        digits++;
    }
    if (length % 4 == 1 || (digits > 0 && (length + digits) % 4 != 0))
        return false;
    bytes->data = protojson_allocate(length / 4 * 3 + 3, 1);
    for (size_t i = 0; i < length; i++) {
        int digit = base64_digit(text[i]);

        if (digit < 0)
            return false;
        bits = bits << 6 | (unsigned)digit;
        if (i % 4 > 0)
            bytes->data[bytes->len++] = (uint8_t)(bits >> (6 - i % 4 * 2));
    }
    return true;
}

bool scalar_bytes(const struct json_reading *reading, const struct json_place *place,
                  const json_t *json, bool plain, ProtobufCBinaryData *bytes)
{
    size_t length = json_string_length(json);

    if (!json_is_string(json))
        return protojson_expected(reading, place, json, plain ? "a string" : "base64 in a string");
    if (plain) {
        bytes->data = protojson_allocate(length, 1);
        bytes->len = length;
        memcpy(bytes->data, json_string_value(json), length);
        return true;
    }
    if (decode_either(json_string_value(json), length, bytes))
        return true;
    free(bytes->data);
    *bytes = (ProtobufCBinaryData){ 0 };
    return protojson_fail(reading, place, "this is not base64") != NULL;
}
