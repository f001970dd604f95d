/* SPDX-License-Identifier: Apache-2.0 */
/* This file holds what the tests of proto3 JSON share.
 * It must not know which rules they check. */
#ifndef TESTS_PROTOJSON_H
#define TESTS_PROTOJSON_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oneshot/v1/oneshot.pb-c.h"
#include "runtime/v1/api.pb-c.h"
#include "json/protojson.h"

#define TYPE(name) (&runtime__v1__##name##__descriptor)

/* Of the last read_flags. */
static struct protojson_error error;

static inline void *read_flags(const ProtobufCMessageDescriptor *type, const char *text, int flags)
{
    json_error_t syntax;
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &syntax);
    ProtobufCMessage *message = NULL;

    if (json == NULL)
        fail_msg("%s: %s", text, syntax.text);
    error.text[0] = '\0';
    message = protojson_read(type, json, flags, &error);
    json_decref(json);
    return message;
}

static inline void *read_text(const ProtobufCMessageDescriptor *type, const char *text)
{
    void *message = read_flags(type, text, 0);

    if (message == NULL)
        fail_msg("%s: %s", text, error.text);
    return message;
}

static inline void release(void *message)
{
    protobuf_c_message_free_unpacked(message, NULL);
}

static inline void expect_written(const void *message, protojson_redact *redact,
                                  const char *expected)
{
    json_t *json = protojson_write(message, redact);
    char *text = json_dumps(json, JSON_COMPACT);

    assert_string_equal(text, expected);
    free(text);
    json_decref(json);
}

/* What is read, is packed, unpacked and written again: so libprotobuf-c too agrees with what we
 * have built. */
static inline void expect(const ProtobufCMessageDescriptor *type, const char *text,
                          const char *expected)
{
    ProtobufCMessage *message = read_text(type, text);
    size_t length = protobuf_c_message_get_packed_size(message);
    uint8_t *bytes = malloc(length + 1);

    protobuf_c_message_pack(message, bytes);
    release(message);
    message = protobuf_c_message_unpack(type, NULL, length, bytes);
    free(bytes);
    assert_non_null(message);
    expect_written(message, NULL, expected);
    release(message);
}

static inline void expect_same(const ProtobufCMessageDescriptor *type, const char *text)
{
    expect(type, text, text);
}

static inline void expect_error(const ProtobufCMessageDescriptor *type, const char *text,
                                const char *expected)
{
    assert_null(read_flags(type, text, 0));
    assert_string_equal(error.text, expected);
}

#endif
