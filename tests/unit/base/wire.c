/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the check of protobuf bytes: what it refuses, and what it lets pass.
 * It must not know what the messages are for. */
#include "test.h"

#include "base/cri.h"
#include "base/wire.h"

/* Bytes written as a literal, which may hold NUL. */
#define BYTES(literal) (const uint8_t *)(literal), sizeof(literal) - 1

static struct strv unknown;

static int wire_set_up(void **state)
{
    set_up(state);
    strv_init(&unknown, &arena);
    return 0;
}

/* The bytes are copied to a block of just their size, so that reading beyond it is seen. */
static bool check(const ProtobufCMessageDescriptor *descriptor, const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length + (length == 0));
    bool well = false;

    if (length > 0)
        memcpy(copy, bytes, length);
    well = wire_check(descriptor, copy, length, &unknown, &err);
    free(copy);
    assert_int_equal(well, err.code == GRPC_OK);
    return well;
}

static bool check_request(const uint8_t *bytes, size_t length)
{
    return check(&oneshot__v1__request__descriptor, bytes, length);
}

static void expect_refusal(const uint8_t *bytes, size_t length, const char *text)
{
    assert_false(check_request(bytes, length));
    expect_error(GRPC_INVALID_ARGUMENT, text);
}

/* --- varints --- */

static void test_a_varint_is_read_with_its_length(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        int taken;
        uint64_t value;
    } table[] = {
        { "\x00", 1, 1, 0 },
        { "\x7f", 1, 1, 127 },
        { "\x80\x01", 2, 2, 128 },
        { "\xff\xff\x03", 3, 3, 65535 },
        { "\x80\x00", 2, 2, 0 }, /* longer than it needs to be */
        { "\x05zzz", 4, 1, 5 },  /* the rest is not its own */
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, 10, UINT64_MAX },
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 10, 10, (uint64_t)1 << 63 },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, -1, 0 },     /* 65 bits */
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80", 10, -1, 0 },     /* an eleventh byte */
        { "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01", 11, -1, 0 }, /* and there it is */
        { "", 0, 0, 0 },
        { "\x80", 1, 0, 0 },
        { "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        uint64_t value = 0;

        assert_int_equal(wire_varint((const uint8_t *)table[i].bytes, table[i].length, &value),
                         table[i].taken);
        if (table[i].taken > 0)
            assert_true(value == table[i].value);
    }
}

/* --- what passes --- */

/* A request with strings, a map, numbers, an enum, packed numbers and messages in messages. */
static uint8_t *full_request(size_t *length)
{
    static char name[] = "n\xc3\xa4me";
    static char key[] = "key";
    static char value[] = "";
    static int64_t groups[] = { 1, 300, -1 };
    CRI(PodSandboxMetadata) metadata = CRI_INIT(POD_SANDBOX_METADATA);
    CRI(PodSandboxConfig__LabelsEntry) label = CRI_INIT(POD_SANDBOX_CONFIG__LABELS_ENTRY);
    CRI(PodSandboxConfig__LabelsEntry) *labels[] = { &label };
    CRI(NamespaceOption) options = CRI_INIT(NAMESPACE_OPTION);
    CRI(LinuxSandboxSecurityContext) context = CRI_INIT(LINUX_SANDBOX_SECURITY_CONTEXT);
    CRI(LinuxPodSandboxConfig) linux_config = CRI_INIT(LINUX_POD_SANDBOX_CONFIG);
    CRI(PodSandboxConfig) config = CRI_INIT(POD_SANDBOX_CONFIG);
    CRI(RunPodSandboxRequest) run = CRI_INIT(RUN_POD_SANDBOX_REQUEST);
    Oneshot__V1__Request request = ONESHOT__V1__REQUEST__INIT;
    uint8_t *bytes = NULL;

    metadata.name = name;
    metadata.attempt = 7;
    label.key = key;
    label.value = value;
    options.network = CRI_ENUM(NAMESPACE_MODE, NODE);
    context.namespace_options = &options;
    context.supplemental_groups = groups;
    context.n_supplemental_groups = COUNT(groups);
    linux_config.security_context = &context;
    config.metadata = &metadata;
    config.labels = labels;
    config.n_labels = 1;
    config.linux = &linux_config;
    run.config = &config;
    request.call_case = ONESHOT__V1__REQUEST__CALL_RUN_POD_SANDBOX;
    request.run_pod_sandbox = &run;
    *length = oneshot__v1__request__get_packed_size(&request);
    bytes = arena_alloc(&arena, *length);
    oneshot__v1__request__pack(&request, bytes);
    return bytes;
}

static void test_a_full_request_passes(void **state)
{
    size_t length = 0;
    const uint8_t *bytes = full_request(&length);

    (void)state;
    assert_true(check_request(bytes, length));
    assert_int_equal(unknown.count, 0);
    assert_true(check_request(BYTES("")));
}

static void test_a_request_cut_off_at_any_byte_is_refused(void **state)
{
    size_t length = 0;
    const uint8_t *bytes = full_request(&length);

    (void)state;
    for (size_t cut = 1; cut < length; cut++) {
        assert_false(check_request(bytes, cut));
        assert_int_equal(err.code, GRPC_INVALID_ARGUMENT);
        err = (struct err){ .code = GRPC_OK };
    }
}

static void test_any_byte_changed_is_passed_or_refused_and_no_more(void **state)
{
    size_t length = 0;
    uint8_t *bytes = full_request(&length);

    (void)state;
    for (size_t at = 0; at < length; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            bytes[at] = (uint8_t)(bytes[at] ^ (1u << bit));
            if (!check_request(bytes, length))
                assert_int_equal(err.code, GRPC_INVALID_ARGUMENT);
            err = (struct err){ .code = GRPC_OK };
            bytes[at] = (uint8_t)(bytes[at] ^ (1u << bit));
        }
}

static void test_repeated_numbers_may_be_packed_or_not(void **state)
{
    const ProtobufCMessageDescriptor *context = CRI_DESCRIPTOR(linux_sandbox_security_context);
    const ProtobufCFieldDescriptor *field =
        protobuf_c_message_descriptor_get_field_by_name(context, "supplemental_groups");
    uint8_t bytes[4] = { 0 };

    (void)state;
    assert_true(field->id < 16);
    bytes[0] = (uint8_t)(field->id << 3);
    bytes[1] = 5;
    assert_true(check(context, bytes, 2));
    bytes[0] = (uint8_t)(field->id << 3 | 2);
    bytes[1] = 2;
    bytes[2] = 0x81;
    bytes[3] = 0x01;
    assert_true(check(context, bytes, 4));
    bytes[3] = 0x81; /* the packed number is cut off */
    assert_false(check(context, bytes, 4));
    expect_error(GRPC_INVALID_ARGUMENT, "supplemental_groups: has another type");
    bytes[1] = 0;
    assert_true(check(context, bytes, 2));
}

/* --- what is refused --- */

static void test_bytes_that_are_no_fields_are_refused(void **state)
{
    (void)state;
    expect_refusal(BYTES("\x00"), "is not a protobuf field");              /* field 0 */
    expect_refusal(BYTES("\x02\x00"), "is not a protobuf field");          /* field 0 */
    expect_refusal(BYTES("\x80\x80\x80\x80\x10"), "not a protobuf field"); /* above 2^29 */
    expect_refusal(BYTES("\x80"), "is not a protobuf field");
    expect_refusal(BYTES("\x52\x05\x0a"), "version: is cut off");
    expect_refusal(BYTES("\x52\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"), "version: is cut off");
    expect_refusal(BYTES("\x52"), "version: is cut off");
    expect_refusal(BYTES("\x08\x80"), "timeout_ms: is cut off");
    expect_refusal(BYTES("\xfd\x07\x01\x02\x03"), "#: is cut off");                 /* 32 bits */
    expect_refusal(BYTES("\xf9\x07\x01\x02\x03\x04\x05\x06\x07"), "#: is cut off"); /* 64 bits */
}

static void test_groups_and_wire_types_that_do_not_exist_are_refused(void **state)
{
    (void)state;
    for (unsigned type = 0; type < 8; type++) {
        const uint8_t tag[] = { (uint8_t)(0xf8 | type), 0x07, 0, 0, 0, 0, 0, 0, 0, 0 };
        static const size_t length[] = { 3, 10, 3, 3, 3, 6, 3, 3 };

        err = (struct err){ .code = GRPC_OK };
        assert_int_equal(check_request(tag, length[type]), type < 3 || type == 5);
    }
}

static void test_another_type_than_the_fields_is_refused(void **state)
{
    (void)state;
    expect_refusal(BYTES("\x0a\x00"), "timeout_ms: has another type");
    expect_refusal(BYTES("\x50\x00"), "version: has another type");
    expect_refusal(BYTES("\x09\x00\x00\x00\x00\x00\x00\x00\x00"), "timeout_ms: has another type");
    expect_refusal(BYTES("\x0d\x00\x00\x00\x00"), "timeout_ms: has another type");
    expect_refusal(BYTES("\x52\x02\x08\x00"), "version.version: has another type");
}

static void test_a_nul_or_invalid_utf8_in_a_string_is_refused_by_its_path(void **state)
{
    (void)state;
    assert_true(check_request(BYTES("\x52\x05\x0a\x03\xe2\x82\xac")));
    assert_true(check_request(BYTES("\x52\x02\x0a\x00")));
    expect_refusal(BYTES("\x52\x05\x0a\x03v\x00z"), "request: version.version: has a NUL byte");
    expect_refusal(BYTES("\x52\x04\x0a\x02v\xff"), "request: version.version: is not valid UTF-8");
    expect_refusal(BYTES("\x52\x04\x0a\x02\xe2\x82"), "version.version: is not valid UTF-8");
    expect_refusal(BYTES("\x52\x05\x0a\x03\xed\xa0\x80"), "version.version: is not valid UTF-8");
}

static void test_bytes_fields_may_hold_anything(void **state)
{
    const ProtobufCMessageDescriptor *variable = CRI_DESCRIPTOR(key_value);

    (void)state;
    assert_true(check(variable, BYTES("\x0a\x01k\x12\x03\x00\xff\x80")));
}

static void test_an_enum_number_without_a_name_is_refused(void **state)
{
    const ProtobufCMessageDescriptor *options = CRI_DESCRIPTOR(namespace_option);

    (void)state;
    assert_true(check(options, BYTES("\x08\x02")));
    assert_false(check(options, BYTES("\x08\x63")));
    expect_error(GRPC_INVALID_ARGUMENT, "network: is a number that the CRI's enum does not have");
    assert_false(check(options, BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"))); /* -1 */
    expect_error(GRPC_INVALID_ARGUMENT, "network: ");
}

/* libprotobuf-c takes no longer ones, and Google's own library neither. */
static void test_a_tag_or_length_of_more_than_five_bytes_is_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t length;
        bool well;
    } table[] = {
        { "\xd2\x80\x80\x80\x00\x00", 6, true },          /* field 10, in five bytes */
        { "\xd2\x80\x80\x80\x80\x00\x00", 7, false },     /* in six */
        { "\x52\x80\x80\x80\x80\x00", 6, true },          /* a length of 0 in five bytes */
        { "\x52\x80\x80\x80\x80\x80\x00", 7, false },     /* in six */
        { "\xfa\x07\x80\x80\x80\x80\x80\x00", 8, false }, /* of an unknown field */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        Oneshot__V1__Request *request =
            oneshot__v1__request__unpack(NULL, table[i].length, (const uint8_t *)table[i].bytes);

        assert_int_equal(request != NULL, table[i].well);
        if (request != NULL)
            oneshot__v1__request__free_unpacked(request, NULL);
        if (check_request((const uint8_t *)table[i].bytes, table[i].length) != table[i].well)
            fail_msg("row %zu: passes the check, but cannot be unpacked", i);
        err = (struct err){ .code = GRPC_OK };
    }
}

/* --- depth and unknown fields --- */

/* No message of the CRI holds itself, so that its own depth is the most there is; a descriptor of
 * our own does. */
static const ProtobufCFieldDescriptor self_fields[1];
static const unsigned self_index[] = { 0 };
static const ProtobufCIntRange self_ranges[] = { { 1, 0 }, { 0, 1 } };
static const ProtobufCMessageDescriptor self_descriptor = {
    .magic = PROTOBUF_C__MESSAGE_DESCRIPTOR_MAGIC,
    .name = "Self",
    .short_name = "Self",
    .c_name = "Self",
    .package_name = "",
    .n_fields = 1,
    .fields = self_fields,
    .fields_sorted_by_name = self_index,
    .n_field_ranges = 1,
    .field_ranges = self_ranges,
};
static const ProtobufCFieldDescriptor self_fields[1] = { {
    .name = "self",
    .id = 1,
    .label = PROTOBUF_C_LABEL_NONE,
    .type = PROTOBUF_C_TYPE_MESSAGE,
    .descriptor = &self_descriptor,
} };

/* Messages in messages: lengths from the innermost, of at most 127 bytes each. */
static bool check_depth(unsigned depth)
{
    uint8_t bytes[2 * 60];

    assert_true(depth <= 60);
    for (unsigned i = 0; i < depth; i++) {
        bytes[2 * i] = 0x0a;
        bytes[2 * i + 1] = (uint8_t)(2 * (depth - i - 1));
    }
    return check(&self_descriptor, bytes, (size_t)2 * depth);
}

static void test_messages_nest_as_deep_as_the_limit_and_no_deeper(void **state)
{
    (void)state;
    assert_true(check_depth(1));
    assert_true(check_depth(WIRE_DEPTH));
    assert_false(check_depth(WIRE_DEPTH + 1));
    expect_error(GRPC_INVALID_ARGUMENT, "self.self: is nested too deeply");
    assert_false(check_depth(60));
}

static void test_unknown_fields_are_noted_by_their_paths(void **state)
{
    (void)state;
    assert_true(check_request(BYTES("\xf8\x07\x01"               /* 127: a varint */
                                    "\x52\x04\x10\x01\x1a\x00"   /* version: 2 and 3 */
                                    "\xfa\x07\x02\x00\xff"       /* bytes */
                                    "\xfd\x07\x01\x02\x03\x04")) /* 32 bits */
    );
    assert_int_equal(unknown.count, 5);
    assert_string_equal(unknown.words[0], "#127");
    assert_string_equal(unknown.words[1], "version.#2");
    assert_string_equal(unknown.words[2], "version.#3");
    assert_string_equal(unknown.words[4], "#127");
}

static void test_no_more_unknown_fields_are_noted_than_the_cap(void **state)
{
    uint8_t bytes[3000];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i += 3)
        memcpy(bytes + i, "\xf8\x07\x01", 3);
    assert_true(check_request(bytes, sizeof(bytes)));
    assert_int_equal(unknown.count, WIRE_UNKNOWN);
}

#define WIRE(name) cmocka_unit_test_setup_teardown(name, wire_set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WIRE(test_a_varint_is_read_with_its_length),
        WIRE(test_a_full_request_passes),
        WIRE(test_a_request_cut_off_at_any_byte_is_refused),
        WIRE(test_any_byte_changed_is_passed_or_refused_and_no_more),
        WIRE(test_repeated_numbers_may_be_packed_or_not),
        WIRE(test_bytes_that_are_no_fields_are_refused),
        WIRE(test_groups_and_wire_types_that_do_not_exist_are_refused),
        WIRE(test_another_type_than_the_fields_is_refused),
        WIRE(test_a_nul_or_invalid_utf8_in_a_string_is_refused_by_its_path),
        WIRE(test_bytes_fields_may_hold_anything),
        WIRE(test_an_enum_number_without_a_name_is_refused),
        WIRE(test_a_tag_or_length_of_more_than_five_bytes_is_refused),
        WIRE(test_messages_nest_as_deep_as_the_limit_and_no_deeper),
        WIRE(test_unknown_fields_are_noted_by_their_paths),
        WIRE(test_no_more_unknown_fields_are_noted_than_the_cap),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
