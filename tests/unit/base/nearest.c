/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests which word a misspelt one may have meant.
 * It must not know what the words name. */
#include "test.h"

#include "base/nearest.h"

static const char *guess(const char *given)
{
    static const char *const words[] = { "RunPodSandbox",    "StopContainer",
                                         "StartContainer",   "PodSandboxStatus",
                                         "container_id",     "SANDBOX_READY",
                                         "SANDBOX_NOTREADY", "tty" };
    struct nearest nearest;

    nearest_start(&nearest, given);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        nearest_offer(&nearest, words[i]);
    return nearest.best == NULL ? "" : nearest.best;
}

static void test_a_misspelt_word_is_told_its_nearest(void **state)
{
    (void)state;
    assert_string_equal(guess("RunPodSandbx"), "RunPodSandbox");
    assert_string_equal(guess("runpodsandbox"), "RunPodSandbox");
    assert_string_equal(guess("run-pod-sandbox"), "RunPodSandbox");
    assert_string_equal(guess("RunPod"), "RunPodSandbox");
    assert_string_equal(guess("StopContianer"), "StopContainer");
    assert_string_equal(guess("StartContainers"), "StartContainer");
    assert_string_equal(guess("containerID"), "container_id");
    assert_string_equal(guess("READY"), "SANDBOX_READY");
    assert_string_equal(guess("tyt"), "tty");
}

static void test_what_is_not_near_is_not_guessed(void **state)
{
    static char longest[4096];

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    assert_string_equal(guess("Xyzzy"), "");
    assert_string_equal(guess(""), "");
    assert_string_equal(guess("id"), "");
    assert_string_equal(guess(longest), "");
}

static void test_the_hint_is_a_question_or_nothing(void **state)
{
    struct nearest nearest;
    char hint[NEAREST_HINT];

    (void)state;
    nearest_start(&nearest, "tyt");
    assert_string_equal(nearest_hint(&nearest, hint), "");
    nearest_offer(&nearest, "tty");
    assert_string_equal(nearest_hint(&nearest, hint), " (did you mean tty?)");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_misspelt_word_is_told_its_nearest),
        TEST(test_what_is_not_near_is_not_guessed),
        TEST(test_the_hint_is_a_question_or_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
