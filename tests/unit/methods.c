/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the table of RPCs against the .proto files.
 * It must not know what any RPC does. */
#include "test.h"

#include "base/cri.h"
#include "methods.h"

static const ProtobufCServiceDescriptor *const services[] = {
    &runtime__v1__runtime_service__descriptor,
    &runtime__v1__image_service__descriptor,
};

/* "StopContainer" is the field "stop_container". */
static const char *snake(const char *name)
{
    char *text = arena_alloc(&arena, 2 * strlen(name) + 1);
    size_t length = 0;

    for (size_t i = 0; name[i] != '\0'; i++) {
        bool upper = name[i] >= 'A' && name[i] <= 'Z';

        if (upper && i > 0)
            text[length++] = '_';
        text[length++] = upper ? (char)(name[i] - 'A' + 'a') : name[i];
    }
    return text;
}

static void check_field(const ProtobufCMessageDescriptor *frame, const struct method *row,
                        const ProtobufCMessageDescriptor *type)
{
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field(frame, row->field);

    assert_non_null(field);
    assert_string_equal(field->name, snake(row->name));
    assert_ptr_equal(field->descriptor, type);
    assert_true(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
}

static void test_the_rows_are_the_rpcs_of_the_proto_in_order(void **state)
{
    size_t row = 0;

    (void)state;
    for (size_t s = 0; s < COUNT(services); s++)
        for (unsigned i = 0; i < services[s]->n_methods; i++, row++) {
            const ProtobufCMethodDescriptor *rpc = &services[s]->methods[i];

            assert_true(row < method_count);
            assert_string_equal(methods[row].name, rpc->name);
            assert_int_equal(methods[row].field, 10 + row);
            check_field(&oneshot__v1__request__descriptor, &methods[row], rpc->input);
            check_field(&oneshot__v1__response__descriptor, &methods[row], rpc->output);
        }
    assert_int_equal(row, method_count);
    assert_int_equal(row, 43);
}

static void test_a_row_is_supported_whole_or_refused_with_a_reason(void **state)
{
    size_t supported = 0;

    (void)state;
    for (size_t i = 0; i < method_count; i++) {
        const struct method *row = &methods[i];
        bool whole = row->plan != NULL && row->docker != NULL &&
                     (row->parse != NULL || row->stream != NULL || row->answer != NULL);
        bool none = row->plan == NULL && row->parse == NULL && row->docker == NULL &&
                    row->stream == NULL && row->answer == NULL && row->host_step == NULL &&
                    row->host_cleanup == NULL;

        if (whole)
            supported++;
        if (whole ? row->refusal != NULL : !none || row->refusal == NULL || *row->refusal == '\0')
            fail_msg("%s is neither supported nor refused", row->name);
        /* A fixed answer is the only one without a docker command. */
        if (whole)
            assert_int_equal(strncmp(row->docker, "docker ", 7) == 0,
                             row->parse != NULL || row->stream != NULL);
    }
    assert_true(supported >= 22);
}

/* Else an entry of that configuration would change what the request becomes. */
static void test_whatever_runs_docker_reads_its_configuration(void **state)
{
    (void)state;
    for (size_t i = 0; i < method_count; i++)
        assert_int_equal(methods[i].docker_config,
                         methods[i].plan != NULL && methods[i].answer == NULL);
}

static void test_a_row_is_found_by_its_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < method_count; i++)
        assert_ptr_equal(method_find(methods[i].field), &methods[i]);
    assert_null(method_find(0));
    assert_null(method_find(1));
    assert_null(method_find(9));
    assert_null(method_find(53));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_rows_are_the_rpcs_of_the_proto_in_order),
        TEST(test_a_row_is_supported_whole_or_refused_with_a_reason),
        TEST(test_whatever_runs_docker_reads_its_configuration),
        TEST(test_a_row_is_found_by_its_field),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
