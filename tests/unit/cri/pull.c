/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what is made of docker pull's output where it is not what docker prints.
 * It must not know how a command is run. */
#include "test.h"

#include "base/cri.h"
#include "cri/image.h"

#define DIGEST "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static CRI(PullImageResponse) response;

static bool parse(const char *output)
{
    const struct call call = { .arena = &arena };
    const struct docker_result result = { .stdout_text = output,
                                          .stdout_length = strlen(output),
                                          .stderr_text = "" };

    response = (CRI(PullImageResponse))CRI_INIT(PULL_IMAGE_RESPONSE);
    return parse_pull_image(&call, &result, &response.base, &err);
}

static void test_the_reference_is_the_last_lines_repository_by_its_digest(void **state)
{
    (void)state;
    assert_true(parse("1: Pulling from a\nDigest: " DIGEST
                      "\nStatus: Image is up to date for h:5/a:1\n"
                      "h:5/a:1\n"));
    assert_string_equal(response.image_ref, "h:5/a@" DIGEST);
}

static void test_output_without_a_digest_or_a_reference_is_an_internal_error(void **state)
{
    static const char *const no[] = { "", "h:5/a:1\n", "Digest: sha256:0\nh:5/a:1\n",
                                      "Digest: " DIGEST "\n",
                                      "Digest: " DIGEST "\nStatus: up to date for h:5/a:1\n" };

    (void)state;
    for (size_t i = 0; i < COUNT(no); i++) {
        assert_false(parse(no[i]));
        expect_error(GRPC_INTERNAL, "docker pull: printed no digest");
    }
}

/* A client's protobuf library would refuse the whole answer. */
static void test_a_reference_that_is_not_utf8_is_an_internal_error(void **state)
{
    (void)state;
    assert_false(parse("Digest: " DIGEST "\nh:5/a\xff\n"));
    expect_error(GRPC_INTERNAL, "docker pull: ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_the_reference_is_the_last_lines_repository_by_its_digest),
        TEST(test_output_without_a_digest_or_a_reference_is_an_internal_error),
        TEST(test_a_reference_that_is_not_utf8_is_an_internal_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
