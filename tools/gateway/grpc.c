/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads and writes gRPC's words over HTTP/2.
 * It must not know HTTP/2's frames. */
#include "gateway/grpc.h"

#include <string.h>

#include "base/text.h"
#include "runtime/v1/api.pb-c.h"

enum { TIMEOUT_DIGITS = 8, ENCODED = 3, CONTINUATION = 0x80, CONTINUATION_MASK = 0xc0 };

static const ProtobufCServiceDescriptor *const services[] = {
    &runtime__v1__runtime_service__descriptor,
    &runtime__v1__image_service__descriptor,
};

static const struct method *method_named(const char *name)
{
    for (size_t i = 0; i < method_count; i++)
        if (strcmp(methods[i].name, name) == 0)
            return &methods[i];
    return NULL;
}

const struct method *grpc_route(const char *path, struct err *err)
{
    const char *slash = *path == '/' ? strchr(path + 1, '/') : NULL;
    size_t length = slash == NULL ? 0 : (size_t)(slash - path) - 1;

    if (slash == NULL) {
        err_set(err, GRPC_UNIMPLEMENTED, "malformed method name: \"%s\"", path);
        return NULL;
    }
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        if (strlen(services[i]->name) != length || memcmp(services[i]->name, path + 1, length) != 0)
            continue;
        if (protobuf_c_service_descriptor_get_method_by_name(services[i], slash + 1) != NULL)
            return method_named(slash + 1);
        err_set(err, GRPC_UNIMPLEMENTED, "unknown method %s for service %s", slash + 1,
                services[i]->name);
        return NULL;
    }
    err_set(err, GRPC_UNIMPLEMENTED, "unknown service %.*s", (int)length, path + 1);
    return NULL;
}

bool grpc_content_type(const char *text)
{
    static const char type[] = "application/grpc";
    static const char proto[] = "+proto";

    if (!text_begins(text, type))
        return false;
    text += strlen(type);
    if (text_begins(text, proto))
        text += strlen(proto);
    return *text == '\0' || *text == ';' || *text == ' ';
}

bool grpc_timeout(const char *text, int64_t *timeout_ms)
{
    static const struct {
        char unit;
        int64_t multiplier;
        int64_t divisor;
    } units[] = { { 'H', 3600000, 1 }, { 'M', 60000, 1 }, { 'S', 1000, 1 },
                  { 'm', 1, 1 },       { 'u', 1, 1000 },  { 'n', 1, 1000000 } };
    size_t digits = strspn(text, "0123456789");
    int64_t number = 0;

    if (digits == 0 || digits > TIMEOUT_DIGITS || text[digits] == '\0' || text[digits + 1] != '\0')
        return false;
    for (size_t i = 0; i < digits; i++)
        number = number * 10 + (text[i] - '0');
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (units[i].unit != text[digits])
            continue;
        *timeout_ms = (number * units[i].multiplier + units[i].divisor - 1) / units[i].divisor;
        return true;
    }
    return false;
}

bool grpc_put_prefix(struct buf *buf, size_t length)
{
    const uint8_t prefix[GRPC_PREFIX] = { 0, (uint8_t)(length >> 24), (uint8_t)(length >> 16),
                                          (uint8_t)(length >> 8), (uint8_t)length };

    return buf_append(buf, prefix, sizeof(prefix));
}

static size_t character_length(const char *text)
{
    size_t length = 1;

    while (((unsigned char)text[length] & CONTINUATION_MASK) == CONTINUATION)
        length++;
    return length;
}

static size_t encode_byte(unsigned char byte, char *encoded)
{
    static const char digits[] = "0123456789ABCDEF";

    if (byte >= ' ' && byte <= '~' && byte != '%') {
        encoded[0] = (char)byte;
        return 1;
    }
    encoded[0] = '%';
    encoded[1] = digits[byte >> 4];
    encoded[2] = digits[byte & 15];
    return ENCODED;
}

size_t grpc_encode_message(const char *text, char *encoded, size_t room)
{
    size_t at = 0;

    while (*text != '\0') {
        size_t length = character_length(text);

        if (at + length * ENCODED >= room)
            break;
        for (; length > 0; length--)
            at += encode_byte((unsigned char)*text++, encoded + at);
    }
    encoded[at] = '\0';
    return at;
}
