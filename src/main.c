/* SPDX-License-Identifier: Apache-2.0 */
/* This file is the program: it reads the command line, and serves.
 * It must not know how. */
#include <stdio.h>
#include <string.h>

#include "docker/failure.h"
#include "methods.h"
#include "serve.h"

#ifndef VERSION
#define VERSION "0.1.0"
#endif

static const char usage[] =
    "usage: cri-oneshot             serve one call: a framed Request on standard input,\n"
    "                               a framed Response on standard output\n"
    "       cri-oneshot --explain   print the docker command of the Request on standard\n"
    "                               input, and run nothing\n"
    "       cri-oneshot --methods   print every RPC and its docker command\n"
    "       cri-oneshot --failures  print which of docker's words mean which code\n"
    "       cri-oneshot --version\n"
    "       cri-oneshot --help\n"
    "\n"
    "Settings are CRI_ONESHOT_… variables: see the README.\n";

static int print_methods(void)
{
    for (size_t i = 0; i < method_count; i++) {
        const struct method *method = &methods[i];

        if (method->plan != NULL)
            printf("%-26s %s\n", method->name, method->docker);
        else
            printf("%-26s not supported: %s\n", method->name, method->refusal);
    }
    return 0;
}

/* A code, a tab and a pattern a line; the first one that matches wins. */
static int print_failures(void)
{
    for (size_t i = 0; i < failure_row_count; i++)
        printf("%s\t%s\n", grpc_code_name(failure_rows[i].code), failure_rows[i].pattern);
    return 0;
}

static int print(const char *text)
{
    fputs(text, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 1)
        return serve();
    if (argc == 2 && strcmp(argv[1], "--explain") == 0)
        return explain();
    if (argc == 2 && strcmp(argv[1], "--methods") == 0)
        return print_methods();
    if (argc == 2 && strcmp(argv[1], "--failures") == 0)
        return print_failures();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return print("cri-oneshot " VERSION "\n");
    if (argc == 2 && strcmp(argv[1], "--help") == 0)
        return print(usage);
    fputs(usage, stderr);
    return 2;
}
