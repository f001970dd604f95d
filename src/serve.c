/* SPDX-License-Identifier: Apache-2.0 */
/* This file serves one call on the process's own descriptors, variables and clocks.
 * It must not know any RPC, nor the order of a call. */
#include "serve.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/inherit.h"
#include "docker/show.h"
#include "drive.h"
#include "recording.h"
#include "surroundings.h"

static void serve_surround(void *context, struct arena *arena, struct surroundings *surroundings)
{
    (void)context;
    surroundings_read(arena, surroundings);
}

static void serve_surround_docker(void *context, struct arena *arena,
                                  struct surroundings *surroundings)
{
    (void)context;
    surroundings_read_docker(arena, surroundings);
}

static int64_t serve_now_ns(void *context)
{
    (void)context;
    return realtime_ns();
}

static int64_t serve_clock_ns(void *context)
{
    (void)context;
    return monotonic_ns();
}

static enum frame_status serve_read(void *context, const struct settings *settings,
                                    struct arena *arena, struct frame *frame, struct err *err)
{
    (void)context;
    inherit_check_transport(settings->allow_tcp, err);
    return frame_read(STDIN_FILENO, settings->max_request,
                      monotonic_ms() + settings->read_timeout_ms, arena, frame, err);
}

static bool run_command(void *context, const struct command *command,
                        const struct run_limits *limits, struct run_output *output, struct err *err)
{
    (void)context;
    return run(command, limits, output, err);
}

static bool write_frame(void *context, const struct settings *settings, const uint8_t *bytes,
                        size_t length)
{
    (void)context;
    return frame_write(STDOUT_FILENO, bytes, length, settings->read_timeout_ms);
}

static void append_trace(void *context, const char *name, const char *line)
{
    (void)context;
    trace_append(name, line);
}

static const struct edges standard_edges = {
    .setting = surroundings_variable,
    .surround = serve_surround,
    .surround_docker = serve_surround_docker,
    .now_ns = serve_now_ns,
    .clock_ns = serve_clock_ns,
    .read = serve_read,
    .run = run_command,
    .client = STDOUT_FILENO,
    .write = write_frame,
    .trace = append_trace,
};

int serve(void)
{
    static struct drive drive; /* static: what is not freed stays reachable for LeakSanitizer */
    struct recording recording;
    bool answered = false;

    inherit_fill();
    if (!inherit_is_writable(STDOUT_FILENO))
        return 1; /* nobody could hear what came of the call */
    inherit_silence_stderr();
    /* Of a limit on files (RLIMIT_FSIZE), too, an error is what we want. */
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
    drive_init(&drive, recording_around(&recording, &standard_edges, &drive));
    settings_check_ours(environ, &drive.err);
    answered = drive_call(&drive);
    recording_end(&recording);
    /* The rest of the memory is the system's to take back: the process ends here. */
    return answered ? 0 : 1;
}

static int print_command(struct drive *drive)
{
    const struct command *command = &drive->exchange.plan.command;

    if (drive->exchange.plan.answered) {
        puts("# answered without docker");
        return 0;
    }
    puts(show_argv(&drive->arena, command));
    for (size_t i = 0; i < command->file_count; i++)
        printf("# /dev/fd/%d:\n%s", COMMAND_FIRST_FD + (int)i,
               show_file(&drive->arena, command, i));
    for (size_t i = 0; i < command->env.count; i++)
        printf("# environment: %s\n", show_env(&drive->arena, command->env.words[i]));
    for (size_t i = 0; i < drive->exchange.plan.ignored.count; i++)
        printf("# not honoured: %s\n", drive->exchange.plan.ignored.words[i]);
    return 0;
}

int explain(void)
{
    static struct drive drive; /* static: what is not freed stays reachable for LeakSanitizer */

    drive_init(&drive, &standard_edges);
    settings_check_ours(environ, &drive.err);
    switch (drive_plan(&drive)) {
    case DRIVE_PLANNED:
        return print_command(&drive);
    case DRIVE_REFUSED:
        fprintf(stderr, "%s: %s\n", grpc_code_name(drive.err.code), drive.err.text);
        return 1;
    case DRIVE_NOTHING:
        break;
    }
    return 0;
}
