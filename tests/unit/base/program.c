/* SPDX-License-Identifier: Apache-2.0 */
/* This file tests the finding of programs beside the running one.
 * It must not know what the programs do. */
#include <unistd.h>

#include "test.h"

#include "base/program.h"

static void test_a_program_beside_our_own_is_found(void **state)
{
    char own[4096] = "";
    char path[4096];
    const char *name = NULL;

    (void)state;
    assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
    name = strrchr(own, '/') + 1;
    assert_string_equal(program_beside(name, path, sizeof(path)), own);
    assert_string_equal(program_beside("no-such-program", path, sizeof(path)), "no-such-program");
}

/* Where it does not fit it is looked for on PATH, and not in a folder whose name is cut off. */
static void test_a_path_that_does_not_fit_is_not_cut_off(void **state)
{
    char own[4096] = "";
    char path[4096];
    const char *name = NULL;
    size_t needed = 0;

    (void)state;
    needed = (size_t)readlink("/proc/self/exe", own, sizeof(own) - 1);
    name = strrchr(own, '/') + 1;
    needed += strlen(name) + 1;
    for (size_t room = 0; room < needed + 3; room++) {
        const char *found = NULL;

        memset(path, '#', sizeof(path));
        found = program_beside(name, path, room);
        assert_string_equal(found, room > needed ? own : name);
        assert_int_equal(path[room], '#');
    }
    /* A cut would have made it a program in the root folder. */
    assert_string_equal(program_beside("bin", path, 1 + sizeof("bin")), "bin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_program_beside_our_own_is_found),
        TEST(test_a_path_that_does_not_fit_is_not_cut_off),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
