/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks that every field of a request has a decision, and that it is applied.
 * It must not know how a field becomes a docker flag. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/cri.h"
#include "cri/fields.h"
#include "methods.h"

enum { MAX_SEEN = 100, MANY = 1000 };

static const ProtobufCMessageDescriptor *seen[MAX_SEEN];
static size_t seen_count;

static struct arena arena;
static struct strv ignored;
static struct err err;

static bool is_map_entry(const ProtobufCMessageDescriptor *message)
{
    size_t length = strlen(message->name);

    return length > 5 && strcmp(message->name + length - 5, "Entry") == 0 &&
           message->n_fields == 2 && strcmp(message->fields[0].name, "key") == 0;
}

static bool was_seen(const ProtobufCMessageDescriptor *message)
{
    for (size_t i = 0; i < seen_count; i++)
        if (seen[i] == message)
            return true;
    return false;
}

static void see(const ProtobufCMessageDescriptor *message)
{
    if (is_map_entry(message) || was_seen(message))
        return;
    assert_true(seen_count < MAX_SEEN);
    seen[seen_count++] = message;
    for (unsigned i = 0; i < message->n_fields; i++)
        if (message->fields[i].type == PROTOBUF_C_TYPE_MESSAGE)
            see(message->fields[i].descriptor);
}

static int see_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < method_count; i++)
        if (methods[i].plan != NULL)
            see(protobuf_c_message_descriptor_get_field(&oneshot__v1__request__descriptor,
                                                        methods[i].field)
                    ->descriptor);
    return 0;
}

static void out_of_memory(void *context)
{
    (void)context;
    fail_msg("the arena is exhausted");
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 1 << 20, out_of_memory, NULL);
    strv_init(&ignored, &arena);
    err = (struct err){ 0 };
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_reset(&arena);
    return 0;
}

static void test_every_field_of_a_request_has_a_decision(void **state)
{
    (void)state;
    for (size_t i = 0; i < seen_count; i++) {
        assert_true(seen[i]->n_fields <= FIELDS_MAX);
        for (unsigned f = 0; f < seen[i]->n_fields; f++) {
            const ProtobufCFieldDescriptor *field = &seen[i]->fields[f];

            if (field_find(seen[i], field->name) == NULL)
                fail_msg("no decision on '%s' of %s", field->name, seen[i]->name);
            /* What the check of "is it set" relies on. */
            assert_false(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF);
            assert_int_not_equal(field->label, PROTOBUF_C_LABEL_OPTIONAL);
        }
    }
}

static void test_every_decision_is_about_a_field_of_a_request(void **state)
{
    (void)state;
    for (size_t i = 0; i < field_row_count; i++) {
        const struct field_row *row = &field_rows[i];

        if (!was_seen(row->message))
            fail_msg("no request reaches %s", row->message->name);
        if (protobuf_c_message_descriptor_get_field_by_name(row->message, row->field) == NULL)
            fail_msg("no field '%s' in %s", row->field, row->message->name);
        /* False for a second row of a field, and for rows of a message that stand apart. */
        assert_ptr_equal(field_find(row->message, row->field), row);
        assert_int_equal(row->why == NULL, row->decision == FIELD_HONOURED);
    }
}

static void test_a_refused_field_is_named_by_its_path(void **state)
{
    Runtime__V1__IDMapping mapping = RUNTIME__V1__IDMAPPING__INIT;
    Runtime__V1__IDMapping *mappings[] = { &mapping };
    Runtime__V1__Mount plain = RUNTIME__V1__MOUNT__INIT;
    Runtime__V1__Mount mapped = RUNTIME__V1__MOUNT__INIT;
    Runtime__V1__Mount *mounts[] = { &plain, &plain, &mapped };
    Runtime__V1__ContainerConfig config = RUNTIME__V1__CONTAINER_CONFIG__INIT;
    Runtime__V1__CreateContainerRequest request = RUNTIME__V1__CREATE_CONTAINER_REQUEST__INIT;

    (void)state;
    mapped.uidmappings = mappings;
    mapped.n_uidmappings = 1;
    config.mounts = mounts;
    config.n_mounts = 3;
    request.config = &config;
    assert_false(fields_check(&request.base, &ignored, &err));
    assert_int_equal(err.code, GRPC_INVALID_ARGUMENT);
    assert_non_null(strstr(err.text, "config.mounts[2].uidMappings: "));
    assert_int_equal(strncmp(err.text, "config.", 7), 0);

    err = (struct err){ 0 };
    config.n_mounts = 2;
    assert_true(fields_check(&request.base, &ignored, &err));
    assert_int_equal(err.code, GRPC_OK);
    assert_int_equal(ignored.count, 0);
}

static void test_a_list_of_refused_words_is_named(void **state)
{
    char word[] = "CAP_NET_RAW";
    char *words[] = { word };
    Runtime__V1__Capability capability = RUNTIME__V1__CAPABILITY__INIT;
    Runtime__V1__LinuxContainerSecurityContext context =
        RUNTIME__V1__LINUX_CONTAINER_SECURITY_CONTEXT__INIT;
    Runtime__V1__LinuxContainerConfig linux_config = RUNTIME__V1__LINUX_CONTAINER_CONFIG__INIT;
    Runtime__V1__ContainerConfig config = RUNTIME__V1__CONTAINER_CONFIG__INIT;
    Runtime__V1__CreateContainerRequest request = RUNTIME__V1__CREATE_CONTAINER_REQUEST__INIT;

    (void)state;
    capability.add_ambient_capabilities = words;
    capability.n_add_ambient_capabilities = 1;
    context.capabilities = &capability;
    linux_config.security_context = &context;
    config.linux = &linux_config;
    request.config = &config;
    assert_false(fields_check(&request.base, &ignored, &err));
    assert_string_equal(err.text, "config.linux.security_context.capabilities."
                                  "add_ambient_capabilities: docker has no ambient capabilities");
}

static void test_traced_fields_are_named_and_not_refused(void **state)
{
    Runtime__V1__LinuxContainerResources overhead = RUNTIME__V1__LINUX_CONTAINER_RESOURCES__INIT;
    Runtime__V1__LinuxContainerResources empty = RUNTIME__V1__LINUX_CONTAINER_RESOURCES__INIT;
    Runtime__V1__LinuxPodSandboxConfig linux_config = RUNTIME__V1__LINUX_POD_SANDBOX_CONFIG__INIT;
    Runtime__V1__PodSandboxConfig config = RUNTIME__V1__POD_SANDBOX_CONFIG__INIT;
    Runtime__V1__RunPodSandboxRequest request = RUNTIME__V1__RUN_POD_SANDBOX_REQUEST__INIT;

    (void)state;
    overhead.memory_limit_in_bytes = 1;
    linux_config.overhead = &overhead;
    linux_config.resources = &empty;
    config.linux = &linux_config;
    request.config = &config;
    assert_true(fields_check(&request.base, &ignored, &err));
    assert_int_equal(ignored.count, 1);
    assert_string_equal(ignored.words[0], "config.linux.overhead");
}

static void test_below_a_traced_field_nothing_is_refused(void **state)
{
    Runtime__V1__WindowsSandboxSecurityContext context =
        RUNTIME__V1__WINDOWS_SANDBOX_SECURITY_CONTEXT__INIT;
    Runtime__V1__WindowsPodSandboxConfig windows = RUNTIME__V1__WINDOWS_POD_SANDBOX_CONFIG__INIT;
    Runtime__V1__PodSandboxConfig config = RUNTIME__V1__POD_SANDBOX_CONFIG__INIT;
    Runtime__V1__PullImageRequest request = RUNTIME__V1__PULL_IMAGE_REQUEST__INIT;

    (void)state;
    context.host_process = 1;
    windows.security_context = &context;
    config.windows = &windows;
    request.sandbox_config = &config;
    assert_true(fields_check(&request.base, &ignored, &err));
    assert_int_equal(ignored.count, 1);
    assert_string_equal(ignored.words[0], "sandbox_config");
}

static void test_a_windows_config_passes_only_while_it_says_nothing(void **state)
{
    char user[] = "ContainerUser";
    Runtime__V1__WindowsContainerResources resources =
        RUNTIME__V1__WINDOWS_CONTAINER_RESOURCES__INIT;
    Runtime__V1__WindowsContainerSecurityContext context =
        RUNTIME__V1__WINDOWS_CONTAINER_SECURITY_CONTEXT__INIT;
    Runtime__V1__WindowsContainerConfig windows = RUNTIME__V1__WINDOWS_CONTAINER_CONFIG__INIT;
    Runtime__V1__ContainerConfig config = RUNTIME__V1__CONTAINER_CONFIG__INIT;
    Runtime__V1__CreateContainerRequest request = RUNTIME__V1__CREATE_CONTAINER_REQUEST__INIT;

    (void)state;
    windows.resources = &resources;
    windows.security_context = &context;
    config.windows = &windows;
    request.config = &config;
    assert_true(fields_check(&request.base, &ignored, &err));
    assert_int_equal(ignored.count, 0);

    context.run_as_username = user;
    assert_false(fields_check(&request.base, &ignored, &err));
    assert_string_equal(err.text, "config.windows: this runtime has no Windows containers");

    err = (struct err){ 0 };
    context.run_as_username = NULL;
    resources.memory_limit_in_bytes = INT64_MIN; /* its low four bytes are zero */
    assert_false(fields_check(&request.base, &ignored, &err));
}

/* The elements are not even looked at: these pointers lead nowhere. */
static void test_what_is_honoured_throughout_costs_nothing(void **state)
{
    static Runtime__V1__KeyValue *nowhere[MANY];
    Runtime__V1__ContainerConfig config = RUNTIME__V1__CONTAINER_CONFIG__INIT;
    Runtime__V1__CreateContainerRequest request = RUNTIME__V1__CREATE_CONTAINER_REQUEST__INIT;

    (void)state;
    config.envs = nowhere;
    config.n_envs = MANY;
    request.config = &config;
    assert_true(fields_check(&request.base, &ignored, &err));
    assert_int_equal(ignored.count, 0);
}

static void test_an_empty_request_passes(void **state)
{
    Runtime__V1__UpdateContainerResourcesRequest request =
        RUNTIME__V1__UPDATE_CONTAINER_RESOURCES_REQUEST__INIT;

    (void)state;
    assert_true(fields_check(&request.base, &ignored, &err));
    assert_int_equal(ignored.count, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_field_of_a_request_has_a_decision),
        TEST(test_every_decision_is_about_a_field_of_a_request),
        TEST(test_a_refused_field_is_named_by_its_path),
        TEST(test_a_list_of_refused_words_is_named),
        TEST(test_traced_fields_are_named_and_not_refused),
        TEST(test_below_a_traced_field_nothing_is_refused),
        TEST(test_a_windows_config_passes_only_while_it_says_nothing),
        TEST(test_what_is_honoured_throughout_costs_nothing),
        TEST(test_an_empty_request_passes),
    };

    return cmocka_run_group_tests(tests, see_requests, NULL);
}
