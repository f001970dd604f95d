/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the composition of CreateContainer: the sandbox's runtime handler, and the target
 * of a pid namespace.
 * It must not know how the translator is run. */

#include "gateway/stepping.h"

static struct bytes wanting(unsigned mode, const char *target)
{
    struct bytes options = join(varint(2, mode), text(4, target)); /* pid, target_id */

    /* config.linux.security_context.namespace_options */
    return join(text(1, SHORT), nest(2, nest(15, nest(2, nest(3, options)))));
}

static struct bytes target_listed(const char *id, const char *sandbox, unsigned state)
{
    return nest(1, join(join(text(1, id), text(2, sandbox)), varint(6, state)));
}

static void test_the_pods_runtime_handler_goes_to_its_container(void **state)
{
    struct bytes request = text(1, SHORT);

    (void)state;
    assert_true(begin("CreateContainer", request));
    next();
    assert_string_equal(steps_runtime_handler(&steps, &task), "");
    assert_true(take(nest(1, join(text(1, SANDBOX), text(9, "kata")))));
    expect_last("CreateContainer", join(request, text(1, SANDBOX)));
    assert_string_equal(steps_runtime_handler(&steps, &task), "kata");
}

static void test_a_target_is_a_running_container_of_the_pod(void **state)
{
    struct bytes request = wanting(3, CONTAINER);

    (void)state;
    assert_true(begin("CreateContainer", request));
    expect_run("PodSandboxStatus", text(1, SHORT));
    assert_true(take(sandbox_status(SANDBOX)));
    expect_run("ListContainers", nest(1, text(1, CONTAINER)));
    assert_true(take(target_listed(CONTAINER, SANDBOX, 1)));
    expect_last("CreateContainer", join(request, text(1, SANDBOX)));
}

static void test_any_other_target_is_refused(void **state)
{
    const struct bytes lists[] = { nothing, target_listed(CONTAINER, SANDBOX, 2),
                                   target_listed(CONTAINER, MEMBER_1, 1),
                                   target_listed(MEMBER_1, SANDBOX, 1) };

    (void)state;
    for (size_t i = 0; i < COUNT(lists); i++) {
        assert_true(begin("CreateContainer", wanting(3, CONTAINER)));
        assert_true(take(sandbox_status(SANDBOX)));
        assert_false(take(lists[i]));
        expect_end(GRPC_FAILED_PRECONDITION,
                   "ListContainers: namespace_options.target_id \"" CONTAINER
                   "\": is no running container of the pod");
    }
}

/* The translator refuses a target that is no whole id. */
static void test_no_target_is_looked_up_where_none_is_named(void **state)
{
    const struct bytes requests[] = { wanting(0, CONTAINER), wanting(3, SHORT), wanting(3, ""),
                                      join(text(1, SHORT), text(2, "\x08")) };

    (void)state;
    for (size_t i = 0; i < COUNT(requests); i++) {
        assert_true(begin("CreateContainer", requests[i]));
        assert_true(take(sandbox_status(SANDBOX)));
        expect_last("CreateContainer", join(requests[i], text(1, SANDBOX)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEPS(test_the_pods_runtime_handler_goes_to_its_container),
        STEPS(test_a_target_is_a_running_container_of_the_pod),
        STEPS(test_any_other_target_is_refused),
        STEPS(test_no_target_is_looked_up_where_none_is_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
