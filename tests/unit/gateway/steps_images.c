/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the compositions of images.
 * It must not know how the translator is run. */
#include "gateway/stepping.h"

static struct bytes image(const char *name)
{
    return nest(1, text(1, name));
}

static void test_a_pulled_image_is_answered_by_its_id(void **state)
{
    struct bytes request = join(image("a:b"), nest(2, text(1, "user")));

    (void)state;
    assert_true(begin("PullImage", request));
    expect_run("PullImage", request);
    assert_true(take(text(1, "docker.io/library/a@sha256:1")));
    expect_run("ImageStatus", image("docker.io/library/a@sha256:1"));
    assert_true(take(image(IMAGE_ID)));
    expect_answer(text(1, IMAGE_ID));
}

static void test_a_pull_that_fails_is_the_rpcs_own_failure(void **state)
{
    (void)state;
    assert_true(begin("PullImage", image("a:b")));
    assert_false(refuse(GRPC_NOT_FOUND, "image \"a:b\": not there"));
    expect_end(GRPC_NOT_FOUND, "image \"a:b\": not there");
    assert_true(begin("PullImage", image("a:b")));
    assert_true(take(text(1, "a@sha256:1")));
    assert_false(refuse(GRPC_UNAVAILABLE, "no docker"));
    expect_end(GRPC_UNAVAILABLE, "ImageStatus: no docker");
}

static void test_an_image_that_went_after_its_pull_is_told(void **state)
{
    (void)state;
    assert_true(begin("PullImage", image("a:b")));
    assert_true(take(text(1, "a@sha256:1")));
    assert_false(take(nothing));
    expect_end(GRPC_NOT_FOUND, "ImageStatus: image \"a@sha256:1\": was pulled, and is gone again");
}

static void test_an_image_id_may_be_long(void **state)
{
    const char *id = arena_printf(&arena, "%03000d", 0);

    (void)state;
    assert_true(begin("PullImage", image("a:b")));
    assert_true(take(text(1, "a@sha256:1")));
    assert_true(take(image(id)));
    expect_answer(text(1, id));
    assert_true(begin("PullImage", image("a:b")));
    assert_true(take(text(1, "a@sha256:1")));
    assert_false(take(image(arena_printf(&arena, "%05000d", 0))));
    expect_end_with(GRPC_RESOURCE_EXHAUSTED, "ImageStatus: ");
}

static void test_an_image_is_removed_by_its_id(void **state)
{
    (void)state;
    assert_true(begin("RemoveImage", image("a:b")));
    expect_run("ImageStatus", image("a:b"));
    assert_true(take(image(IMAGE_ID)));
    expect_last("RemoveImage", image(IMAGE_ID));
}

static const char children[] =
    "conflict: unable to delete 0123 (cannot be forced) - image has dependent child images";

static struct bytes image_with_names(void)
{
    return nest(1, join(join(text(1, IMAGE_ID), join(text(2, "a:b"), text(2, "h:5/a:c"))),
                        text(3, "a@sha256:1")));
}

static void test_an_image_that_others_were_built_from_is_removed_by_its_names(void **state)
{
    (void)state;
    assert_true(begin("RemoveImage", image(IMAGE_ID)));
    assert_true(take(image_with_names()));
    expect_last("RemoveImage", image(IMAGE_ID));
    assert_true(refuse(GRPC_FAILED_PRECONDITION, children));
    expect_run("RemoveImage", image("a:b"));
    assert_true(take(nothing));
    expect_run("RemoveImage", image("h:5/a:c"));
    assert_true(take(nothing));
    expect_run("RemoveImage", image("a@sha256:1"));
    assert_true(take(nothing));
    expect_answer(nothing);
}

static void test_an_image_that_cannot_be_removed_is_told(void **state)
{
    (void)state;
    assert_true(begin("RemoveImage", image("a:b")));
    assert_true(take(image_with_names()));
    assert_false(refuse(GRPC_FAILED_PRECONDITION, "image is being used by running container 01"));
    expect_end(GRPC_FAILED_PRECONDITION, "image is being used by running container 01");
    assert_true(begin("RemoveImage", image("a:b")));
    assert_true(take(image_with_names()));
    assert_true(refuse(GRPC_FAILED_PRECONDITION, children));
    assert_true(take(nothing));
    assert_false(refuse(GRPC_FAILED_PRECONDITION, "must force"));
    expect_end(GRPC_FAILED_PRECONDITION, "RemoveImage of h:5/a:c: must force");
    assert_true(begin("RemoveImage", image("a:b")));
    assert_true(take(image(IMAGE_ID)));
    assert_false(refuse(GRPC_FAILED_PRECONDITION, children));
    expect_end(GRPC_FAILED_PRECONDITION, children);
}

static void test_an_unknown_image_is_removed_already(void **state)
{
    (void)state;
    assert_true(begin("RemoveImage", image("a:b")));
    assert_true(take(nothing));
    expect_answer(nothing);
}

static void test_an_images_status_that_fails_removes_nothing(void **state)
{
    (void)state;
    assert_true(begin("RemoveImage", image("a:b")));
    assert_false(refuse(GRPC_INVALID_ARGUMENT, "image \"a b\": no reference"));
    expect_end(GRPC_INVALID_ARGUMENT, "ImageStatus: image \"a b\": no reference");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEPS(test_a_pulled_image_is_answered_by_its_id),
        STEPS(test_a_pull_that_fails_is_the_rpcs_own_failure),
        STEPS(test_an_image_that_went_after_its_pull_is_told),
        STEPS(test_an_image_id_may_be_long),
        STEPS(test_an_image_is_removed_by_its_id),
        STEPS(test_an_image_that_others_were_built_from_is_removed_by_its_names),
        STEPS(test_an_image_that_cannot_be_removed_is_told),
        STEPS(test_an_unknown_image_is_removed_already),
        STEPS(test_an_images_status_that_fails_removes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
