/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what is read of a request's headers, and what is wrong with them.
 * It must not know HTTP/2's frames. */
#include "test.h"

#include "gateway/headers.h"

#define VERSION "/runtime.v1.RuntimeService/Version"

struct pair {
    const char *name;
    const char *value;
};

static struct headers headers;
static const char *status;

static const struct pair usual[] = {
    { ":method", "POST" },
    { ":scheme", "http" },
    { ":path", VERSION },
    { ":authority", "localhost" },
    { "content-type", "application/grpc" },
    { "te", "trailers" },
};

static void take(const char *name, const char *value)
{
    headers_take(&headers, name, strlen(name), value, strlen(value), &err);
}

/* The usual ones, but for the one of this name, which is left out, or has another value. */
static void begin(const char *name, const char *value)
{
    headers = (struct headers){ .bytes = 0 };
    err = (struct err){ .code = GRPC_OK };
    for (size_t i = 0; i < COUNT(usual); i++) {
        bool meant = name != NULL && strcmp(usual[i].name, name) == 0;

        if (!meant || value != NULL)
            take(usual[i].name, meant ? value : usual[i].value);
    }
}

static void end(void)
{
    status = headers_end(&headers, &err);
}

static void expect_end(const char *http, enum grpc_code code, const char *text)
{
    end();
    assert_string_equal(status, http);
    expect_error(code, text);
}

static void expect_well(void)
{
    end();
    assert_string_equal(status, "200");
    assert_int_equal(err.code, GRPC_OK);
    assert_string_equal(headers.method->name, "Version");
}

static void expect_malformed(const char *text)
{
    expect_end("400", GRPC_INTERNAL, text);
}

static void test_the_usual_headers_are_well(void **state)
{
    (void)state;
    begin(NULL, NULL);
    expect_well();
    assert_false(headers.has_timeout);
}

static void test_others_are_passed_over(void **state)
{
    static const struct pair others[] = { { "a", "" },
                                          { "a", "twice" },
                                          { "user-agent", "grpc-go/1.59.0" },
                                          { "grpc-accept-encoding", "gzip" },
                                          { "grpc-encoding", "identity" },
                                          { "content-length", "5" },
                                          { "!#$%&'*+-.^_`|~09az", "a" },
                                          { "b", " \t\x01\x7f\xff blanks " } };

    (void)state;
    begin(NULL, NULL);
    for (size_t i = 0; i < COUNT(others); i++)
        take(others[i].name, others[i].value);
    expect_well();
}

/* grpc-go's clients may send the path of the socket, and others none. */
static void test_any_authority_is_well(void **state)
{
    (void)state;
    begin(":authority", NULL);
    expect_well();
    begin(":authority", "/run/cri.sock");
    expect_well();
    begin(":authority", "%2Frun%2Fcri.sock");
    expect_well();
    begin(":authority", "");
    expect_well();
}

static void test_a_timeout_is_read(void **state)
{
    (void)state;
    begin(NULL, NULL);
    take("grpc-timeout", "15S");
    expect_well();
    assert_true(headers.has_timeout);
    assert_int_equal(headers.timeout_ms, 15000);
    begin(NULL, NULL);
    take("grpc-timeout", "0n");
    expect_well();
    assert_true(headers.has_timeout);
    assert_int_equal(headers.timeout_ms, 0);
    begin(NULL, NULL);
    take("grpc-timeout", "soon");
    expect_end("200", GRPC_INTERNAL, "malformed grpc-timeout: \"soon\"");
    assert_false(headers.has_timeout);
}

static void test_what_is_no_grpc_has_https_status(void **state)
{
    (void)state;
    begin(":method", "GET");
    expect_end("405", GRPC_INTERNAL, "POST of application/grpc");
    begin("content-type", "text/html");
    expect_end("415", GRPC_INTERNAL, "POST of application/grpc");
    begin("content-type", NULL);
    expect_end("415", GRPC_INTERNAL, "POST of application/grpc");
    begin(":path", "/a/b");
    expect_end("200", GRPC_UNIMPLEMENTED, "unknown service a");
    begin(NULL, NULL);
    take("grpc-encoding", "gzip");
    expect_end("200", GRPC_UNIMPLEMENTED, "grpc-encoding \"gzip\" is not supported");
}

static void test_a_header_that_is_needed_must_be_there(void **state)
{
    static const char *const needed[] = { ":method", ":scheme", ":path" };

    (void)state;
    for (size_t i = 0; i < COUNT(needed); i++) {
        begin(needed[i], NULL);
        expect_malformed(arena_printf(&arena, "malformed request: there is no \"%s\"", needed[i]));
    }
    begin(":path", "");
    expect_malformed("malformed request: an empty \":path\"");
    headers = (struct headers){ .bytes = 0 };
    expect_malformed("malformed request: there is no \":method\"");
}

static void test_a_header_that_is_read_may_be_there_once(void **state)
{
    static const struct pair twice[] = {
        { "content-type", "application/grpc" },
        { "te", "trailers" },
        { "grpc-timeout", "1S" },
        { "grpc-encoding", "identity" },
    };
    static const char *const pseudo[] = { ":method", ":scheme", ":path", ":authority" };

    (void)state;
    for (size_t i = 0; i < COUNT(twice); i++) {
        begin(twice[i].name, NULL);
        take(twice[i].name, twice[i].value);
        take(twice[i].name, twice[i].value);
        expect_malformed(arena_printf(&arena, "more than one \"%s\"", twice[i].name));
    }
    for (size_t i = 0; i < COUNT(pseudo); i++) {
        headers = (struct headers){ .bytes = 0 };
        take(pseudo[i], "POST");
        take(pseudo[i], "POST");
        expect_malformed(arena_printf(&arena, "more than one \"%s\"", pseudo[i]));
    }
}

static void test_pseudo_headers_come_first_and_are_those_of_requests(void **state)
{
    (void)state;
    begin(":path", NULL);
    take(":path", VERSION);
    expect_malformed("after other headers: \":path\"");
    begin(":path", NULL);
    take(":status", "200");
    expect_malformed("malformed request: ");
    headers = (struct headers){ .bytes = 0 };
    take(":protocol", "grpc");
    expect_malformed("no header of a request: \":protocol\"");
}

static void test_https_version_1_is_not_spoken(void **state)
{
    static const char *const names[] = { "connection", "keep-alive", "proxy-connection",
                                         "transfer-encoding", "upgrade" };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        begin(NULL, NULL);
        take(names[i], "");
        expect_malformed("a header of \"HTTP/1\"");
    }
    begin("te", "gzip, trailers");
    expect_malformed("te is \"gzip, trailers\"");
}

static void test_names_are_lower_case_words(void **state)
{
    static const char *const names[] = { "",   ":",   "::a", "A",     "te ",      " te", "a b",
                                         "a:", "a\n", "\t",  "a\x7f", "\xc3\xa9", "(a)", "a=b" };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        begin(NULL, NULL);
        take(names[i], "a");
        expect_malformed("malformed request: no name of a header: ");
    }
    begin(NULL, NULL);
    headers_take(&headers, "a\0b", 3, "c", 1, &err);
    expect_malformed("malformed request: no name of a header: \"a\"");
}

/* What is after a NUL would not be seen by us, and might be by others. */
static void test_values_are_one_line_without_a_nul(void **state)
{
    (void)state;
    begin(NULL, NULL);
    headers_take(&headers, "a", 1, "b\0c", 3, &err);
    expect_malformed("a NUL or the end of a line in \"a\"");
    begin(":path", NULL);
    headers_take(&headers, "a", 1, "\0", 1, &err);
    expect_malformed("a NUL or the end of a line in \"a\"");
    begin(NULL, NULL);
    take("a", "b\r");
    expect_malformed("a NUL or the end of a line in \"a\"");
    begin(NULL, NULL);
    take("a", "b\nc");
    expect_malformed("a NUL or the end of a line in \"a\"");
}

static void test_the_first_thing_that_is_malformed_is_told(void **state)
{
    (void)state;
    begin(":path", "/nothing/here");
    assert_int_equal(err.code, GRPC_UNIMPLEMENTED);
    take("A", "a");
    take("te", "trailers");
    expect_malformed("no name of a header: \"A\"");
}

static void test_so_many_bytes_are_taken_and_not_one_more(void **state)
{
    const char *value = NULL;
    size_t left = 0;

    (void)state;
    begin(NULL, NULL);
    left = HEADERS_BYTES - headers.bytes;
    value = arena_printf(&arena, "%0*d", (int)left - 1, 0);
    take("a", value);
    assert_int_equal(headers.bytes, HEADERS_BYTES);
    expect_well();
    begin(NULL, NULL);
    take("a", value);
    take("b", "");
    expect_end("200", GRPC_RESOURCE_EXHAUSTED, "the headers are longer than 16384 bytes");
}

/* What comes after too many bytes is not looked at, and not missed. */
static void test_too_many_bytes_override_what_else_is_wrong(void **state)
{
    const char *much = arena_printf(&arena, "%020000d", 0);

    (void)state;
    headers = (struct headers){ .bytes = 0 };
    take("A", "");
    take(":path", much);
    take(":path", VERSION);
    take("A", "");
    expect_end("200", GRPC_RESOURCE_EXHAUSTED, "the headers are longer than 16384 bytes");
    assert_null(headers.method);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_usual_headers_are_well),
        TEST(test_others_are_passed_over),
        TEST(test_any_authority_is_well),
        TEST(test_a_timeout_is_read),
        TEST(test_what_is_no_grpc_has_https_status),
        TEST(test_a_header_that_is_needed_must_be_there),
        TEST(test_a_header_that_is_read_may_be_there_once),
        TEST(test_pseudo_headers_come_first_and_are_those_of_requests),
        TEST(test_https_version_1_is_not_spoken),
        TEST(test_names_are_lower_case_words),
        TEST(test_values_are_one_line_without_a_nul),
        TEST(test_the_first_thing_that_is_malformed_is_told),
        TEST(test_so_many_bytes_are_taken_and_not_one_more),
        TEST(test_too_many_bytes_override_what_else_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
