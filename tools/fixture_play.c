/* SPDX-License-Identifier: Apache-2.0 */
/* This file plays a case: bytes to request, request to command, docker's answer to response.
 * It must not know what is expected to come out. */
#include "fixture_play.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "buf.h"
#include "exchange.h"
#include "fixture_exit.h"
#include "fixture_lines.h"
#include "frame.h"
#include "hide.h"
#include "json.h"
#include "oneshot/v1/oneshot.pb-c.h"
#include "protojson.h"
#include "run.h"
#include "show.h"
#include "wire.h"

enum { FRAME_TIMEOUT_MS = 5000, KILLED = 128, MAX_RESPONSES = 256 * 1024 * 1024 };

struct play {
    const struct fixture *fixture;
    struct fixture_text *out;
    struct arena *kept; /* what comes out */
    struct buf responses;
    struct err *wrong; /* the case itself */

    struct arena arena; /* the exchange's */
    struct arena scratch;
    struct arena lines; /* of a stream */
    struct after_memory after;
    struct stream stream;
    jmp_buf no_memory;
    struct lines settings_lines;
    struct settings settings;
    struct surroundings surroundings;
    struct exchange exchange;
    struct err err; /* the exchange's: part of what comes out */
};

static struct fixture_text text_of(const char *data)
{
    return (struct fixture_text){ .data = data, .length = strlen(data) };
}

static void no_memory(void *context)
{
    struct play *play = context;

    longjmp(play->no_memory, 1);
}

/* ==== the request's bytes, as they would arrive ==== */

static ProtobufCMessage *request_of_json(struct play *play)
{
    const struct fixture_text *text = &play->fixture->files[FIXTURE_REQUEST_JSON];
    json_error_t error;
    struct protojson_error why = { .text = "" };
    const json_t *json = json_loadb(text->data, text->length, JSON_REJECT_DUPLICATES, &error);
    ProtobufCMessage *request = NULL;

    if (json == NULL) {
        err_set(play->wrong, GRPC_INVALID_ARGUMENT, "request.json: line %d: %s", error.line,
                error.text);
        return NULL;
    }
    request = protojson_read(&oneshot__v1__request__descriptor, json, 0, &why);
    if (request == NULL)
        err_set(play->wrong, GRPC_INVALID_ARGUMENT, "request.json: %s", why.text);
    return request;
}

/* A file without a name that holds the frame. */
static int frame_of_json(struct play *play)
{
    ProtobufCMessage *request = request_of_json(play);
    int fd = -1;
    size_t length = 0;
    uint8_t *bytes = NULL;

    if (request == NULL)
        return -1;
    length = protobuf_c_message_get_packed_size(request);
    bytes = arena_alloc(play->kept, length + 1);
    protobuf_c_message_pack(request, bytes);
    protobuf_c_message_free_unpacked(request, NULL);
    fd = memfd_create("request", MFD_CLOEXEC);
    if (fd >= 0 && frame_write(fd, bytes, length, FRAME_TIMEOUT_MS) && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    err_set(play->wrong, GRPC_UNAVAILABLE, "request.json: cannot be made a frame");
    if (fd >= 0)
        close(fd);
    return -1;
}

static int frame_of_file(struct play *play)
{
    const char *path = arena_printf(play->kept, "%s/%s", play->fixture->path,
                                    fixture_names[FIXTURE_REQUEST_FRAME]);
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        err_set(play->wrong, GRPC_NOT_FOUND, "%s: cannot be opened", path);
    return fd;
}

static bool read_request(struct play *play, struct frame *frame)
{
    bool is_json = play->fixture->files[FIXTURE_REQUEST_JSON].data != NULL;
    int fd = is_json ? frame_of_json(play) : frame_of_file(play);
    struct err err = { .code = GRPC_OK };
    enum frame_status status = FRAME_NONE;

    if (fd < 0)
        return false;
    arena_reset(&play->scratch);
    status = frame_read(fd, play->settings.max_request, monotonic_ms() + FRAME_TIMEOUT_MS,
                        &play->arena, frame, &err);
    close(fd);
    if (status == FRAME_NONE)
        return err_set(play->wrong, GRPC_INVALID_ARGUMENT, "request.frame: is empty: no request");
    if (status == FRAME_BAD)
        err_set(&play->err, err.code, "%s", err.text);
    return true;
}

/* ==== the command ==== */

static struct fixture_text lines_of(struct play *play, const char *const *words, size_t count,
                                    bool redact)
{
    struct strv lines;

    strv_init(&lines, play->kept);
    for (size_t i = 0; i < count; i++)
        strv_push(&lines, redact ? show_env(play->kept, words[i]) : words[i]);
    return count == 0 ? (struct fixture_text){ .data = NULL }
                      : text_of(lines_join(play->kept, lines.words, count));
}

static void keep_command(struct play *play)
{
    const struct plan *plan = &play->exchange.plan;
    const struct command *command = &plan->command;

    play->out[FIXTURE_IGNORED] = lines_of(play, plan->ignored.words, plan->ignored.count, false);
    if (plan->answered)
        return;
    play->out[FIXTURE_ARGV] = lines_of(play, command->argv.words, command->argv.count, false);
    play->out[FIXTURE_ENVIRON] = lines_of(play, command->env.words, command->env.count, true);
    for (size_t i = 0; i < command->file_count; i++)
        play->out[FIXTURE_FD_3 + i] = text_of(show_file(play->kept, command, i));
    arena_reset(&play->scratch);
}

/* ==== docker's answer ==== */

static bool check_docker_is_asked(struct play *play)
{
    for (size_t i = FIXTURE_STDOUT; i <= FIXTURE_EXIT; i++)
        if (play->fixture->files[i].data != NULL)
            return err_set(play->wrong, GRPC_INVALID_ARGUMENT, "%s: docker is not asked",
                           fixture_names[i]);
    return true;
}

static bool docker_answers(struct play *play, struct docker_result *result,
                           struct fixture_exit *ended)
{
    const struct fixture_text *out = &play->fixture->files[FIXTURE_STDOUT];
    const struct fixture_text *error = &play->fixture->files[FIXTURE_STDERR];

    *result = (struct docker_result){
        .stdout_text = out->data == NULL ? "" : out->data,
        .stdout_length = out->length,
        .stderr_text = error->data == NULL ? "" : error->data,
        .stderr_length = error->length,
    };
    if (!fixture_exit_read(&play->fixture->files[FIXTURE_EXIT], ended, play->wrong))
        return false;
    result->signal = ended->how == FIXTURE_KILLED ? ended->number : 0;
    result->exit_code = ended->number + (result->signal == 0 ? 0 : KILLED);
    return true;
}

/* The error of a docker that was ended is what the translator says of any command that does not end
 * by itself. */
static void end_docker(struct play *play, const struct fixture_exit *ended)
{
    struct command command = { .output_cap = 1 };
    struct run_limits limits = { .client = -1 };
    struct run_output output;
    int ends[2] = { -1, -1 };

    strv_init(&command.argv, play->kept);
    strv_push(&command.argv, "sleep");
    strv_push(&command.argv, "3600");
    if (ended->how == FIXTURE_DEADLINE)
        limits.deadline_ms = monotonic_ms();
    else if (pipe2(ends, O_CLOEXEC) == 0 && close(ends[0]) == 0)
        limits.client = ends[1]; /* whose reader has gone */
    if (run(&command, &limits, &output, &play->err))
        err_set(play->wrong, GRPC_UNAVAILABLE, "docker.exit: cannot be played");
    run_release(&output);
    if (ends[1] >= 0)
        close(ends[1]);
}

/* ==== the responses ==== */

static void append_json(struct play *play, size_t flags)
{
    const json_t *json = protojson_write(&play->exchange.response.base, NULL);
    const char *text = json == NULL ? NULL : json_dumps(json, flags);

    if (text == NULL || !buf_puts(&play->responses, text) || !buf_putc(&play->responses, '\n'))
        err_set(play->wrong, GRPC_RESOURCE_EXHAUSTED, "the response is too large to be shown");
}

/* A Response as JSON, once its bytes are seen to be good protobuf: on one line of its own where the
 * RPC streams. */
static bool keep_response(struct play *play)
{
    const struct method *method = play->exchange.method;
    struct strv unknown;
    size_t length = 0;
    uint8_t *bytes = exchange_encode(&play->exchange, &length);
    bool good = false;

    strv_init(&unknown, play->kept);
    good = bytes != NULL &&
           wire_check(&oneshot__v1__response__descriptor, bytes, length, &unknown, play->wrong);
    free(bytes);
    if (!good)
        return err_wrap(play->wrong, "the response is no protobuf");
    append_json(play, method != NULL && method->stream != NULL ? JSON_COMPACT : JSON_INDENT(2));
    return play->wrong->code == GRPC_OK;
}

static bool give(void *context, ProtobufCMessage *response, struct err *err)
{
    struct play *play = context;

    exchange_item(&play->exchange, response);
    return keep_response(play) || err_set(err, GRPC_INTERNAL, "%s", play->wrong->text);
}

/* As the server does: the lines as they come, then the end, where docker ended well. */
static void parse(struct play *play, struct docker_result *result, const struct fixture_exit *ended)
{
    struct exchange *exchange = &play->exchange;
    size_t taken = 0;

    if (exchange->method->stream != NULL)
        taken = exchange_stream(exchange, &play->stream, &play->lines, result->stdout_text,
                                result->stdout_length, false, &play->err);
    if (play->err.code == GRPC_OK &&
        (ended->how == FIXTURE_DEADLINE || ended->how == FIXTURE_HANG_UP))
        end_docker(play, ended);
    if (play->err.code != GRPC_OK)
        return;
    if (exchange->method->stream == NULL) {
        exchange_parse(exchange, result, &play->err);
        return;
    }
    result->stdout_text += taken;
    result->stdout_length -= taken;
    if (exchange_parse(exchange, result, &play->err))
        exchange_stream(exchange, &play->stream, &play->lines, result->stdout_text,
                        result->stdout_length, true, &play->err);
}

/* ==== the exchange ==== */

static bool exchange_case(struct play *play)
{
    struct exchange *exchange = &play->exchange;
    struct frame frame = { .length = 0 };
    struct docker_result result = { .exit_code = 0 };
    struct fixture_exit ended = { .number = 0 };

    if (!read_request(play, &frame))
        return false;
    if (play->err.code != GRPC_OK ||
        !exchange_decode(exchange, frame.bytes, frame.length, &play->err) ||
        !exchange_plan(exchange, &play->err))
        return check_docker_is_asked(play);
    keep_command(play);
    if (exchange->plan.answered) {
        exchange_parse(exchange, NULL, &play->err);
        return check_docker_is_asked(play);
    }
    if (!docker_answers(play, &result, &ended))
        return false;
    hide_result(&play->arena, exchange->call.request, &exchange->plan.command, &result);
    parse(play, &result, &ended);
    return play->wrong->code == GRPC_OK;
}

/* What the server does when a call's memory is used up. */
static void start_anew(struct play *play)
{
    arena_release(&play->arena);
    arena_release(&play->scratch);
    arena_release(&play->lines);
    play->err = (struct err){ .code = GRPC_OK };
    err_set(&play->err, GRPC_RESOURCE_EXHAUSTED, "the call takes more than %d MiB of memory",
            EXCHANGE_MEMORY / 1024 / 1024);
    play->exchange.result = NULL;
}

static bool play_case(struct play *play)
{
    if (setjmp(play->no_memory) != 0)
        start_anew(play);
    else if (play->err.code == GRPC_OK && !exchange_case(play))
        return false;
    exchange_finish(&play->exchange, &play->err);
    return keep_response(play);
}

/* ==== settings and surroundings ==== */

static const char *look_up(void *lines, const char *name)
{
    return lines_value(lines, name);
}

static bool set_up(struct play *play)
{
    struct lines lines;
    const struct {
        const char *name;
        const char **text;
        const char *otherwise;
    } names[] = {
        { "nonce", &play->surroundings.nonce, "0123456789abcdef" },
        { "temp_dir", &play->surroundings.temp_dir, "/tmp" },
        { "docker_config", &play->surroundings.docker_config, "/root/.docker" },
        { "docker_context", &play->surroundings.docker_context, "" },
        { "docker_cert_path", &play->surroundings.docker_cert_path, "/root/.docker" },
    };

    lines_read(&lines, play->kept, play->fixture->files[FIXTURE_SURROUNDINGS].data);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *text = lines_value(&lines, names[i].name);

        *names[i].text = text == NULL ? names[i].otherwise : text;
    }
    if (!lines_all_used(&lines, "surroundings", play->wrong))
        return false;
    lines_read(&lines, play->kept, play->fixture->files[FIXTURE_SETTINGS].data);
    settings_load(&play->settings, look_up, &lines, &play->err);
    return lines_all_used(&lines, "settings", play->wrong);
}

bool fixture_play(struct arena *arena, const struct fixture *fixture,
                  struct fixture_text out[FIXTURE_FILES], struct err *err)
{
    struct play *play = arena_alloc(arena, sizeof(*play));
    struct call call = { .arena = &play->arena,
                         .scratch = &play->scratch,
                         .after = &play->after,
                         .settings = &play->settings,
                         .surroundings = &play->surroundings };
    bool done = false;

    play->fixture = fixture;
    play->out = out;
    play->kept = arena;
    play->wrong = err;
    arena_init(&play->arena, EXCHANGE_MEMORY, no_memory, play);
    arena_init(&play->scratch, EXCHANGE_MEMORY, no_memory, play);
    arena_init(&play->lines, EXCHANGE_MEMORY, no_memory, play);
    play->after.arena = &play->arena;
    play->stream = (struct stream){ .give = give, .context = play };
    exchange_init(&play->exchange, &call);
    buf_init(&play->responses, MAX_RESPONSES);
    done = set_up(play) && play_case(play);
    if (done)
        out[FIXTURE_RESPONSE] = text_of(arena_strdup(arena, play->responses.data));
    buf_release(&play->responses);
    arena_release(&play->arena);
    arena_release(&play->scratch);
    arena_release(&play->lines);
    return done;
}
