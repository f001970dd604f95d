/* SPDX-License-Identifier: Apache-2.0 */
/* This file prints the RPCs and the fields of their messages, as the descriptors have them.
 * It must not know more of them. */
#include "frame/describe.h"

#include <protobuf-c/protobuf-c.h>
#include <stdio.h>
#include <string.h>

#include "frame/convert.h"
#include "frame/request.h"

/* ==== types ==== */

static const char *scalar_name(ProtobufCType type)
{
    static const char *const names[] = {
        [PROTOBUF_C_TYPE_INT32] = "int32",       [PROTOBUF_C_TYPE_SINT32] = "sint32",
        [PROTOBUF_C_TYPE_SFIXED32] = "sfixed32", [PROTOBUF_C_TYPE_INT64] = "int64",
        [PROTOBUF_C_TYPE_SINT64] = "sint64",     [PROTOBUF_C_TYPE_SFIXED64] = "sfixed64",
        [PROTOBUF_C_TYPE_UINT32] = "uint32",     [PROTOBUF_C_TYPE_FIXED32] = "fixed32",
        [PROTOBUF_C_TYPE_UINT64] = "uint64",     [PROTOBUF_C_TYPE_FIXED64] = "fixed64",
        [PROTOBUF_C_TYPE_FLOAT] = "float",       [PROTOBUF_C_TYPE_DOUBLE] = "double",
        [PROTOBUF_C_TYPE_BOOL] = "bool",         [PROTOBUF_C_TYPE_STRING] = "string",
        [PROTOBUF_C_TYPE_BYTES] = "bytes",
    };

    return names[type];
}

static void print_enum(const ProtobufCEnumDescriptor *type)
{
    for (unsigned i = 0; i < type->n_values; i++)
        printf("%s%s", i == 0 ? "" : " | ", type->values[i].name);
}

static void print_type(const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *message = field->descriptor;

    if (field->type == PROTOBUF_C_TYPE_ENUM)
        print_enum(field->descriptor);
    else if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        fputs(message->short_name, stdout);
    else
        fputs(scalar_name(field->type), stdout);
}

static void print_field(const ProtobufCMessageDescriptor *type,
                        const ProtobufCFieldDescriptor *field, int width)
{
    const ProtobufCMessageDescriptor *entry = field->descriptor;

    printf("  %-*s  ", width, field->name);
    if (protojson_is_map(type, field)) {
        printf("map of ");
        print_type(&entry->fields[0]);
        printf(" to ");
        print_type(&entry->fields[1]);
    } else {
        printf("%s", field->label == PROTOBUF_C_LABEL_REPEATED ? "list of " : "");
        print_type(field);
    }
    putchar('\n');
}

static void print_fields(const ProtobufCMessageDescriptor *type)
{
    size_t width = 0;

    for (unsigned i = 0; i < type->n_fields; i++)
        if (strlen(type->fields[i].name) > width)
            width = strlen(type->fields[i].name);
    for (unsigned i = 0; i < type->n_fields; i++)
        print_field(type, &type->fields[i], (int)width);
    if (type->n_fields == 0)
        puts("  (no fields)");
}

/* ==== methods ==== */

static const ProtobufCMessageDescriptor *result_of(const ProtobufCFieldDescriptor *field)
{
    return protojson_field(&oneshot__v1__response__descriptor, field->name)->descriptor;
}

void describe_all(void)
{
    const ProtobufCMessageDescriptor *type = &oneshot__v1__request__descriptor;

    for (unsigned i = 0; i < type->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &type->fields[i];
        const ProtobufCMessageDescriptor *request = field->descriptor;

        if (request_is_call(field))
            printf("%-26s %s -> %s%s\n", request_rpc_name(field), request->short_name,
                   request_is_streaming(field) ? "stream of " : "", result_of(field)->short_name);
    }
}

static void describe_method(const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *request = field->descriptor;

    printf("%s takes %s:\n", request_rpc_name(field), request->short_name);
    print_fields(request);
    printf("and returns %s%s:\n", request_is_streaming(field) ? "any number of " : "",
           result_of(field)->short_name);
    print_fields(result_of(field));
}

static void describe_message(const ProtobufCMessageDescriptor *type)
{
    printf("%s:\n", type->short_name);
    print_fields(type);
}

/* ContainerStatus is the name of both. */
void describe_word(const char *word)
{
    const ProtobufCFieldDescriptor *method = NULL;
    const ProtobufCMessageDescriptor *type = NULL;
    struct nearest nearest;
    char hint[NEAREST_HINT];

    nearest_start(&nearest, word);
    method = request_find(word, &nearest);
    type = type_find(word, &nearest);
    if (method != NULL)
        describe_method(method);
    if (method != NULL && type != NULL)
        putchar('\n');
    if (type != NULL)
        describe_message(type);
    if (method == NULL && type == NULL)
        usage_error("no method and no message \"%s\" in the CRI%s", word,
                    nearest_hint(&nearest, hint));
}
