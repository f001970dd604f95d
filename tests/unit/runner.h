/* SPDX-License-Identifier: Apache-2.0 */
/* This file holds what the tests of running a command share: commands that are shell scripts.
 * It must not know what is tested. */
#ifndef RUNNER_H
#define RUNNER_H

#include <errno.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

#include "base/clock.h"
#include "docker/run.h"

static struct command command;
static struct run_limits limits;
static struct run_output output;

static inline int run_set_up(void **state)
{
    set_up(state);
    command = (struct command){ .output_cap = 64 * 1024 * 1024 };
    strv_init(&command.argv, &arena);
    strv_init(&command.env, &arena);
    limits = (struct run_limits){ .client = -1 };
    output = (struct run_output){ .ended_early = false };
    return 0;
}

static inline int run_tear_down(void **state)
{
    run_release(&output);
    return tear_down(state);
}

static inline bool run_again(void)
{
    run_release(&output);
    err = (struct err){ .code = GRPC_OK };
    return run(&command, &limits, &output, &err);
}

static inline bool run_script(const char *script)
{
    strv_init(&command.argv, &arena);
    strv_push(&command.argv, "sh");
    strv_push(&command.argv, "-c");
    strv_push(&command.argv, script);
    return run_again();
}

static inline void expect_stdout(const char *text)
{
    assert_string_equal(output.result.stdout_text, text);
    assert_int_equal(output.result.stdout_length, strlen(text));
}

static inline void pause_ms(long ms)
{
    struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

    nanosleep(&time, NULL);
}

/* The process is gone, or at once will be. */
static inline bool ends_soon(pid_t pid)
{
    for (int i = 0; i < 200 && kill(pid, 0) == 0; i++)
        pause_ms(10);
    return kill(pid, 0) != 0 && errno == ESRCH;
}

#define RUN(name) cmocka_unit_test_setup_teardown(name, run_set_up, run_tear_down)

#endif
