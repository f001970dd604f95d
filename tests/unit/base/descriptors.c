/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks the .proto files against the facts of tests/wire.tsv, both ways.
 * It must not know what the messages are for. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cri/redact.h"
#include "oneshot/v1/oneshot.pb-c.h"
#include "runtime/v1/api.pb-c.h"

enum {
    MESSAGES = 205,
    RPCS = 43,
    FIRST_CALL = 10, /* the number of the first RPC's field in Request and Response */
    MAX_ROWS = 2000,
    MAX_SEEN = 500,
};

struct row {
    const char *kind;
    const char *in; /* a message, enum or service by its full name */
    const char *name;
    const char *number;
    const char *type;
    const char *note;
};

static struct row rows[MAX_ROWS];
static size_t row_count;
static char *wire_text;
static char *proto_text;

static const ProtobufCMessageDescriptor *messages[MAX_SEEN];
static size_t message_count;
static const ProtobufCEnumDescriptor *enums[MAX_SEEN];
static size_t enum_count;

static const ProtobufCServiceDescriptor *const services[] = {
    &runtime__v1__runtime_service__descriptor,
    &runtime__v1__image_service__descriptor,
};

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    long size = 0;

    if (file == NULL)
        fail_msg("cannot open '%s': run this from the top of the repository", path);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size = ftell(file);
    assert_true(size > 0);
    rewind(file);
    text = calloc((size_t)size + 1, 1);
    assert_non_null(text);
    assert_int_equal(fread(text, 1, (size_t)size, file), size);
    fclose(file);
    return text;
}

/* Cuts a line at its tabs. */
static struct row cut_row(char *line)
{
    const char *cells[6] = { "", "", "", "", "", "" };

    for (size_t i = 0; i < 6 && line != NULL; i++)
        cells[i] = strsep(&line, "\t");
    return (struct row){ cells[0], cells[1], cells[2], cells[3], cells[4], cells[5] };
}

static void read_rows(void)
{
    char *rest = NULL;
    char *line = NULL;

    wire_text = read_text("tests/wire.tsv");
    rest = wire_text;
    strsep(&rest, "\n"); /* the header */
    while ((line = strsep(&rest, "\n")) != NULL) {
        if (*line == '\0')
            continue;
        assert_true(row_count < MAX_ROWS);
        rows[row_count++] = cut_row(line);
    }
}

static void see_enum(const ProtobufCEnumDescriptor *found)
{
    for (size_t i = 0; i < enum_count; i++)
        if (enums[i] == found)
            return;
    assert_true(enum_count < MAX_SEEN);
    enums[enum_count++] = found;
}

static void see_message(const ProtobufCMessageDescriptor *found)
{
    for (size_t i = 0; i < message_count; i++)
        if (messages[i] == found)
            return;
    assert_true(message_count < MAX_SEEN);
    messages[message_count++] = found;
    for (unsigned i = 0; i < found->n_fields; i++) {
        const ProtobufCFieldDescriptor *field = &found->fields[i];

        if (field->type == PROTOBUF_C_TYPE_MESSAGE)
            see_message(field->descriptor);
        else if (field->type == PROTOBUF_C_TYPE_ENUM)
            see_enum(field->descriptor);
    }
}

static int set_up(void **state)
{
    (void)state;
    read_rows();
    proto_text = read_text("proto/runtime/v1/api.proto");
    for (size_t s = 0; s < 2; s++)
        for (unsigned i = 0; i < services[s]->n_methods; i++) {
            see_message(services[s]->methods[i].input);
            see_message(services[s]->methods[i].output);
        }
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    free(wire_text);
    free(proto_text);
    return 0;
}

static const struct row *find_row(const char *kind, const char *in, const char *name)
{
    for (size_t i = 0; i < row_count; i++)
        if (strcmp(rows[i].kind, kind) == 0 && strcmp(rows[i].in, in) == 0 &&
            strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}

static size_t count_rows(const char *kind)
{
    size_t count = 0;

    for (size_t i = 0; i < row_count; i++)
        count += strcmp(rows[i].kind, kind) == 0;
    return count;
}

/* A field's type as wire.tsv writes it. */
static const char *type_name(const ProtobufCFieldDescriptor *field)
{
    if (field->type == PROTOBUF_C_TYPE_MESSAGE)
        return ((const ProtobufCMessageDescriptor *)field->descriptor)->name;
    if (field->type == PROTOBUF_C_TYPE_ENUM)
        return ((const ProtobufCEnumDescriptor *)field->descriptor)->name;
    static const char *const scalars[] = {
        [PROTOBUF_C_TYPE_INT32] = "int32",       [PROTOBUF_C_TYPE_SINT32] = "sint32",
        [PROTOBUF_C_TYPE_SFIXED32] = "sfixed32", [PROTOBUF_C_TYPE_INT64] = "int64",
        [PROTOBUF_C_TYPE_SINT64] = "sint64",     [PROTOBUF_C_TYPE_SFIXED64] = "sfixed64",
        [PROTOBUF_C_TYPE_UINT32] = "uint32",     [PROTOBUF_C_TYPE_FIXED32] = "fixed32",
        [PROTOBUF_C_TYPE_UINT64] = "uint64",     [PROTOBUF_C_TYPE_FIXED64] = "fixed64",
        [PROTOBUF_C_TYPE_FLOAT] = "float",       [PROTOBUF_C_TYPE_DOUBLE] = "double",
        [PROTOBUF_C_TYPE_BOOL] = "bool",         [PROTOBUF_C_TYPE_STRING] = "string",
        [PROTOBUF_C_TYPE_BYTES] = "bytes",
    };

    return scalars[field->type];
}

static void check_field(const ProtobufCMessageDescriptor *message,
                        const ProtobufCFieldDescriptor *field)
{
    const struct row *row = find_row("field", message->name, field->name);
    char type[200];
    char number[20];

    if (row == NULL) {
        fail_msg("wire.tsv has no field '%s' in %s", field->name, message->name);
        return;
    }
    snprintf(number, sizeof(number), "%u", field->id);
    snprintf(type, sizeof(type), "%s%s",
             field->label == PROTOBUF_C_LABEL_REPEATED ? "repeated " : "", type_name(field));
    assert_string_equal(number, row->number);
    assert_string_equal(type, row->type);
    assert_int_equal(redact_field(message, field->name), strcmp(row->note, "debug_redact") == 0);
}

static void test_every_message_and_field_is_a_fact(void **state)
{
    size_t fields = 0;

    (void)state;
    assert_int_equal(message_count, MESSAGES);
    for (size_t i = 0; i < message_count; i++) {
        if (find_row("message", messages[i]->name, "") == NULL)
            fail_msg("wire.tsv has no message %s", messages[i]->name);
        for (unsigned f = 0; f < messages[i]->n_fields; f++)
            check_field(messages[i], &messages[i]->fields[f]);
        fields += messages[i]->n_fields;
    }
    assert_int_equal(fields, count_rows("field"));
}

static const ProtobufCMessageDescriptor *find_message(const char *name)
{
    for (size_t i = 0; i < message_count; i++)
        if (strcmp(messages[i]->name, name) == 0)
            return messages[i];
    return NULL;
}

static void test_every_fact_is_a_message_or_field(void **state)
{
    (void)state;
    assert_int_equal(count_rows("message"), MESSAGES);
    for (size_t i = 0; i < row_count; i++) {
        const ProtobufCMessageDescriptor *message = NULL;
        bool field = strcmp(rows[i].kind, "field") == 0;

        if (!field && strcmp(rows[i].kind, "message") != 0)
            continue;
        message = find_message(rows[i].in);
        if (message == NULL)
            fail_msg("the .proto has no message %s", rows[i].in);
        if (field && protobuf_c_message_descriptor_get_field_by_name(message, rows[i].name) == NULL)
            fail_msg("the .proto has no field '%s' in %s", rows[i].name, rows[i].in);
    }
}

static void test_enum_values_agree(void **state)
{
    size_t values = 0;

    (void)state;
    for (size_t i = 0; i < enum_count; i++) {
        for (unsigned v = 0; v < enums[i]->n_values; v++) {
            const ProtobufCEnumValue *value = &enums[i]->values[v];
            const struct row *row = find_row("enum", enums[i]->name, value->name);

            if (row == NULL) {
                fail_msg("wire.tsv has no value %s in %s", value->name, enums[i]->name);
                return;
            }
            assert_int_equal(strtol(row->number, NULL, 10), value->value);
        }
        /* An alias would be a name more than there are values. */
        assert_int_equal(enums[i]->n_value_names, enums[i]->n_values);
        values += enums[i]->n_values;
    }
    assert_int_equal(values, count_rows("enum"));
}

/* protoc-c forgets `stream`, so this asks the text. */
static bool rpc_streams(const char *name)
{
    char start[100];
    const char *rpc = NULL;
    const char *end = NULL;
    const char *stream = NULL;

    snprintf(start, sizeof(start), "  rpc %s(", name);
    rpc = strstr(proto_text, start);
    assert_non_null(rpc);
    end = strchr(rpc, '{');
    stream = strstr(rpc, "(stream ");
    return stream != NULL && stream < end;
}

/* The index-th RPC of the two services in their order. */
static const ProtobufCMethodDescriptor *rpc_at(size_t index,
                                               const ProtobufCServiceDescriptor **service)
{
    for (size_t s = 0; s < 2; s++) {
        *service = services[s];
        if (index < services[s]->n_methods)
            return &services[s]->methods[index];
        index -= services[s]->n_methods;
    }
    fail_msg("fewer RPCs than wire.tsv has");
    return NULL;
}

static void test_rpcs_agree_in_order(void **state)
{
    size_t index = 0;

    (void)state;
    assert_int_equal(services[0]->n_methods + services[1]->n_methods, RPCS);
    for (size_t i = 0; i < row_count; i++) {
        const ProtobufCServiceDescriptor *service = NULL;
        const ProtobufCMethodDescriptor *rpc = NULL;
        char type[300];

        if (strcmp(rows[i].kind, "rpc") != 0)
            continue;
        rpc = rpc_at(index++, &service);
        assert_string_equal(rpc->name, rows[i].name);
        assert_string_equal(service->name, rows[i].in);
        snprintf(type, sizeof(type), "%s -> %s%s", rpc->input->name,
                 rpc_streams(rpc->name) ? "stream " : "", rpc->output->name);
        assert_string_equal(type, rows[i].type);
    }
    assert_int_equal(index, RPCS);
}

static void snake_case(const char *name, char *snake, size_t room)
{
    size_t length = 0;

    for (; *name != '\0'; name++) {
        assert_true(length + 3 < room);
        if (isupper((unsigned char)*name) && length > 0)
            snake[length++] = '_';
        snake[length++] = (char)tolower((unsigned char)*name);
    }
    snake[length] = '\0';
}

/* The fields of one oneof are a row of the RPCs, with one of their two types. */
static void check_calls(const ProtobufCMessageDescriptor *frame, bool request)
{
    assert_int_equal(frame->n_fields, RPCS + (request ? 3 : 1)); /* beside the oneof */
    for (size_t i = 0; i < RPCS; i++) {
        const ProtobufCServiceDescriptor *service = NULL;
        const ProtobufCMethodDescriptor *rpc = rpc_at(i, &service);
        const ProtobufCFieldDescriptor *field =
            protobuf_c_message_descriptor_get_field(frame, FIRST_CALL + (unsigned)i);
        char snake[100];

        snake_case(rpc->name, snake, sizeof(snake));
        assert_non_null(field);
        assert_string_equal(field->name, snake);
        assert_ptr_equal(field->descriptor, request ? rpc->input : rpc->output);
        assert_true(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
    }
}

static void test_each_rpc_has_its_field_in_a_frame(void **state)
{
    (void)state;
    check_calls(&oneshot__v1__request__descriptor, true);
    check_calls(&oneshot__v1__response__descriptor, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_and_field_is_a_fact),
        cmocka_unit_test(test_every_fact_is_a_message_or_field),
        cmocka_unit_test(test_enum_values_agree),
        cmocka_unit_test(test_rpcs_agree_in_order),
        cmocka_unit_test(test_each_rpc_has_its_field_in_a_frame),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
