/* SPDX-License-Identifier: Apache-2.0 */
/* This file records a session: it runs a client whose translator and docker are watched.
 * It must not know any RPC. */
#include "fixture_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fixture_client.h"
#include "fixture_record_pump.h"
#include "fixture_record_session.h"
#include "surroundings.h"

enum {
    MEMORY = 1 << 30,
    USAGE = 2,
    DAY = 24 * 3600,
    MAX_LINE = 4096,
    WAIT_SECONDS = 5, /* for calls that the client has left behind */
    TRIES_A_SECOND = 50,
};

const char fixture_record_help[] =
    "usage: cri-fixture record [--about=TEXT] [--rename=FROM=TO]... DIR -- CMD...\n"
    "\n"
    "Runs CMD, a client, and writes each of its calls of cri-oneshot as a case into DIR, in place "
    "of\n"
    "the numbered cases that are there, up to 999. CMD finds the translator on PATH as "
    "cri-oneshot,\n"
    "and in CRI_ONESHOT, CRI_FRAME_TRANSLATOR, which cri-frame heeds, and CRI_GATEWAY_TRANSLATOR,\n"
    "which cri-gateway heeds; docker is what it was. Calls may be made at the same time.\n"
    "Ids, times, addresses and the like get the same names in each recording, values of "
    "environment\n"
    "variables and credentials are taken out. What a command prints is kept as it is.\n"
    "\n"
    "--about=TEXT      the first line of each case's \"about\"; else docker is asked its version\n"
    "--rename=FROM=TO  writes this text (a folder, a name) as another\n"
    "\n"
    "exit status: CMD's own, 1 when a call could not be recorded, 2 wrong usage\n";

struct recording {
    struct arena *arena;
    struct stable stable;
    const char *about;
    const char *session;
    const char *work;
    const char *translator;
    const char *docker;
};

static void out_of_memory(void *context)
{
    (void)context;
    fputs("cri-fixture: the session takes too much memory\n", stderr);
    exit(EXIT_FAILURE);
}

/* ==== docker's version and folder ==== */

/* The first line of what docker prints; "" when it fails. */
static const char *docker_says(const struct recording *recording, const char *verb,
                               const char *format)
{
    char *words[] = { arena_strdup(recording->arena, recording->docker),
                      arena_strdup(recording->arena, verb),
                      arena_printf(recording->arena, "--format=%s", format), NULL };
    char *line = arena_alloc(recording->arena, MAX_LINE);
    int ends[2] = { -1, -1 };
    FILE *file = NULL;
    pid_t child = 0;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return "";
    if (pump_start(words, -1, ends[1], -1, &child) != 0)
        child = 0;
    close(ends[1]);
    file = fdopen(ends[0], "re");
    if (file == NULL || fgets(line, MAX_LINE, file) == NULL)
        *line = '\0';
    if (file != NULL)
        fclose(file);
    line[strcspn(line, "\n")] = '\0';
    return child > 0 && child_status(child) == 0 ? line : "";
}

static void ask_docker(struct recording *recording)
{
    const char *root = NULL;

    recording->about = docker_says(recording, "version",
                                   "docker {{.Client.Version}} on engine {{.Server.Version}}");
    if (*recording->about == '\0')
        recording->about = "docker of an unknown version";
    root = docker_says(recording, "info", "{{.DockerRootDir}}");
    if (*root == '/')
        stable_rename(&recording->stable, root, "/var/lib/docker");
}

/* ==== where the client looks ==== */

static bool make_work(struct recording *recording, struct err *err)
{
    struct arena *arena = recording->arena;
    const char *work = recording->work;
    const char *own = own_program(arena);

    if (mkdir(arena_printf(arena, "%s/bin", work), 0700) == 0 &&
        mkdir(arena_printf(arena, "%s/calls", work), 0700) == 0 &&
        mkdir(arena_printf(arena, "%s/tmp", work), 0700) == 0 &&
        symlink(own, arena_printf(arena, "%s/bin/" FIXTURE_RECORD_TRANSLATOR, work)) == 0 &&
        symlink(own, arena_printf(arena, "%s/" FIXTURE_RECORD_DOCKER, work)) == 0)
        return true;
    return err_set(err, GRPC_UNAVAILABLE, "%s: %s", work, strerror(errno));
}

static void set_environment(const struct recording *recording)
{
    struct arena *arena = recording->arena;
    const char *work = recording->work;
    const char *path = getenv("PATH");
    const char *translator = arena_printf(arena, "%s/bin/" FIXTURE_RECORD_TRANSLATOR, work);

    setenv(RECORD_TRANSLATOR, recording->translator, 1);
    setenv(RECORD_DOCKER, recording->docker, 1);
    setenv(RECORD_CALLS, arena_printf(arena, "%s/calls", work), 1);
    setenv("CRI_ONESHOT_DOCKER", arena_printf(arena, "%s/" FIXTURE_RECORD_DOCKER, work), 1);
    setenv("CRI_ONESHOT", translator, 1);
    setenv("CRI_FRAME_TRANSLATOR", translator, 1);
    setenv("CRI_GATEWAY_TRANSLATOR", translator, 1);
    setenv("TMPDIR", arena_printf(arena, "%s/tmp", work), 1);
    setenv("PATH", arena_printf(arena, "%s/bin:%s", work, path == NULL ? "/usr/bin:/bin" : path),
           1);
}

/* ==== what is known to differ from one recording to the next ==== */

static void set_renames(struct recording *recording)
{
    struct surroundings found = { .nonce = "" };
    const char *host = getenv("DOCKER_HOST");

    surroundings_read_docker(recording->arena, &found);
    if (*found.docker_config == '/')
        stable_rename(&recording->stable, found.docker_config, "/root/.docker");
    if (*found.docker_cert_path == '/' && strcmp(found.docker_cert_path, found.docker_config) != 0)
        stable_rename(&recording->stable, found.docker_cert_path, "/root/.docker/certificates");
    if (host != NULL && strncmp(host, "unix:///", strlen("unix:///")) == 0)
        stable_rename(&recording->stable, host + strlen("unix://"), "/var/run/docker.sock");
    stable_rename(&recording->stable, arena_printf(recording->arena, "%s/tmp", recording->work),
                  "/tmp");
}

/* ==== the recording ==== */

/* The translator ends docker and itself soon after its client has gone. */
static void wait_for_calls(const char *calls)
{
    const struct timespec pause = { .tv_nsec = 1000000000L / TRIES_A_SECOND };
    int fd = open(calls, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int tries = WAIT_SECONDS * TRIES_A_SECOND;

    while (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) != 0 && --tries > 0)
        nanosleep(&pause, NULL);
    if (fd >= 0)
        close(fd);
}

static int record(struct recording *recording, char **command, struct err *err)
{
    const char *calls = arena_printf(recording->arena, "%s/calls", recording->work);
    int status = EXIT_FAILURE;

    if (!make_work(recording, err))
        return status;
    set_renames(recording);
    if (recording->about == NULL)
        ask_docker(recording);
    set_environment(recording);
    status = client_run(command, err);
    if (err->code != GRPC_OK)
        return status;
    wait_for_calls(calls);
    session_write(&recording->stable, calls, recording->session, recording->about, err);
    return status;
}

static int run(struct recording *recording, char **command, struct err *err)
{
    const char *docker = getenv("CRI_ONESHOT_DOCKER");
    int status = EXIT_FAILURE;

    recording->docker = docker == NULL || *docker == '\0' ? "docker" : docker;
    recording->translator = beside_own(recording->arena, "cri-oneshot");
    if (recording->translator == NULL) {
        err_set(err, GRPC_NOT_FOUND, "there is no cri-oneshot beside cri-fixture or on PATH");
        return EXIT_FAILURE;
    }
    if (mkdir(recording->session, 0777) != 0 && errno != EEXIST) {
        err_set(err, GRPC_UNAVAILABLE, "%s: %s", recording->session, strerror(errno));
        return EXIT_FAILURE;
    }
    recording->work = work_make(recording->arena, err);
    if (recording->work == NULL)
        return EXIT_FAILURE;
    status = record(recording, command, err);
    work_remove(recording->work);
    return status == 0 && err->code != GRPC_OK ? EXIT_FAILURE : status;
}

static bool take_option(struct recording *recording, const char *word)
{
    static const char about[] = "--about=";
    static const char renamed[] = "--rename=";
    const char *equals = NULL;

    if (strncmp(word, about, strlen(about)) == 0) {
        recording->about = word + strlen(about);
        return true;
    }
    if (strncmp(word, renamed, strlen(renamed)) != 0)
        return false;
    word += strlen(renamed);
    equals = strchr(word, '=');
    if (equals == NULL || equals == word)
        return false;
    stable_rename(&recording->stable,
                  arena_strndup(recording->arena, word, (size_t)(equals - word)), equals + 1);
    return true;
}

int fixture_record(char **words)
{
    struct arena arena;
    struct recording recording = { .arena = &arena };
    struct err err = { .code = GRPC_OK };
    int64_t now = (int64_t)time(NULL);
    int status = 0;

    arena_init(&arena, MEMORY, out_of_memory, NULL);
    stable_init(&recording.stable, &arena, now - DAY, now + DAY);
    while (*words != NULL && take_option(&recording, *words))
        words++;
    if (words[0] == NULL || words[0][0] == '-' || words[1] == NULL || strcmp(words[1], "--") != 0 ||
        words[2] == NULL) {
        fputs(fixture_record_help, stderr);
        arena_release(&arena);
        return USAGE;
    }
    recording.session = words[0];
    status = run(&recording, words + 2, &err);
    if (err.code != GRPC_OK)
        fprintf(stderr, "cri-fixture: %s\n", err.text);
    arena_release(&arena);
    return status;
}
