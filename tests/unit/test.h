/* SPDX-License-Identifier: Apache-2.0 */
/* This file holds what the unit tests share: an arena, an error, and how a test is listed.
 * It must not know what is tested. */
#ifndef TEST_H
#define TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "temp.h"

static struct arena arena;
static struct err err;

static inline void out_of_memory(void *context)
{
    (void)context;
    fail_msg("the arena is exhausted");
}

static inline int set_up(void **state)
{
    (void)state;
    arena_init(&arena, 64 * 1024 * 1024, out_of_memory, NULL);
    err = (struct err){ .code = GRPC_OK };
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    arena_release(&arena);
    return 0;
}

/* The error is of this code, and its text holds part. It is empty again afterwards. */
static inline void expect_error(enum grpc_code code, const char *part)
{
    if (err.code != code || strstr(err.text, part) == NULL)
        fail_msg("\"%s\" (%s) should be %s and hold \"%s\"", err.text, grpc_code_name(err.code),
                 grpc_code_name(code), part);
    err = (struct err){ .code = GRPC_OK };
}

#define TEST(name)  cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

#endif
