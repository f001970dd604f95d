/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests what is done when a RunPodSandbox or CreateContainer fails: what it has left is
 * removed, and what has the name that it wanted is told, or removed where it is of no use.
 * It must not know how the translator is run. */

#include "gateway/stepping.h"

#include "base/clock.h"

#define LEFT "sandbox " SANDBOX " was created as k8s_POD_a_b_c_0 and did not start"
#define HELD "the sandbox of pod \"b/a\" (uid \"c\", attempt 0) is there already: " SANDBOX
#define TAKEN                                                                                      \
    "container \"app\" (attempt 0) of pod \"b/a\" (uid \"c\") is there already: " CONTAINER
#define NEVER "0001-01-01T00:00:00Z"

static const struct bytes config = { (const uint8_t *)"\x0a\x00", 2 };

static struct bytes made(unsigned field)
{
    return nest(1, nest(field, join(text(1, "cri-oneshot.v1.attempt"), text(2, ATTEMPT))));
}

static void begin_run(enum grpc_code code, const char *why)
{
    bool going = false;

    assert_true(begin("RunPodSandbox", config));
    expect_last("RunPodSandbox", config);
    assert_string_equal(steps_attempt(&steps, &task), ATTEMPT);
    going = refuse(code, why);
    assert_int_equal(going, !steps.over);
}

static void begin_create(enum grpc_code code, const char *why)
{
    bool going = false;

    assert_true(begin("CreateContainer", text(1, SANDBOX)));
    assert_true(take(sandbox_status(SANDBOX)));
    next();
    assert_string_equal(steps_attempt(&steps, &task), ATTEMPT);
    going = refuse(code, why);
    assert_int_equal(going, !steps.over);
}

static struct bytes listed(const char *id)
{
    return nest(1, text(1, id));
}

static void test_a_sandbox_that_did_not_start_is_removed(void **state)
{
    (void)state;
    begin_run(GRPC_FAILED_PRECONDITION, LEFT "; remove it before the next try: no port");
    assert_true(steps_are_undoing(&steps));
    expect_run("ListPodSandbox", made(3));
    assert_string_equal(steps_attempt(&steps, &task), "");
    assert_true(take(listed(SANDBOX)));
    expect_run("RemovePodSandbox", text(1, SANDBOX));
    steps_take(&steps, &task, NULL, 0);
    expect_end(GRPC_FAILED_PRECONDITION, LEFT ", and was removed again: no port");
}

static void test_a_container_without_its_log_link_is_removed(void **state)
{
    static const char why[] =
        "container " CONTAINER " was created, but has no log link; remove it before the next try: "
        "log path \"/l\": Read-only file system";

    (void)state;
    begin_create(GRPC_FAILED_PRECONDITION, why);
    expect_run("ListContainers", made(4));
    assert_true(take(listed(CONTAINER)));
    expect_run("ContainerStatus", text(1, CONTAINER));
    assert_true(take(container_status(CONTAINER, "")));
    assert_true(act());
    expect_run("RemoveContainer", text(1, CONTAINER));
    steps_take(&steps, &task, NULL, 0);
    expect_end(GRPC_FAILED_PRECONDITION,
               "container " CONTAINER " was created, but has no log link, and was removed again: "
               "log path \"/l\": Read-only file system");
}

/* docker may be making it just then. */
static void test_after_a_cut_it_is_looked_several_times(void **state)
{
    static const enum grpc_code codes[] = { GRPC_DEADLINE_EXCEEDED, GRPC_CANCELLED, GRPC_INTERNAL };

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        begin_run(codes[i], "cut");
        expect_run("ListPodSandbox", made(3));
        assert_true(take(nothing));
        assert_true(steps.pause_ms > 0);
        expect_run("ListPodSandbox", made(3));
        assert_true(take(nothing));
        expect_run("ListPodSandbox", made(3));
        steps_take(&steps, &task, NULL, 0);
        expect_end(codes[i], "cut");
        begin_create(codes[i], "cut");
        expect_run("ListContainers", made(4));
        assert_true(take(nothing));
        assert_true(take(listed(CONTAINER)));
        assert_int_equal(steps.pause_ms, 0);
        expect_run("ContainerStatus", text(1, CONTAINER));
        assert_false(refuse(GRPC_NOT_FOUND, "gone"));
        expect_end(codes[i], "cut");
    }
}

static void test_what_failed_before_anything_was_made_is_not_looked_for(void **state)
{
    static const enum grpc_code codes[] = {
        GRPC_INVALID_ARGUMENT, GRPC_NOT_FOUND, GRPC_FAILED_PRECONDITION,
        GRPC_UNAVAILABLE,      GRPC_UNKNOWN,   GRPC_ALREADY_EXISTS
    };
    struct err late = { .code = GRPC_DEADLINE_EXCEEDED, .text = "late" };

    (void)state;
    for (size_t i = 0; i < COUNT(codes); i++) {
        begin_run(codes[i], "why");
        expect_end(codes[i], "why");
        begin_create(codes[i], "why");
        expect_end(codes[i], "why");
    }
    assert_true(begin("RunPodSandbox", config));
    next();
    steps_failed(&steps, &task, false, &late);
    expect_end(GRPC_DEADLINE_EXCEEDED, "late");
}

static void test_a_removal_that_fails_is_told_and_the_failure_stays_what_it_was(void **state)
{
    (void)state;
    begin_run(GRPC_FAILED_PRECONDITION, LEFT "; remove it before the next try: no port");
    assert_true(take(listed(SANDBOX)));
    assert_false(refuse(GRPC_UNAVAILABLE, "no docker"));
    expect_end(GRPC_FAILED_PRECONDITION,
               LEFT "; remove it before the next try: no port; RemovePodSandbox of " SANDBOX
                    ": no docker");
}

/* ==== a name that is taken ==== */

static struct bytes holder(unsigned state, const char *started, const char *error, int64_t made_at)
{
    const char *info =
        arena_printf(&arena,
                     "{\"pid\":0,\"docker\":{\"State\":{\"Running\":false,\"StartedAt\":\"%s\","
                     "\"Error\":\"%s\",\"ExitCode\":0}}}",
                     started, error);
    struct bytes status = join(text(1, SANDBOX), varint(3, state));

    status = join(status, varint(4, (uint64_t)made_at));
    return join(nest(1, status), nest(2, join(text(1, "info"), text(2, info))));
}

static void test_a_sandbox_that_never_started_makes_way(void **state)
{
    static const struct {
        const char *error;
        int64_t age_s;
    } table[] = { { "port is already allocated", 0 }, { "", 3600 } };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        begin_run(GRPC_ALREADY_EXISTS, HELD);
        assert_false(steps_are_undoing(&steps));
        expect_run("PodSandboxStatus", join(text(1, SANDBOX), varint(2, 1)));
        assert_true(
            take(holder(1, NEVER, table[i].error, realtime_ns() - table[i].age_s * 1000000000)));
        expect_run("RemovePodSandbox", text(1, SANDBOX));
        assert_true(take(nothing));
        expect_last("RunPodSandbox", config);
        pass_on();
        expect_answer(nothing);
    }
}

static void test_another_sandbox_stays_and_its_state_is_told(void **state)
{
    (void)state;
    begin_run(GRPC_ALREADY_EXISTS, HELD);
    assert_false(take(holder(0, "2026-11-24T10:00:00Z", "", 1)));
    expect_end(GRPC_ALREADY_EXISTS, HELD ", and is SANDBOX_READY");
    begin_run(GRPC_ALREADY_EXISTS, HELD);
    assert_false(take(holder(1, "2026-11-24T10:00:00Z", "", 1)));
    expect_end(GRPC_ALREADY_EXISTS, HELD ", and is SANDBOX_NOTREADY");
    /* Another call may be just about to start it. */
    begin_run(GRPC_ALREADY_EXISTS, HELD);
    assert_false(take(holder(1, NEVER, "", realtime_ns())));
    expect_end(GRPC_ALREADY_EXISTS, HELD ", and is SANDBOX_NOTREADY");
    begin_run(GRPC_ALREADY_EXISTS, HELD);
    assert_false(take(sandbox_status(SANDBOX)));
    expect_end(GRPC_ALREADY_EXISTS, HELD ", and is SANDBOX_READY");
}

static void test_a_name_that_is_a_persons_is_told(void **state)
{
    (void)state;
    begin_run(GRPC_ALREADY_EXISTS, HELD);
    assert_false(refuse(GRPC_NOT_FOUND, "what has the id \"5\" is not a sandbox of the CRI"));
    expect_end_with(GRPC_ALREADY_EXISTS, HELD "; PodSandboxStatus: what has the id \"5\" is not");
}

/* docker has its name before it knows it: it must not be removed when it is. */
static void test_a_holder_that_is_just_being_made_stays(void **state)
{
    (void)state;
    begin_run(GRPC_ALREADY_EXISTS, HELD);
    assert_false(refuse(GRPC_NOT_FOUND, "no podsandbox of the CRI has the id"));
    expect_end(GRPC_ALREADY_EXISTS, HELD);
    begin_create(GRPC_ALREADY_EXISTS, TAKEN);
    assert_false(refuse(GRPC_NOT_FOUND, "no container of the CRI has the id"));
    expect_end(GRPC_ALREADY_EXISTS, TAKEN);
}

static void begin_second_try(void)
{
    begin_run(GRPC_ALREADY_EXISTS, HELD);
    assert_true(take(holder(1, NEVER, "port is already allocated", realtime_ns())));
    assert_true(take(nothing));
}

static void test_the_second_try_may_fail_too_and_is_undone_then(void **state)
{
    (void)state;
    begin_second_try();
    expect_last("RunPodSandbox", config);
    assert_true(refuse(GRPC_FAILED_PRECONDITION, LEFT "; remove it before the next try: no port"));
    expect_run("ListPodSandbox", made(3));
    assert_true(take(listed(SANDBOX)));
    steps_take(&steps, (next(), &task), NULL, 0);
    expect_end(GRPC_FAILED_PRECONDITION, LEFT ", and was removed again: no port");
    begin_second_try();
    assert_false(refuse(GRPC_ALREADY_EXISTS, HELD));
    expect_end(GRPC_ALREADY_EXISTS, HELD);
}

static void test_a_container_of_the_name_stays_and_its_state_is_told(void **state)
{
    (void)state;
    begin_create(GRPC_ALREADY_EXISTS, TAKEN);
    expect_run("ContainerStatus", text(1, CONTAINER));
    assert_false(take(container_status_in(CONTAINER, 1)));
    expect_end(GRPC_ALREADY_EXISTS, TAKEN ", and is CONTAINER_RUNNING");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEPS(test_a_holder_that_is_just_being_made_stays),
        STEPS(test_a_sandbox_that_did_not_start_is_removed),
        STEPS(test_a_container_without_its_log_link_is_removed),
        STEPS(test_after_a_cut_it_is_looked_several_times),
        STEPS(test_what_failed_before_anything_was_made_is_not_looked_for),
        STEPS(test_a_removal_that_fails_is_told_and_the_failure_stays_what_it_was),
        STEPS(test_a_sandbox_that_never_started_makes_way),
        STEPS(test_another_sandbox_stays_and_its_state_is_told),
        STEPS(test_a_name_that_is_a_persons_is_told),
        STEPS(test_the_second_try_may_fail_too_and_is_undone_then),
        STEPS(test_a_container_of_the_name_stays_and_its_state_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
