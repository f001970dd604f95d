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

/* It is gone, or a zombie that its new parent has not looked after yet. */
static inline bool has_ended(pid_t pid)
{
    char path[64];
    char stat[512] = "";
    const char *name_end = NULL;
    FILE *file = NULL;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    file = fopen(path, "re");
    if (file == NULL)
        return errno == ENOENT;
    /* One that goes meanwhile can no longer be read. */
    name_end = fread(stat, 1, sizeof(stat) - 1, file) > 0 ? strrchr(stat, ')') : NULL;
    fclose(file);
    return name_end == NULL || strncmp(name_end, ") Z", 3) == 0 || strncmp(name_end, ") X", 3) == 0;
}

/* The process has ended, or soon will have. */
static inline bool ends_soon(pid_t pid)
{
    for (int i = 0; i < 1000 && !has_ended(pid); i++)
        pause_ms(10);
    return has_ended(pid);
}

#define RUN(name) cmocka_unit_test_setup_teardown(name, run_set_up, run_tear_down)

#endif
