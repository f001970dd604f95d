/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the compositions: what is asked in which order, with which bytes.
 * It must not know how the translator is run. */

#include "gateway/stepping.h"

/* --- RPCs that are one run --- */

static const char *const composed[] = {
    "RunPodSandbox",  "StopPodSandbox", "RemovePodSandbox", "CreateContainer",
    "StartContainer", "StopContainer",  "RemoveContainer",  "UpdateContainerResources",
    "PullImage",      "RemoveImage",
};

static bool is_composed(const char *name)
{
    for (size_t i = 0; i < COUNT(composed); i++)
        if (strcmp(composed[i], name) == 0)
            return true;
    return false;
}

static void test_every_other_rpc_is_one_run_of_its_own_bytes(void **state)
{
    size_t count = 0;

    (void)state;
    for (size_t i = 0; i < method_count; i++) {
        struct bytes request = join(text(1, SHORT), text(9, "not looked into"));

        if (is_composed(methods[i].name))
            continue;
        assert_true(begin(methods[i].name, request));
        expect_last(methods[i].name, request);
        assert_false(refuse(GRPC_NOT_FOUND, "it is not there"));
        expect_end(GRPC_NOT_FOUND, "it is not there");
        assert_true(begin(methods[i].name, nothing));
        expect_last(methods[i].name, nothing);
        count++;
    }
    assert_int_equal(count, method_count - COUNT(composed));
}

static void test_a_request_that_is_no_protobuf_is_refused_before_anything_is_run(void **state)
{
    static const char *const garbage[] = { "\x0a",
                                           "\x0a\x05"
                                           "abc",
                                           "\x08",
                                           "\x0b",
                                           "\xff",
                                           "\x0a\x01"
                                           "a\x07" };

    (void)state;
    for (size_t i = 0; i < method_count; i++)
        for (size_t g = 0; g < COUNT(garbage); g++) {
            struct bytes request = { (const uint8_t *)garbage[g], strlen(garbage[g]) };

            assert_false(begin(methods[i].name, request));
            expect_error(GRPC_INVALID_ARGUMENT, "request: is not protobuf");
        }
}

/* --- one container --- */

static const char *const of_a_container[] = { "StartContainer", "StopContainer", "RemoveContainer",
                                              "UpdateContainerResources" };

static void test_a_containers_status_comes_first_and_makes_its_id_whole(void **state)
{
    struct bytes request = join(text(1, SHORT), varint(2, 30));

    (void)state;
    for (size_t i = 0; i < COUNT(of_a_container); i++) {
        assert_true(begin(of_a_container[i], request));
        expect_run("ContainerStatus", text(1, SHORT));
        assert_true(take(container_status(CONTAINER, "")));
        expect_last(of_a_container[i], join(request, text(1, CONTAINER)));
    }
}

/* The last occurrence is the one that counts, to protobuf, to us and to what is run at the end. */
static void test_the_whole_id_overrides_all_the_requests_own(void **state)
{
    struct bytes request = join(join(text(1, "aaaaaaaaaaaa"), varint(2, 1)),
                                join(text(1, "bbbbbbbbbbbb"), text(1, SHORT)));
    const uint8_t *id = NULL;
    size_t length = 0;
    struct buf message;

    (void)state;
    assert_true(begin("StopContainer", request));
    expect_run("ContainerStatus", text(1, SHORT));
    assert_true(take(container_status(CONTAINER, "")));
    expect_last("StopContainer", join(request, text(1, CONTAINER)));
    buf_init(&message, 4096);
    assert_true(steps_message(&steps, &task, &message));
    assert_true(wire_find((const uint8_t *)message.data, message.length, 1, &id, &length));
    assert_int_equal(length, strlen(CONTAINER));
    assert_memory_equal(id, CONTAINER, length);
    buf_release(&message);
}

static void test_an_id_that_is_missing_is_asked_for_all_the_same(void **state)
{
    (void)state;
    assert_true(begin("StopContainer", nothing));
    expect_run("ContainerStatus", text(1, ""));
    assert_true(begin("CreateContainer", nothing));
    expect_run("PodSandboxStatus", text(1, ""));
}

static void test_what_is_gone_is_stopped_and_removed_already(void **state)
{
    static const struct {
        const char *name;
        const char *status;
        bool well;
    } table[] = {
        { "StopContainer", "ContainerStatus", true },
        { "RemoveContainer", "ContainerStatus", true },
        { "StartContainer", "ContainerStatus", false },
        { "UpdateContainerResources", "ContainerStatus", false },
        { "CreateContainer", "PodSandboxStatus", false },
    };

    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_true(begin(table[i].name, text(1, SHORT)));
        expect_run(table[i].status, text(1, SHORT));
        assert_int_equal(refuse(GRPC_NOT_FOUND, "nothing has the id"), table[i].well);
        if (table[i].well)
            expect_answer(nothing);
        else
            expect_end(GRPC_NOT_FOUND,
                       arena_printf(&arena, "%s: nothing has the id", table[i].status));
    }
}

static void test_what_is_not_the_cris_is_not_touched(void **state)
{
    static const char why[] = "what has the id \"5123\" is not a container of the CRI";

    (void)state;
    for (size_t i = 0; i < COUNT(composed); i++) {
        const char *status = NULL;

        assert_true(begin(composed[i], text(1, SHORT)));
        next();
        status = steps_method(&steps, &task)->name;
        if (strcmp(status, composed[i]) == 0 || strstr(composed[i], "Image") != NULL)
            continue;
        assert_false(refuse(GRPC_NOT_FOUND, why));
        expect_end(GRPC_NOT_FOUND, arena_printf(&arena, "%s: %s", status, why));
    }
}

static void test_another_failure_of_the_first_step_is_the_rpcs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(composed); i++)
        for (int code = GRPC_CANCELLED; code <= GRPC_UNAUTHENTICATED; code++) {
            const char *prefix = "";

            if (code == GRPC_NOT_FOUND || strcmp(composed[i], "RunPodSandbox") == 0)
                continue;
            assert_true(begin(composed[i], text(1, SHORT)));
            next();
            if (strcmp(steps_method(&steps, &task)->name, composed[i]) != 0)
                prefix = arena_printf(&arena, "%s: ", steps_method(&steps, &task)->name);
            assert_false(refuse((enum grpc_code)code, "why"));
            expect_end((enum grpc_code)code, arena_printf(&arena, "%swhy", prefix));
        }
}

static void test_a_failure_of_the_last_step_is_the_rpcs_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(of_a_container); i++) {
        assert_true(begin(of_a_container[i], text(1, SHORT)));
        assert_true(take(container_status(CONTAINER, "")));
        assert_false(refuse(GRPC_NOT_FOUND, "gone meanwhile"));
        expect_end(GRPC_NOT_FOUND, "gone meanwhile");
    }
}

static void test_a_status_without_a_whole_id_is_no_answer(void **state)
{
    static const char *const ids[] = { "", SHORT, CONTAINER "0", "g" DIGITS_48 DIGITS_16, "--all" };

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        assert_true(begin("StopContainer", text(1, SHORT)));
        assert_false(take(container_status(ids[i], "")));
        expect_end(GRPC_INTERNAL, "ContainerStatus: the translator's answer has no id");
        assert_true(begin("StopPodSandbox", text(1, SHORT)));
        assert_false(take(sandbox_status(ids[i])));
        expect_end(GRPC_INTERNAL, "PodSandboxStatus: the translator's answer has no id");
    }
    assert_true(begin("StopContainer", text(1, SHORT)));
    assert_false(take(nothing));
    expect_end(GRPC_INTERNAL, "ContainerStatus: the translator's answer has no id");
    assert_true(begin("CreateContainer", text(1, SHORT)));
    assert_false(take(nothing));
    expect_end(GRPC_INTERNAL, "PodSandboxStatus: the translator's answer has no id");
}

static void test_a_result_that_is_no_protobuf_is_no_answer(void **state)
{
    static const struct bytes garbage = { (const uint8_t *)"\x0a\x05"
                                                           "a",
                                          3 };

    (void)state;
    for (size_t i = 0; i < COUNT(composed); i++) {
        if (strcmp(composed[i], "RunPodSandbox") == 0)
            continue;
        assert_true(begin(composed[i], text(1, SHORT)));
        assert_false(take(garbage));
        expect_end_with(GRPC_INTERNAL, "the translator's answer is not one");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STEPS(test_every_other_rpc_is_one_run_of_its_own_bytes),
        STEPS(test_a_request_that_is_no_protobuf_is_refused_before_anything_is_run),
        STEPS(test_a_containers_status_comes_first_and_makes_its_id_whole),
        STEPS(test_the_whole_id_overrides_all_the_requests_own),
        STEPS(test_an_id_that_is_missing_is_asked_for_all_the_same),
        STEPS(test_what_is_gone_is_stopped_and_removed_already),
        STEPS(test_what_is_not_the_cris_is_not_touched),
        STEPS(test_another_failure_of_the_first_step_is_the_rpcs),
        STEPS(test_a_failure_of_the_last_step_is_the_rpcs_own),
        STEPS(test_a_status_without_a_whole_id_is_no_answer),
        STEPS(test_a_result_that_is_no_protobuf_is_no_answer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
