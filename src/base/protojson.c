/* SPDX-License-Identifier: Apache-2.0 */
/* This file holds what reading and writing of proto3 JSON share: fields by name, maps, sizes.
 * It must not know the CRI nor frames. */
#include "base/protojson.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *protojson_allocate(size_t count, size_t size)
{
    void *memory = calloc(count == 0 ? 1 : count, size);

    if (memory == NULL)
        abort();
    return memory;
}

static bool same_field_name(const char *name, const char *given)
{
    if (strcmp(name, given) == 0)
        return true;
    for (; *name != '\0'; name++) {
        bool raise = false;

        for (; *name == '_'; name++)
            raise = true;
        if (*given++ != (raise && *name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name))
            return false;
        if (*name == '\0')
            return true;
    }
    return *given == '\0';
}

const ProtobufCFieldDescriptor *protojson_field(const ProtobufCMessageDescriptor *type,
                                                const char *name)
{
    for (unsigned i = 0; i < type->n_fields; i++)
        if (same_field_name(type->fields[i].name, name))
            return &type->fields[i];
    return NULL;
}

const char *protojson_hint_field(const ProtobufCMessageDescriptor *type, const char *name,
                                 char hint[NEAREST_HINT])
{
    struct nearest nearest;

    nearest_start(&nearest, name);
    for (unsigned i = 0; i < type->n_fields; i++)
        nearest_offer(&nearest, type->fields[i].name);
    return nearest_hint(&nearest, hint);
}

bool protojson_is_map(const ProtobufCMessageDescriptor *type, const ProtobufCFieldDescriptor *field)
{
    const ProtobufCMessageDescriptor *entry = field->descriptor;
    size_t outer = strlen(type->name);
    size_t length = 0;

    if (field->label != PROTOBUF_C_LABEL_REPEATED || field->type != PROTOBUF_C_TYPE_MESSAGE)
        return false;
    length = strlen(entry->name);
    return length > outer + strlen(".Entry") && strncmp(entry->name, type->name, outer) == 0 &&
           entry->name[outer] == '.' && strchr(entry->name + outer + 1, '.') == NULL &&
           strcmp(entry->name + length - strlen("Entry"), "Entry") == 0 && entry->n_fields == 2 &&
           entry->fields[0].id == 1 && strcmp(entry->fields[0].name, "key") == 0 &&
           entry->fields[1].id == 2 && strcmp(entry->fields[1].name, "value") == 0;
}

size_t protojson_size_of(ProtobufCType type)
{
    switch (type) {
    case PROTOBUF_C_TYPE_INT32:
    case PROTOBUF_C_TYPE_SINT32:
    case PROTOBUF_C_TYPE_SFIXED32:
    case PROTOBUF_C_TYPE_UINT32:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_ENUM:
        return 4;
    case PROTOBUF_C_TYPE_INT64:
    case PROTOBUF_C_TYPE_SINT64:
    case PROTOBUF_C_TYPE_SFIXED64:
    case PROTOBUF_C_TYPE_UINT64:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_DOUBLE:
        return 8;
    case PROTOBUF_C_TYPE_BOOL:
        return sizeof(protobuf_c_boolean);
    case PROTOBUF_C_TYPE_BYTES:
        return sizeof(ProtobufCBinaryData);
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_MESSAGE:
        break;
    }
    return sizeof(void *);
}
