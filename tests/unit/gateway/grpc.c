/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests gRPC's words over HTTP/2: paths, content types, timeouts, prefixes, messages.
 * It must not know HTTP/2's frames. */
#include "test.h"

#include "base/cri.h"
#include "base/utf8.h"
#include "gateway/grpc.h"

#define RUNTIME "/runtime.v1.RuntimeService/"
#define IMAGE   "/runtime.v1.ImageService/"

static const ProtobufCServiceDescriptor *const services[] = {
    &runtime__v1__runtime_service__descriptor,
    &runtime__v1__image_service__descriptor,
};

/* --- paths --- */

static void expect_no_route(const char *path, const char *text)
{
    assert_null(grpc_route(path, &err));
    assert_string_equal(err.text, text);
    expect_error(GRPC_UNIMPLEMENTED, "");
}

static void test_every_rpc_has_its_route(void **state)
{
    size_t routes = 0;

    (void)state;
    for (size_t s = 0; s < COUNT(services); s++)
        for (unsigned i = 0; i < services[s]->n_methods; i++, routes++) {
            const char *name = services[s]->methods[i].name;
            const char *path = arena_printf(&arena, "/%s/%s", services[s]->name, name);

            assert_ptr_equal(grpc_route(path, &err), &methods[routes]);
            assert_string_equal(methods[routes].name, name);
            assert_int_equal(err.code, GRPC_OK);
        }
    assert_int_equal(routes, method_count);
}

static void test_an_rpc_of_the_other_service_is_unknown(void **state)
{
    (void)state;
    for (size_t s = 0; s < COUNT(services); s++)
        for (unsigned i = 0; i < services[s]->n_methods; i++) {
            const char *service = services[1 - s]->name;
            const char *name = services[s]->methods[i].name;

            expect_no_route(
                arena_printf(&arena, "/%s/%s", service, name),
                arena_printf(&arena, "unknown method %s for service %s", name, service));
        }
}

static void test_an_unknown_method_or_service_is_named(void **state)
{
    (void)state;
    expect_no_route(RUNTIME "Nothing",
                    "unknown method Nothing for service runtime.v1.RuntimeService");
    expect_no_route(IMAGE "pullImage",
                    "unknown method pullImage for service runtime.v1.ImageService");
    expect_no_route(RUNTIME, "unknown method  for service runtime.v1.RuntimeService");
    expect_no_route(RUNTIME "Version/",
                    "unknown method Version/ for service runtime.v1.RuntimeService");
    expect_no_route(RUNTIME "Version?a",
                    "unknown method Version?a for service runtime.v1.RuntimeService");
    expect_no_route("/runtime.v1alpha2.RuntimeService/Version",
                    "unknown service runtime.v1alpha2.RuntimeService");
    expect_no_route("/runtime.v1.RuntimeServic/Version",
                    "unknown service runtime.v1.RuntimeServic");
    expect_no_route("/RuntimeService/Version", "unknown service RuntimeService");
    expect_no_route("//Version", "unknown service ");
    expect_no_route("/grpc.health.v1.Health/Check", "unknown service grpc.health.v1.Health");
}

static void test_a_malformed_path_is_told(void **state)
{
    static const char *const paths[] = {
        "", "/", "*", "Version", "/Version", "runtime.v1.RuntimeService/Version"
    };

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++)
        expect_no_route(paths[i], arena_printf(&arena, "malformed method name: \"%s\"", paths[i]));
}

static void test_a_path_of_any_bytes_is_unknown_and_no_more(void **state)
{
    char path[] = RUNTIME "Version";
    const size_t length = sizeof(path) - 1;

    (void)state;
    for (size_t at = 0; at < length; at++)
        for (unsigned byte = 1; byte < 256; byte++) {
            char kept = path[at];

            path[at] = (char)byte;
            if ((char)byte != kept)
                assert_null(grpc_route(path, &err));
            assert_int_equal(err.code, (char)byte == kept ? GRPC_OK : GRPC_UNIMPLEMENTED);
            assert_true(utf8_valid(err.text, strlen(err.text)));
            err = (struct err){ .code = GRPC_OK };
            path[at] = kept;
        }
}

static void test_a_path_may_be_of_any_length(void **state)
{
    const char *service = arena_printf(&arena, "/%0100000d/Version", 0);
    const char *method = arena_printf(&arena, RUNTIME "%0100000d", 0);

    (void)state;
    assert_null(grpc_route(service, &err));
    expect_error(GRPC_UNIMPLEMENTED, "unknown service 000");
    assert_null(grpc_route(method, &err));
    expect_error(GRPC_UNIMPLEMENTED, "unknown method 000");
}

/* --- content types --- */

static void test_only_grpcs_content_types_are_grpc(void **state)
{
    static const struct {
        const char *text;
        bool well;
    } table[] = {
        { "application/grpc", true },
        { "application/grpc+proto", true },
        { "application/grpc;charset=utf-8", true },
        { "application/grpc; a=b", true },
        { "application/grpc+proto;a=b", true },
        { "", false },
        { "application/grp", false },
        { "application/grpc+json", false },
        { "application/grpc+protobuf", false },
        { "application/grpc-web", false },
        { "application/grpc-web+proto", false },
        { "application/grpcx", false },
        { "application/json", false },
        { " application/grpc", false },
        { "text/html", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        if (grpc_content_type(table[i].text) != table[i].well)
            fail_msg("\"%s\"", table[i].text);
}

/* --- timeouts --- */

static void test_a_timeout_is_read_in_every_unit(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } table[] = {
        { "1H", 3600000 },
        { "1M", 60000 },
        { "1S", 1000 },
        { "1m", 1 },
        { "1u", 1 }, /* a fraction counts as a whole: it must not become none */
        { "1n", 1 },
        { "1000u", 1 },
        { "1001u", 2 },
        { "1000000n", 1 },
        { "1000001n", 2 },
        { "0n", 0 },
        { "0S", 0 },
        { "00000001S", 1000 },
        { "99999999H", 359999996400000 },
        { "99999999M", 5999999940000 },
        { "99999999S", 99999999000 },
        { "99999999m", 99999999 },
        { "99999999u", 100000 },
        { "99999999n", 100 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t ms = -1;

        if (!grpc_timeout(table[i].text, &ms) || ms != table[i].ms)
            fail_msg("\"%s\" is read as %lld", table[i].text, (long long)ms);
    }
}

static void test_what_is_no_timeout_is_refused(void **state)
{
    static const char *const texts[] = {
        "",          "S",    "1",     "1s",   "1h",   "1 S",  " 1S",        "1S ",
        "1SS",       "-1S",  "+1S",   "1.5S", "0x1S", "1e3S", "1us",        "1ms",
        "1ns",       "\xff", "1\xff", "inf",  "1\tS", "S1",   "100000000S", "18446744073709551616n",
        "000000001S"
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        int64_t ms = 0;

        if (grpc_timeout(texts[i], &ms))
            fail_msg("\"%s\" is read as %lld", texts[i], (long long)ms);
    }
}

/* --- prefixes --- */

static void test_a_prefix_is_five_bytes_with_the_length_big_end_first(void **state)
{
    static const struct {
        size_t length;
        const char *bytes;
    } table[] = { { 0, "\0\0\0\0\0" },
                  { 1, "\0\0\0\0\1" },
                  { 0x01020304, "\0\1\2\3\4" },
                  { UINT32_MAX, "\0\xff\xff\xff\xff" } };
    struct buf buf;

    (void)state;
    buf_init(&buf, 4 * GRPC_PREFIX);
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_true(grpc_put_prefix(&buf, table[i].length));
        assert_memory_equal(buf.data + i * GRPC_PREFIX, table[i].bytes, GRPC_PREFIX);
    }
    assert_int_equal(buf.length, 4 * GRPC_PREFIX);
    assert_false(grpc_put_prefix(&buf, 1));
    buf_release(&buf);
}

/* --- messages --- */

static void expect_encoded(const char *text, const char *wanted)
{
    char encoded[512];

    assert_int_equal(grpc_encode_message(text, encoded, sizeof(encoded)), strlen(wanted));
    assert_string_equal(encoded, wanted);
}

static void test_a_message_is_percent_encoded(void **state)
{
    (void)state;
    expect_encoded("", "");
    expect_encoded("no such container: \"a\" ~!", "no such container: \"a\" ~!");
    expect_encoded("100%", "100%25");
    expect_encoded("%41", "%2541");
    expect_encoded("a\nb\r\tc\x7f\x01", "a%0Ab%0D%09c%7F%01");
    expect_encoded("\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xb3", "%C3%A9%E2%82%AC%F0%9F%90%B3");
}

static unsigned nibble(char digit)
{
    return (unsigned)(digit <= '9' ? digit - '0' : digit - 'A' + 10);
}

/* What a client makes of it. */
static char *decoded(const char *encoded)
{
    char *text = arena_alloc(&arena, strlen(encoded) + 1);
    size_t length = 0;

    for (; *encoded != '\0'; encoded++) {
        if (*encoded != '%') {
            text[length++] = *encoded;
            continue;
        }
        text[length++] = (char)(nibble(encoded[1]) << 4 | nibble(encoded[2]));
        encoded += 2;
    }
    return text;
}

static void test_every_character_comes_back_and_is_printable(void **state)
{
    (void)state;
    for (unsigned byte = 1; byte < 128; byte++) {
        const char text[] = { 'a', (char)byte, 'b', '\0' };
        char encoded[16];
        size_t length = grpc_encode_message(text, encoded, sizeof(encoded));

        for (size_t i = 0; i < length; i++)
            assert_in_range(encoded[i], ' ', '~');
        assert_string_equal(decoded(encoded), text);
    }
}

static void test_a_long_message_is_cut_between_characters(void **state)
{
    static const char text[] = "a\xc3\xa9%\xe2\x82\xac"
                               "b\xf0\x9f\x90\xb3"
                               "c";
    const size_t whole = 1 + 6 + 3 + 9 + 1 + 12 + 1;
    char encoded[64];
    size_t before = 0;

    (void)state;
    for (size_t room = 1; room <= whole + 3; room++) {
        size_t length = 0;
        const char *back = NULL;

        memset(encoded, '#', sizeof(encoded));
        length = grpc_encode_message(text, encoded, room);
        back = decoded(encoded);
        assert_true(length < room && length >= before);
        assert_int_equal(strlen(encoded), length);
        assert_int_equal(encoded[room], '#');
        assert_true(utf8_valid(back, strlen(back)));
        assert_memory_equal(back, text, strlen(back));
        before = length;
    }
    assert_int_equal(before, whole);
}

static void test_garbage_is_encoded_as_it_is(void **state)
{
    char encoded[64];

    (void)state;
    assert_int_equal(grpc_encode_message("\x80\x80\xff", encoded, sizeof(encoded)), 9);
    assert_string_equal(encoded, "%80%80%FF");
    assert_int_equal(grpc_encode_message("\xbf\xbf\xbf\xbf\xbf\xbf\xbf\xbf", encoded, 24), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_every_rpc_has_its_route),
        TEST(test_an_rpc_of_the_other_service_is_unknown),
        TEST(test_an_unknown_method_or_service_is_named),
        TEST(test_a_malformed_path_is_told),
        TEST(test_a_path_of_any_bytes_is_unknown_and_no_more),
        TEST(test_a_path_may_be_of_any_length),
        TEST(test_only_grpcs_content_types_are_grpc),
        TEST(test_a_timeout_is_read_in_every_unit),
        TEST(test_what_is_no_timeout_is_refused),
        TEST(test_a_prefix_is_five_bytes_with_the_length_big_end_first),
        TEST(test_a_message_is_percent_encoded),
        TEST(test_every_character_comes_back_and_is_printable),
        TEST(test_a_long_message_is_cut_between_characters),
        TEST(test_garbage_is_encoded_as_it_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
