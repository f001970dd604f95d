/* SPDX-License-Identifier: Apache-2.0 */
/* This file checks proto3 JSON of messages, maps, arrays and oneofs, and the errors' paths.
 * It must not know frames. */
#include "json/round_trip.h"

#include <stdio.h>

static void names_are_snake_or_lower_camel_case(void **state)
{
    (void)state;
    expect_same(TYPE(mount), "{\"container_path\":\"/a\",\"host_path\":\"/b\"}");
    expect(TYPE(mount), "{\"hostPath\":\"/b\",\"containerPath\":\"/a\"}",
           "{\"container_path\":\"/a\",\"host_path\":\"/b\"}");
    expect_same(TYPE(psi_data), "{\"Total\":\"7\",\"Avg10\":1.5}");
    expect_error(TYPE(mount), "{\"HostPath\":\"/b\"}",
                 "HostPath: runtime.v1.Mount has no such field (did you mean host_path?)");
    expect_error(TYPE(mount), "{\"host_Path\":\"/b\"}",
                 "host_Path: runtime.v1.Mount has no such field (did you mean host_path?)");
    expect_error(TYPE(mount), "{\"host\":\"/b\"}",
                 "host: runtime.v1.Mount has no such field (did you mean host_path?)");
    expect_error(TYPE(mount), "{\"\":\"/b\"}", ": runtime.v1.Mount has no such field");
    expect_error(TYPE(mount), "{\"host_path\":\"/b\",\"hostPath\":\"/b\"}",
                 "host_path: the field is given twice");
}

static void null_and_defaults_are_absent(void **state)
{
    (void)state;
    expect(TYPE(pod_sandbox_config),
           "{\"metadata\":null,\"hostname\":\"\",\"dns_config\":{},\"labels\":{},"
           "\"port_mappings\":[],\"annotations\":null}",
           "{\"dns_config\":{}}");
    expect(TYPE(mount), "{\"readonly\":false,\"propagation\":0}", "{}");
    expect(TYPE(psi_data), "{\"Total\":0,\"Avg10\":0,\"Avg60\":-0.0}", "{}");
    expect(TYPE(key_value), "{\"key\":\"\",\"value\":\"\"}", "{}");
    expect_error(TYPE(dnsconfig), "{\"servers\":[\"a\",null]}",
                 "servers[1]: a string is expected, not null");
    expect_error(TYPE(pod_sandbox_config), "{\"labels\":{\"a\":null}}",
                 "labels[\"a\"]: a string is expected, not null");
}

static void maps_are_objects(void **state)
{
    const ProtobufCMessageDescriptor *type = TYPE(pod_sandbox_config);
    Runtime__V1__PodSandboxConfig__LabelsEntry entries[] = {
        RUNTIME__V1__POD_SANDBOX_CONFIG__LABELS_ENTRY__INIT,
        RUNTIME__V1__POD_SANDBOX_CONFIG__LABELS_ENTRY__INIT,
    };
    Runtime__V1__PodSandboxConfig__LabelsEntry *labels[] = { &entries[0], &entries[1] };
    Runtime__V1__PodSandboxConfig config = RUNTIME__V1__POD_SANDBOX_CONFIG__INIT;
    char key[] = "k";
    char first[] = "1";
    char second[] = "2";

    (void)state;
    assert_true(protojson_is_map(type, protojson_field(type, "labels")));
    assert_false(protojson_is_map(type, protojson_field(type, "portMappings")));
    assert_false(protojson_is_map(type, protojson_field(type, "hostname")));
    expect_same(type, "{\"labels\":{\"b\":\"1\",\"a.b/c\":\"\",\"\":\"2\"}}");
    expect_error(type, "{\"labels\":[]}", "labels: an object is expected, not an array");
    expect_error(type, "{\"labels\":{\"a\":\"\",\"b\":{}}}",
                 "labels[\"b\"]: a string is expected, not an object");
    config.n_labels = 2;
    config.labels = labels;
    entries[0].key = key;
    entries[0].value = first;
    entries[1].key = key;
    entries[1].value = second;
    expect_written(&config, NULL, "{\"labels\":{\"k\":\"2\"}}");
}

static void a_oneof_has_one_member(void **state)
{
    const ProtobufCMessageDescriptor *type = &oneshot__v1__request__descriptor;

    (void)state;
    expect_same(type, "{\"timeout_ms\":\"5\",\"version\":{}}");
    expect(type, "{\"status\":null,\"version\":{\"version\":\"1\"}}",
           "{\"version\":{\"version\":\"1\"}}");
    expect_error(type, "{\"version\":{},\"status\":{}}",
                 "status: \"version\" of the same oneof is given too");
    expect_error(type, "{\"version\":{\"version\":1}}",
                 "version.version: a string is expected, not a number");
}

static void arrays_hold_every_kind(void **state)
{
    (void)state;
    expect_same(TYPE(dnsconfig), "{\"servers\":[\"a\",\"\"]}");
    expect_same(TYPE(pod_sandbox_config),
                "{\"port_mappings\":[{},{\"protocol\":\"UDP\",\"container_port\":1}]}");
    expect_same(TYPE(linux_sandbox_security_context), "{\"supplemental_groups\":[\"1\",\"-2\"]}");
    expect_error(TYPE(dnsconfig), "{\"servers\":\"a\"}",
                 "servers: an array is expected, not a string");
    expect_error(TYPE(dnsconfig), "{\"servers\":[\"a\",[\"b\"]]}",
                 "servers[1]: a string is expected, not an array");
    expect_error(TYPE(pod_sandbox_config), "{\"port_mappings\":[{},{},{\"host_port\":\"x\"}]}",
                 "port_mappings[2].host_port: a whole number is expected");
}

static void errors_name_the_path(void **state)
{
    const ProtobufCMessageDescriptor *type = &oneshot__v1__request__descriptor;
    char key[600];
    char text[700];

    (void)state;
    expect_error(
        type, "{\"createContainer\":{\"config\":{\"mounts\":[{},{},{\"hostPath\":{}}]}}}",
        "create_container.config.mounts[2].host_path: a string is expected, not an object");
    expect_error(type, "[]", "oneshot.v1.Request: an object is expected, not an array");
    expect_error(type, "{\"version\":\"x\"}", "version: an object is expected, not a string");
    memset(key, 'k', sizeof(key) - 1);
    key[sizeof(key) - 1] = '\0';
    snprintf(text, sizeof(text), "{\"labels\":{\"%s\":1}}", key);
    assert_null(read_flags(TYPE(pod_sandbox_config), text, 0));
    assert_true(strlen(error.text) < sizeof(error.text));
    assert_non_null(strstr(error.text, "a string is expected"));
}

static bool is_secret(const ProtobufCMessageDescriptor *message, const char *field)
{
    if (strcmp(message->short_name, "PodSandboxConfig") == 0)
        return strcmp(field, "labels") == 0;
    return strcmp(field, "password") == 0 || strcmp(field, "value") == 0 ||
           strcmp(field, "servers") == 0;
}

static void expect_redacted(const ProtobufCMessageDescriptor *type, const char *text,
                            const char *expected)
{
    void *message = read_text(type, text);

    expect_written(message, is_secret, expected);
    release(message);
}

static void for_people_bytes_are_text(void **state)
{
    static uint8_t text[] = "gr\xc3\xbcn\n";
    static uint8_t bytes[] = { 0xff, 0 };
    Runtime__V1__ExecSyncResponse message = RUNTIME__V1__EXEC_SYNC_RESPONSE__INIT;
    json_t *json = NULL;

    (void)state;
    message.stdout = (ProtobufCBinaryData){ .data = text, .len = sizeof(text) - 1 };
    message.stderr = (ProtobufCBinaryData){ .data = bytes, .len = sizeof(bytes) };
    json = protojson_write_plain(&message.base, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "stdout")), (const char *)text);
    assert_string_equal(json_string_value(json_object_get(json, "stderr")), "base64:/wA=");
    json_decref(json);
}

static void secrets_are_redacted(void **state)
{
    (void)state;
    expect_redacted(TYPE(auth_config), "{\"username\":\"u\",\"password\":\"p\"}",
                    "{\"username\":\"u\",\"password\":\"<redacted>\"}");
    expect_redacted(TYPE(auth_config), "{\"username\":\"u\"}", "{\"username\":\"u\"}");
    expect_redacted(TYPE(key_value), "{\"key\":\"k\",\"value\":\"YQ==\"}",
                    "{\"key\":\"k\",\"value\":\"PHJlZGFjdGVkPg==\"}");
    expect_redacted(TYPE(pod_sandbox_config), "{\"labels\":{\"a\":\"b\",\"c\":\"\"}}",
                    "{\"labels\":{\"a\":\"<redacted>\",\"c\":\"<redacted>\"}}");
    expect_redacted(TYPE(dnsconfig), "{\"servers\":[\"a\",\"b\"]}",
                    "{\"servers\":[\"<redacted>\",\"<redacted>\"]}");
}

/* The CRI's types do not hold themselves, so a type that does is made here: field "in" of "Deep".
 */
struct deep {
    ProtobufCMessage base;
    struct deep *in;
};

static void deep_init(ProtobufCMessage *message);

static const ProtobufCMessageDescriptor deep_descriptor;
static const ProtobufCFieldDescriptor deep_fields[] = {
    { .name = "in",
      .id = 1,
      .label = PROTOBUF_C_LABEL_NONE,
      .type = PROTOBUF_C_TYPE_MESSAGE,
      .offset = offsetof(struct deep, in),
      .descriptor = &deep_descriptor },
};
static const ProtobufCMessageDescriptor deep_descriptor = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Deep",
    .short_name = "Deep",
    .sizeof_message = sizeof(struct deep),
    .n_fields = 1,
    .fields = deep_fields,
    .message_init = deep_init,
};

static void deep_init(ProtobufCMessage *message)
{
    message->descriptor = &deep_descriptor;
}

static json_t *nested(int levels)
{
    json_t *json = json_object();

    while (--levels > 0)
        json = json_pack("{s:o}", "in", json);
    return json;
}

static void nesting_ends_at_64_levels(void **state)
{
    json_t *json = nested(PROTOJSON_MAX_DEPTH);
    struct deep top = { .in = NULL };
    void *message = protojson_read(&deep_descriptor, json, 0, &error);
    json_t *again = NULL;

    (void)state;
    assert_non_null(message);
    again = protojson_write(message, NULL);
    assert_true(json_equal(json, again));
    json_decref(again);
    json_decref(json);
    deep_init(&top.base);
    top.in = message;
    assert_null(protojson_write(&top.base, NULL));
    release(message);
    json = nested(PROTOJSON_MAX_DEPTH + 1);
    assert_null(protojson_read(&deep_descriptor, json, 0, &error));
    assert_non_null(strstr(error.text, ".in: nested deeper than 64"));
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_snake_or_lower_camel_case),
        cmocka_unit_test(null_and_defaults_are_absent),
        cmocka_unit_test(maps_are_objects),
        cmocka_unit_test(a_oneof_has_one_member),
        cmocka_unit_test(arrays_hold_every_kind),
        cmocka_unit_test(errors_name_the_path),
        cmocka_unit_test(for_people_bytes_are_text),
        cmocka_unit_test(secrets_are_redacted),
        cmocka_unit_test(nesting_ends_at_64_levels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
