/* SPDX-License-Identifier: Apache-2.0 */
/* This file is cri-fixture: it checks the translator against recorded cases, without docker,
 * records them, and serves them in docker's place. It must not know any RPC. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture_check.h"
#include "fixture_client.h"
#include "fixture_record.h"
#include "fixture_serve.h"

static const struct command {
    const char *name;
    const char *help;
    int (*run)(char **words);
} commands[] = {
    { "check", fixture_check_help, fixture_check },
    { "record", fixture_record_help, fixture_record },
    { "serve", fixture_serve_help, fixture_serve },
};

/* The names that this program is started under by the translator, and in its place. */
static const struct {
    const char *name;
    int (*run)(char **words);
} parts[] = {
    { FIXTURE_SERVE_NAME, fixture_stand_in },
    { FIXTURE_RECORD_TRANSLATOR, fixture_record_translator },
    { FIXTURE_RECORD_DOCKER, fixture_record_docker },
};

static void print_help(FILE *file)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        fprintf(file, "%s%s", i == 0 ? "" : "\n", commands[i].help);
}

int main(int argc, char **argv)
{
    const char *slash = argc == 0 ? NULL : strrchr(argv[0], '/');
    const char *name = slash != NULL ? slash + 1 : argc == 0 ? "" : argv[0];

    start_well();
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        if (strcmp(name, parts[i].name) == 0)
            return parts[i].run(argv + 1);
    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        print_help(stdout);
        return EXIT_SUCCESS;
    }
    for (size_t i = 0; argc > 1 && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            return commands[i].run(argv + 2);
    print_help(stderr);
    return 2;
}
