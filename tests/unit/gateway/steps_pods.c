/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the compositions of pods: their containers at once, sandboxes that do not run or
 * are gone, and containers that are not the CRI's.
 * It must not know how the translator is run. */

#include "gateway/stepping.h"

static void test_a_container_is_created_in_the_whole_sandbox(void **state)
{
    struct bytes request = join(text(1, SHORT), nest(2, nest(1, text(1, "app"))));

    (void)state;
    assert_true(begin("CreateContainer", request));
    expect_run("PodSandboxStatus", text(1, SHORT));
    assert_true(take(sandbox_status(SANDBOX)));
    expect_last("CreateContainer", join(request, text(1, SANDBOX)));
    assert_string_equal(steps_attempt(&steps, &task), ATTEMPT);
    pass_on();
}

static void test_no_container_is_created_in_a_sandbox_that_does_not_run(void **state)
{
    (void)state;
    assert_true(begin("CreateContainer", text(1, SHORT)));
    assert_false(take(sandbox_status_in(SANDBOX, 1)));
    expect_end(GRPC_FAILED_PRECONDITION, "PodSandboxStatus: sandbox " SANDBOX
                                         " is SANDBOX_NOTREADY: no container would start in it");
}

static void test_a_container_that_has_ended_is_not_started_again(void **state)
{
    (void)state;
    for (unsigned in = 0; in < 4; in++) {
        assert_true(begin("StartContainer", text(1, SHORT)));
        if (in != 2) {
            assert_true(take(container_status_in(CONTAINER, in)));
            expect_last("StartContainer", join(text(1, SHORT), text(1, CONTAINER)));
            continue;
        }
        assert_false(take(container_status_in(CONTAINER, in)));
        expect_end_with(GRPC_FAILED_PRECONDITION,
                        "ContainerStatus: container " CONTAINER " is CONTAINER_EXITED");
    }
}

static void begin_pod(const char *name, const char *id, bool running)
{
    assert_true(begin(name, text(1, id)));
    expect_run("PodSandboxStatus", text(1, id));
    assert_true(take(sandbox_status(SANDBOX)));
    expect_run("ListContainers", members_of(SANDBOX, running));
}

/* One member's status, and what is done to it then. */
static void expect_done(const char *name, const char *id)
{
    expect_run("ContainerStatus", text(1, id));
    assert_true(take(container_status(id, "")));
    if (strcmp(name, "RemoveContainer") == 0)
        assert_true(act());
    expect_run(name, text(1, id));
    assert_true(take(nothing));
}

static void test_a_pods_running_containers_are_stopped_before_it(void **state)
{
    (void)state;
    begin_pod("StopPodSandbox", SHORT, true);
    assert_true(take(members()));
    expect_done("StopContainer", MEMBER_1);
    expect_done("StopContainer", MEMBER_2);
    expect_last("StopPodSandbox", join(text(1, SHORT), text(1, SANDBOX)));
    pass_on();
    expect_answer(nothing);
}

static void test_a_pods_containers_are_removed_before_it(void **state)
{
    (void)state;
    begin_pod("RemovePodSandbox", SHORT, false);
    assert_true(take(members()));
    expect_done("RemoveContainer", MEMBER_1);
    expect_done("RemoveContainer", MEMBER_2);
    expect_last("RemovePodSandbox", join(text(1, SHORT), text(1, SANDBOX)));
}

/* A slow one holds up nobody but the sandbox. */
static void test_a_pods_containers_are_stopped_all_at_once(void **state)
{
    struct task one;
    struct task two;
    struct task none;

    (void)state;
    begin_pod("StopPodSandbox", SHORT, true);
    assert_true(take(members()));
    assert_true(steps_next(&steps, &one) && steps_next(&steps, &two));
    assert_false(steps_next(&steps, &none));
    expect_message(&one, text(1, MEMBER_1));
    expect_message(&two, text(1, MEMBER_2));
    struct bytes status = container_status(MEMBER_2, "");
    steps_take(&steps, &two, status.data, status.length);
    assert_true(steps_next(&steps, &two));
    assert_string_equal(steps_method(&steps, &two)->name, "StopContainer");
    expect_message(&two, text(1, MEMBER_2));
    steps_take(&steps, &two, NULL, 0);
    assert_false(steps_next(&steps, &none));
    status = container_status(MEMBER_1, "");
    steps_take(&steps, &one, status.data, status.length);
    assert_true(steps_next(&steps, &one));
    assert_false(steps_next(&steps, &none));
    steps_take(&steps, &one, NULL, 0);
    expect_last("StopPodSandbox", join(text(1, SHORT), text(1, SANDBOX)));
}

/* The others are not left in their middle; the first failure is the RPC's. */
static void test_after_a_failure_what_was_begun_is_finished_and_no_more_begun(void **state)
{
    struct err slow = { .code = GRPC_UNKNOWN, .text = "slow" };
    struct err late = { .code = GRPC_INTERNAL, .text = "late" };
    struct bytes status = container_status(MEMBER_2, "");
    struct task one;
    struct task two;

    (void)state;
    for (int how = 0; how < 2; how++) {
        begin_pod("RemovePodSandbox", SANDBOX, false);
        assert_true(take(members()));
        assert_true(steps_next(&steps, &one) && steps_next(&steps, &two));
        steps_failed(&steps, &one, true, &slow);
        assert_false(steps.over);
        if (how == 0)
            steps_take(&steps, &two, status.data, status.length);
        else
            steps_failed(&steps, &two, true, &late);
        assert_false(steps_next(&steps, &one));
        expect_end(GRPC_UNKNOWN, "ContainerStatus of " MEMBER_1 ": slow");
    }
}

static void test_an_empty_pod_has_nothing_to_do_before_it(void **state)
{
    static const char *const names[] = { "StopPodSandbox", "RemovePodSandbox" };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        begin_pod(names[i], SANDBOX, i == 0);
        assert_true(take(nothing));
        expect_last(names[i], join(text(1, SANDBOX), text(1, SANDBOX)));
    }
}

static void test_a_container_that_went_meanwhile_is_passed_over(void **state)
{
    static const char *const ids[] = { MEMBER_1, MEMBER_2 };

    (void)state;
    for (unsigned gone = 0; gone < 4; gone++) {
        begin_pod("RemovePodSandbox", SANDBOX, false);
        assert_true(take(members()));
        for (unsigned i = 0; i < 2; i++) {
            if ((gone >> i & 1) == 0) {
                expect_done("RemoveContainer", ids[i]);
                continue;
            }
            expect_run("ContainerStatus", text(1, ids[i]));
            assert_true(refuse(GRPC_NOT_FOUND, "nothing has the id"));
        }
        expect_last("RemovePodSandbox", join(text(1, SANDBOX), text(1, SANDBOX)));
    }
}

/* It is listed, because its image has labels as ours. */
static void test_a_persons_container_in_the_list_is_not_touched(void **state)
{
    static const char *const names[] = { "StopPodSandbox", "RemovePodSandbox" };

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        begin_pod(names[i], SANDBOX, i == 0);
        assert_true(take(member(MEMBER_1, SANDBOX)));
        expect_run("ContainerStatus", text(1, MEMBER_1));
        assert_true(refuse(GRPC_NOT_FOUND, "what has the id \"1\" is not a container of the CRI"));
        expect_last(names[i], join(text(1, SANDBOX), text(1, SANDBOX)));
    }
}

static void test_the_containers_of_a_sandbox_that_is_gone_are_not(void **state)
{
    static const char *const ids[] = { SANDBOX, SHORT };

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        assert_true(begin("StopPodSandbox", text(1, ids[i])));
        assert_true(refuse(GRPC_NOT_FOUND, "nothing has the id"));
        expect_run("ListContainers", members_of(ids[i], true));
        assert_true(take(members()));
        expect_done("StopContainer", MEMBER_1);
        expect_done("StopContainer", MEMBER_2);
        expect_answer(nothing);
        assert_true(begin("RemovePodSandbox", text(1, ids[i])));
        assert_true(refuse(GRPC_NOT_FOUND, "nothing has the id"));
        expect_run("ListContainers", members_of(ids[i], false));
        assert_true(take(nothing));
        expect_answer(nothing);
    }
}

static void test_a_short_id_of_a_sandbox_that_is_gone_may_be_two(void **state)
{
    struct bytes list = join(member(MEMBER_1, SANDBOX), member(MEMBER_2, SHORT "fed" DIGITS_48));

    (void)state;
    assert_true(begin("RemovePodSandbox", text(1, SHORT)));
    assert_true(refuse(GRPC_NOT_FOUND, "nothing has the id"));
    assert_false(take(list));
    expect_end_with(GRPC_INVALID_ARGUMENT, "ListContainers: ");
}

static void test_an_id_that_cannot_be_one_has_no_containers(void **state)
{
    static const char *const ids[] = { "", "--help", "5123", "ABCDEFABCDEFA" };

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        assert_true(begin("RemovePodSandbox", text(1, ids[i])));
        assert_true(refuse(GRPC_NOT_FOUND, "is not an id"));
        expect_answer(nothing);
    }
}

static void test_a_failure_at_a_container_is_told_with_its_id(void **state)
{
    (void)state;
    begin_pod("StopPodSandbox", SANDBOX, true);
    assert_true(take(members()));
    expect_done("StopContainer", MEMBER_1);
    assert_true(take(container_status(MEMBER_2, "")));
    assert_false(refuse(GRPC_UNAVAILABLE, "no docker"));
    expect_end(GRPC_UNAVAILABLE, "StopContainer of " MEMBER_2 ": no docker");
    begin_pod("RemovePodSandbox", SANDBOX, false);
    assert_false(refuse(GRPC_NOT_FOUND, "no list"));
    expect_end(GRPC_NOT_FOUND, "ListContainers: no list");
}

/* A filter by the pod's id matches prefixes, and is not the only thing to trust. */
static void test_containers_of_other_pods_are_not_touched(void **state)
{
    struct bytes list = join(member(MEMBER_1, CONTAINER), member(MEMBER_2, SHORT));

    (void)state;
    list = join(list, join(nest(1, text(1, CONTAINER)), member(CONTAINER, SANDBOX)));
    begin_pod("StopPodSandbox", SANDBOX, true);
    assert_true(take(list));
    expect_done("StopContainer", CONTAINER);
    expect_last("StopPodSandbox", join(text(1, SANDBOX), text(1, SANDBOX)));
}

static void test_a_list_with_an_id_that_is_none_is_no_answer(void **state)
{
    (void)state;
    begin_pod("StopPodSandbox", SANDBOX, true);
    assert_false(take(join(member(MEMBER_1, SANDBOX), member("--all", SANDBOX))));
    expect_end(GRPC_INTERNAL, "ListContainers: the translator's answer has no id");
}

static void test_a_pod_may_have_thousands_of_containers(void **state)
{
    enum { MANY = 5000 };
    uint8_t *list = arena_alloc(&arena, (size_t)MANY * 256);
    size_t length = 0;

    (void)state;
    for (unsigned i = 0; i < MANY; i++) {
        struct bytes one = member(arena_printf(&arena, "%064x", i), SANDBOX);

        memcpy(list + length, one.data, one.length);
        length += one.length;
    }
    begin_pod("StopPodSandbox", SANDBOX, true);
    assert_true(take((struct bytes){ list, length }));
    for (unsigned i = 0; i < MANY; i++)
        expect_done("StopContainer", arena_printf(&arena, "%064x", i));
    expect_last("StopPodSandbox", join(text(1, SANDBOX), text(1, SANDBOX)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEPS(test_a_container_is_created_in_the_whole_sandbox),
        STEPS(test_no_container_is_created_in_a_sandbox_that_does_not_run),
        STEPS(test_a_container_that_has_ended_is_not_started_again),
        STEPS(test_a_pods_running_containers_are_stopped_before_it),
        STEPS(test_a_pods_containers_are_removed_before_it),
        STEPS(test_a_pods_containers_are_stopped_all_at_once),
        STEPS(test_after_a_failure_what_was_begun_is_finished_and_no_more_begun),
        STEPS(test_an_empty_pod_has_nothing_to_do_before_it),
        STEPS(test_a_container_that_went_meanwhile_is_passed_over),
        STEPS(test_a_persons_container_in_the_list_is_not_touched),
        STEPS(test_the_containers_of_a_sandbox_that_is_gone_are_not),
        STEPS(test_a_short_id_of_a_sandbox_that_is_gone_may_be_two),
        STEPS(test_an_id_that_cannot_be_one_has_no_containers),
        STEPS(test_a_failure_at_a_container_is_told_with_its_id),
        STEPS(test_containers_of_other_pods_are_not_touched),
        STEPS(test_a_list_with_an_id_that_is_none_is_no_answer),
        STEPS(test_a_pod_may_have_thousands_of_containers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
