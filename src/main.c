/* SPDX-License-Identifier: Apache-2.0 */
/* This file is the program: it reads the command line, and serves.
 * It must not know how. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "docker/failure.h"
#include "methods.h"
#include "serve.h"

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
    "Settings are CRI_ONESHOT_… variables: see the README.\n"
    "\n"
    "exit status: 0 answered, 1 it could not answer, 2 wrong usage\n";

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

/* A terminal gives no frame: whoever starts us at one wants to know what does. */
static int at_terminal(void)
{
    fputs("cri-oneshot: a framed Request is expected on standard input, from a socket or a pipe:\n"
          "    cri-frame encode Version | cri-oneshot --explain\n"
          "    cri-frame call Version\n"
          "cri-oneshot --help shows what else there is\n",
          stderr);
    return 2;
}

int main(int argc, char **argv)
{
    const char *word = argc == 2 ? argv[1] : "";

    if ((argc == 1 || strcmp(word, "--explain") == 0) && isatty(STDIN_FILENO))
        return at_terminal();
    if (argc == 1)
        return serve();
    if (strcmp(word, "--explain") == 0)
        return explain();
    if (strcmp(word, "--methods") == 0)
        return print_methods();
    if (strcmp(word, "--failures") == 0)
        return print_failures();
    if (strcmp(word, "--version") == 0)
        return print("cri-oneshot " VERSION "\n");
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0)
        return print(usage);
    fputs(usage, stderr);
    return 2;
}
