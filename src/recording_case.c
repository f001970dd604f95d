/* SPDX-License-Identifier: Apache-2.0 */
/* This file writes the files of a call's case.
 * It must not know when they are written. */
#include "recording_case.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/protojson.h"
#include "base/text.h"
#include "base/wire.h"
#include "case_folder.h"
#include "cri/hide.h"
#include "docker/client_config.h"
#include "host/loglink.h"
#include "host/steps.h"
#include "redaction.h"

enum { OUTPUT_MAX = 256 * 1024 * 1024 };

/* ==== files ==== */

static bool put_in_case(struct recording *recording, enum fixture_file file, const char *bytes,
                        size_t length)
{
    const char *path =
        arena_printf(&recording->work, "%s/%s", recording->name, fixture_names[file]);
    int fd = -1;
    ssize_t count = 0;

    if (length == 0)
        return true;
    fd = openat(recording->folder, path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
                0600);
    while (fd >= 0 && length > 0 && (count = write(fd, bytes, length)) > 0) {
        bytes += count;
        length -= (size_t)count;
    }
    fd_close(&fd);
    return length == 0;
}

static bool put_text_in_case(struct recording *recording, enum fixture_file file, const char *text)
{
    return put_in_case(recording, file, text, strlen(text));
}

static bool put_output_in_case(struct recording *recording, enum fixture_file file,
                               const char *bytes, size_t length)
{
    struct buf shown;
    bool done = false;

    if (recording->secrets.count > 0)
        bytes = hide_in(&recording->work, &recording->secrets, bytes, &length);
    if (recording->drive->exchange.request->call_case == ONESHOT__V1__REQUEST__CALL_EXEC_SYNC)
        return put_in_case(recording, file, bytes, length); /* it is a command's own */
    buf_init(&shown, OUTPUT_MAX);
    done = redact_variables(bytes, length, &shown) &&
           put_in_case(recording, file, shown.data, shown.length);
    buf_release(&shown);
    return done;
}

/* ==== the request ==== */

/* A copy of the request that may be changed; NULL: there is none. */
static Oneshot__V1__Request *copy_of_request(struct recording *recording)
{
    const struct frame *frame = &recording->drive->frame;
    ProtobufCAllocator allocator = exchange_allocator(&recording->kept);
    struct err ignored = { .code = GRPC_OK };
    struct strv unknown;

    strv_init(&unknown, &recording->work);
    if (recording->lacks != NULL || !wire_check(&oneshot__v1__request__descriptor, frame->bytes,
                                                frame->length, &unknown, &ignored))
        return NULL;
    return oneshot__v1__request__unpack(&allocator, frame->length, frame->bytes);
}

static bool put_request_frame(struct recording *recording, const Oneshot__V1__Request *request)
{
    size_t length = oneshot__v1__request__get_packed_size(request);
    uint8_t *bytes = arena_alloc(&recording->work, WIRE_VARINT_BYTES + length);
    size_t count = wire_put_varint(bytes, length);

    oneshot__v1__request__pack(request, bytes + count);
    return put_in_case(recording, FIXTURE_REQUEST_FRAME, (const char *)bytes, count + length);
}

/* How long the caller would wait is another number each time that a gateway says it, and makes
 * neither command nor response another. */
static bool put_request(struct recording *recording, Oneshot__V1__Request *request)
{
    bool unknown = redact_request(&recording->kept, request);
    const json_t *json = NULL;

    if (request->timeout_ms > 0)
        request->timeout_ms = 0;
    if (unknown)
        return put_request_frame(recording, request);
    json = protojson_write(&request->base, NULL);
    return put_text_in_case(
        recording, FIXTURE_REQUEST_JSON,
        arena_printf(&recording->work, "%s\n", json_dumps(json, JSON_INDENT(2))));
}

/* ==== what was set, and what was asked ==== */

struct set {
    struct recording *recording;
    const char *lines;
};

/* Not where docker, a trace or the recording is, nor where the host is read. */
static const char *note_setting(void *context, const char *name)
{
    static const char *const own[] = { "CRI_ONESHOT_DOCKER", "CRI_ONESHOT_TRACE",
                                       "CRI_ONESHOT_RECORD", "CRI_ONESHOT_HOST_ROOT", NULL };
    struct set *set = context;
    const struct edges *inner = set->recording->inner;
    const char *value = inner->setting(inner->context, name);

    if (value != NULL && *value != '\0' && !text_is_one_of(name, own))
        set->lines = arena_printf(&set->recording->work, "%s%s=%s\n", set->lines, name, value);
    return value;
}

static bool put_settings(struct recording *recording)
{
    struct set set = { .recording = recording, .lines = "" };
    struct settings settings;
    struct err ignored = { .code = GRPC_OK };

    settings_load(&settings, note_setting, &set, &ignored);
    return put_text_in_case(recording, FIXTURE_SETTINGS, set.lines);
}

/* docker is called docker, wherever it is. */
static bool put_command(struct recording *recording)
{
    static const char docker[] = "docker";
    struct fixture_text out[FIXTURE_FILES] = { { .data = NULL } };
    const struct plan *plan = &recording->drive->exchange.plan;
    struct plan shown = *plan;

    if (plan->command.argv.count > 0) {
        strv_init(&shown.command.argv, &recording->work);
        strv_push(&shown.command.argv, docker);
        strv_push_all(&shown.command.argv, (char *const *)(uintptr_t)plan->command.argv.words + 1,
                      plan->command.argv.count - 1);
    }
    fixture_command(&recording->work, &shown, out);
    for (size_t i = FIXTURE_EXPECTED; i < FIXTURE_FILES; i++)
        if (!put_in_case(recording, (enum fixture_file)i, out[i].data, out[i].length))
            return false;
    return true;
}

/* What is known before docker is asked. */
bool recording_describe(struct recording *recording)
{
    const struct drive *drive = recording->drive;
    Oneshot__V1__Request *request = copy_of_request(recording);

    recording->described = true;
    if (request == NULL) {
        recording->lacks = "it is no request";
        return true;
    }
    if (drive->planned)
        recording->secrets = hide_secrets(&recording->kept, drive->exchange.call.request,
                                          &drive->exchange.plan.command.argv);
    return put_request(recording, request) && put_settings(recording) &&
           (!drive->planned || put_command(recording));
}

/* ==== docker ==== */

/* One that was ended for what it had printed ends so again when that is played: nothing is said of
 * it. */
static bool put_exit(struct recording *recording)
{
    const struct run_output *output = recording->output;
    const struct docker_result *result = &output->result;
    struct fixture_exit ended = { .number = result->exit_code };

    if (output->end == RUN_SIGNAL)
        recording->lacks = "the translator was told to end";
    if (output->end == RUN_DEADLINE)
        ended.how = FIXTURE_DEADLINE;
    else if (output->end == RUN_HANG_UP || recording->drive->torn)
        ended.how = FIXTURE_HANG_UP;
    else if (result->signal > 0)
        ended = (struct fixture_exit){ .how = FIXTURE_KILLED, .number = result->signal };
    if (ended.how <= FIXTURE_KILLED && (output->end != RUN_ENDED || ended.number == 0))
        return true;
    return put_text_in_case(recording, FIXTURE_EXIT, fixture_exit_line(&recording->work, &ended));
}

bool recording_keep_line(struct recording *recording)
{
    return put_output_in_case(recording, FIXTURE_STDOUT, recording->line, recording->line_length);
}

bool recording_keep_output(struct recording *recording)
{
    const struct docker_result *result = &recording->output->result;

    return (recording->output->end == RUN_CONSUMER ||
            put_output_in_case(recording, FIXTURE_STDOUT, result->stdout_text,
                               result->stdout_length)) &&
           put_output_in_case(recording, FIXTURE_STDERR, result->stderr_text,
                              result->stderr_length) &&
           put_exit(recording);
}

/* ==== the answer ==== */

/* The figures of cgroups and layers are the machine's, others each time, and not all of files: a
 * case has docker's answer alone. */
static bool adds_figures(const struct method *method)
{
    return method != NULL && method->host_step != NULL &&
           method->host_step != host_create_container && method->host_step != host_image_fs_info;
}

bool recording_keep_response(struct recording *recording)
{
    const struct exchange *exchange = &recording->drive->exchange;
    bool streams = exchange->method != NULL && exchange->method->stream != NULL;
    json_t *json = protojson_write(&exchange->response.base, NULL);

    if (adds_figures(exchange->method))
        return true;
    return put_text_in_case(
        recording, FIXTURE_RESPONSE,
        arena_printf(&recording->work, "%s\n",
                     json_dumps(json, streams ? JSON_COMPACT : JSON_INDENT(2))));
}

static bool put_surroundings(struct recording *recording)
{
    const struct drive *drive = recording->drive;
    const struct surroundings *around = &drive->surroundings;
    const struct command *command = &drive->exchange.plan.command;
    const struct method *method = drive->exchange.method;
    struct arena *work = &recording->work;
    const char *lines = "";
    bool nonce = false;

    for (size_t i = 0; drive->planned && i < command->argv.count; i++)
        nonce = nonce || strstr(command->argv.words[i], around->nonce) != NULL;
    if (nonce)
        lines = arena_printf(work, "nonce=%s\ntemp_dir=%s\n", around->nonce, around->temp_dir);
    if (method != NULL && method->docker_config)
        lines = arena_printf(work,
                             "%sdocker_config=%s\ndocker_client_config=%s\ndocker_cert_path=%s\n"
                             "docker_program=%s\nselinux=%s\n",
                             lines, around->docker_config,
                             client_config_show(work, around->docker_client_config,
                                                strlen(around->docker_client_config)),
                             around->docker_cert_path, around->docker_program, around->selinux);
    if (recording->now_ns > 0)
        lines = arena_printf(work, "%snow_ns=%lld\n", lines, (long long)recording->now_ns);
    if (around->filesystem != NULL)
        lines = arena_printf(
            work,
            "%sfilesystem=f_frsize=%lu f_blocks=%lu f_bfree=%lu f_files=%lu "
            "f_ffree=%lu\n",
            lines, (unsigned long)around->filesystem->f_frsize,
            (unsigned long)around->filesystem->f_blocks, (unsigned long)around->filesystem->f_bfree,
            (unsigned long)around->filesystem->f_files, (unsigned long)around->filesystem->f_ffree);
    return put_text_in_case(recording, FIXTURE_SURROUNDINGS, lines);
}

/* The log link that a container's creation made. */
static bool put_host_changes(struct recording *recording)
{
    const struct exchange *exchange = &recording->drive->exchange;
    const CRI(CreateContainerRequest) *request = (const void *)exchange->call.request;
    const CRI(CreateContainerResponse) *response = (const void *)exchange->result;
    struct arena *work = &recording->work;

    if (exchange->method == NULL || exchange->method->host_step != host_create_container ||
        exchange->response.outcome != NULL || *request->config->log_path == '\0' ||
        *request->sandbox_config->log_directory == '\0')
        return true;
    return put_text_in_case(
        recording, FIXTURE_HOST_CHANGES,
        arena_printf(
            work, "+ %s/%s -> %s\n", request->sandbox_config->log_directory,
            request->config->log_path,
            loglink_target(work, recording->drive->settings.docker_root, response->container_id)));
}

/* "007 version" */
static const char *case_name(struct recording *recording)
{
    const Oneshot__V1__Request *request = recording->drive->exchange.request;
    const ProtobufCFieldDescriptor *field =
        request == NULL ? NULL
                        : protobuf_c_message_descriptor_get_field(&oneshot__v1__request__descriptor,
                                                                  (unsigned)request->call_case);
    char *name = arena_printf(&recording->work, "%03u %s", recording->number,
                              field == NULL ? "no call" : field->name);

    for (char *at = name; *at != '\0'; at++)
        if (*at == '_')
            *at = ' ';
    return name;
}

static const char *about(const struct recording *recording)
{
    if (recording->output != NULL &&
        (recording->output->end == RUN_HANG_UP || recording->drive->torn))
        return "A recorded call.\nIts client hung up: docker was ended.\n";
    if (recording->output != NULL && recording->output->end == RUN_DEADLINE)
        return "A recorded call.\nIts time was over: docker was ended.\n";
    if (adds_figures(recording->drive->exchange.method))
        return "A recorded call.\nWhat the host adds to docker's answer is not in it.\n";
    return "A recorded call.\n";
}

bool recording_finish(struct recording *recording)
{
    recording->done = true;
    if (recording->lacks != NULL)
        return put_text_in_case(recording, FIXTURE_ABOUT, recording->lacks);
    return put_surroundings(recording) && put_host_changes(recording) &&
           put_text_in_case(recording, FIXTURE_ABOUT, about(recording)) &&
           renameat(recording->folder, recording->name, recording->folder, case_name(recording)) ==
               0;
}
