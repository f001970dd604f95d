/* SPDX-License-Identifier: Apache-2.0 */
/* This file takes a call through the driver, without a docker.
 * It must not know where the bytes come from. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "base/wire.h"
#include "docker/show.h"
#include "drive.h"

enum { SEPARATOR = 0x1e };

/* What a call is made of. */
struct input {
    const uint8_t *request;
    size_t request_length;
    const uint8_t *result;
    size_t result_length;
};

static struct drive drive;

static const char *setting(void *context, const char *name)
{
    (void)context;
    if (strcmp(name, "CRI_ONESHOT_DOCKER_VERSION") == 0)
        return "28.2";
    if (strcmp(name, "CRI_ONESHOT_TRACE") == 0)
        return "trace";
    return strcmp(name, "CRI_ONESHOT_HOST_ROOT") == 0 ? "/nonexistent" : NULL;
}

static void surround_docker(void *context, struct arena *arena, struct surroundings *surroundings)
{
    (void)context;
    (void)arena;
    surroundings->docker_config = "/root/.docker";
    surroundings->docker_client_config = "";
    surroundings->docker_cert_path = "";
}

static void surround(void *context, struct arena *arena, struct surroundings *surroundings)
{
    surround_docker(context, arena, surroundings);
    surroundings->nonce = "0123456789abcdef";
    surroundings->temp_dir = "/tmp";
    surroundings->docker_program = "file";
    surroundings->selinux = "no";
}

static int64_t no_time(void *context)
{
    (void)context;
    return 0;
}

static enum frame_status read_frame(void *context, const struct settings *settings,
                                    struct arena *arena, struct frame *frame, struct err *err)
{
    const struct input *input = context;

    (void)settings;
    (void)err;
    frame->length = input->request_length;
    frame->bytes = (uint8_t *)arena_strndup(arena, (const char *)input->request, frame->length);
    return FRAME_COMPLETE;
}

/* What holds for any command. */
static void check_command(const struct command *command)
{
    if (command->argv.count < 2 || command->file_count > COMMAND_FILES)
        abort();
    for (size_t i = 0; i < command->argv.count; i++)
        if (command->argv.words[i] == NULL)
            abort();
    show_argv(&drive.arena, command);
    for (size_t i = 0; i < command->file_count; i++)
        show_file(&drive.arena, command, i);
    for (size_t i = 0; i < command->env.count; i++)
        show_env(&drive.arena, command->env.words[i]);
}

static const char *text_of(struct buf *buf, const uint8_t *bytes, size_t length)
{
    if (!buf_append(buf, bytes, length) || !buf_reserve(buf, 1))
        abort();
    buf->data[length] = '\0';
    return buf->data;
}

/* Docker's output comes in two parts to a stream, so that a line is cut. */
static bool run_input(void *context, const struct command *command, const struct run_limits *limits,
                      struct run_output *output, struct err *err)
{
    const struct input *input = context;
    const uint8_t *text = input->result + (input->result_length > 0);
    size_t left = input->result_length - (input->result_length > 0);
    const uint8_t *split = left == 0 ? NULL : memchr(text, SEPARATOR, left);
    size_t first = split == NULL ? left : (size_t)(split - text);
    size_t taken = 0;
    struct docker_result *result = &output->result;

    (void)err;
    check_command(command);
    *output = (struct run_output){ .ended_early = false };
    buf_init(&output->stdout_bytes, SIZE_MAX / 2);
    buf_init(&output->stderr_bytes, SIZE_MAX / 2);
    result->exit_code = input->result_length > 0 ? input->result[0] : 0;
    result->stdout_text = text_of(&output->stdout_bytes, text, first);
    result->stdout_length = first;
    result->stderr_length = split == NULL ? 0 : left - first - 1;
    result->stderr_text =
        text_of(&output->stderr_bytes, split == NULL ? text : split + 1, result->stderr_length);
    if (limits->consumer != NULL && first > 0)
        taken = limits->consumer(limits->context, result->stdout_text, first / 2);
    output->ended_early = taken == RUN_STOP;
    if (output->ended_early)
        return false;
    result->stdout_text += taken;
    result->stdout_length -= taken;
    return true;
}

/* What the server would write must be what any protobuf library reads. */
static bool check_response(void *context, const struct settings *settings, const uint8_t *bytes,
                           size_t length)
{
    struct strv unknown;
    struct err err = { .code = GRPC_OK };

    (void)context;
    (void)settings;
    strv_init(&unknown, &drive.arena);
    if (!wire_check(&oneshot__v1__response__descriptor, bytes, length, &unknown, &err) ||
        unknown.count > 0)
        abort();
    return true;
}

static void check_trace(void *context, const char *name, const char *line)
{
    (void)context;
    (void)name;
    if (line[0] != '{' || strchr(line, '\n') != line + strlen(line) - 1)
        abort();
}

void fuzz_call(const uint8_t *request, size_t request_length, const uint8_t *result,
               size_t result_length)
{
    struct input input = { request, request_length, result, result_length };
    const struct edges edges = { .context = &input,
                                 .setting = setting,
                                 .surround = surround,
                                 .surround_docker = surround_docker,
                                 .now_ns = no_time,
                                 .clock_ns = no_time,
                                 .read = read_frame,
                                 .run = run_input,
                                 .client = -1,
                                 .write = check_response,
                                 .trace = check_trace };

    drive_init(&drive, &edges);
    if (!drive_call(&drive))
        abort();
    drive_release(&drive);
}
