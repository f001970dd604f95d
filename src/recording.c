/* SPDX-License-Identifier: Apache-2.0 */
/* This file records a call: what passes through its edges becomes a case.
 * It must not know any RPC but for those whose host steps want it. */
#include "recording_case.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/document.h"
#include "base/fd.h"
#include "host/steps.h"

enum { MEMORY = 512 * 1024 * 1024 };

static void recording_exhausted(void *context)
{
    struct recording *recording = context;

    errno = ENOMEM;
    longjmp(recording->way_out, 1);
}

/* Takes a step of the recording, whose failure is none of the call's: the case is given up. False
 * with errno. */
static bool attempt(struct recording *recording, bool (*step)(struct recording *recording))
{
    int reason = 0;

    recording->active = false;
    doc_use(&recording->work);
    if (setjmp(recording->way_out) == 0)
        recording->active = step(recording);
    reason = errno;
    arena_reset(&recording->work);
    doc_use(&recording->drive->scratch);
    errno = reason;
    return recording->active;
}

/* ==== the request ==== */

/* The number of a call that begins: an append is one step, also for several that begin at once. */
static unsigned next_number(int folder)
{
    int fd = openat(folder, RECORDING_COUNT,
                    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
    off_t number = fd >= 0 && write(fd, ".", 1) == 1 ? lseek(fd, 0, SEEK_CUR) : 0;

    fd_close(&fd);
    return number > 0 && number < UINT32_MAX ? (unsigned)number : 0;
}

/* Makes the call's folder; false with errno. */
static bool claim_number(struct recording *recording, const char *folder)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return false;
    recording->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (recording->folder < 0 || flock(recording->folder, LOCK_SH) != 0)
        return false;
    do {
        recording->number = next_number(recording->folder);
        if (recording->number == 0 || recording->number > RECORDING_MAX)
            return recording->number > 0;
        snprintf(recording->name, sizeof(recording->name), RECORDING_NEW "%03u", recording->number);
        recording->active = mkdirat(recording->folder, recording->name, 0700) == 0;
    } while (!recording->active && errno == EEXIST);
    return recording->active;
}

static bool set_unwritable(const struct settings *settings, struct err *err)
{
    return err_set(err, GRPC_FAILED_PRECONDITION, "setting CRI_ONESHOT_RECORD: \"%s\": %s",
                   settings->record, strerror(errno));
}

static enum frame_status note_read(void *context, const struct settings *settings,
                                   struct arena *arena, struct frame *frame, struct err *err)
{
    struct recording *recording = context;
    const struct edges *inner = recording->inner;
    enum frame_status status = inner->read(inner->context, settings, arena, frame, err);

    if (*settings->record != '/' || status == FRAME_NONE) /* another one is refused */
        return status;
    if (status == FRAME_BAD)
        recording->lacks = "it is no request";
    if (!claim_number(recording, settings->record) && err->code == GRPC_OK)
        set_unwritable(settings, err);
    return status;
}

/* ==== docker ==== */

/* A run_consumer: line by line, so that no line is kept that the client got nothing of. */
static size_t note_lines(void *context, const char *bytes, size_t length)
{
    struct recording *recording = context;
    size_t taken = 0;
    const char *end = NULL;

    while ((end = memchr(bytes + taken, '\n', length - taken)) != NULL) {
        size_t size = (size_t)(end + 1 - bytes) - taken;

        recording->line = bytes + taken;
        recording->line_length = size;
        if (recording->active)
            attempt(recording, recording_keep_line);
        if (recording->consumer(recording->consumer_context, bytes + taken, size) == RUN_STOP)
            return RUN_STOP;
        taken += size;
    }
    return taken;
}

static bool note_run(void *context, const struct command *command, const struct run_limits *limits,
                     struct run_output *output, struct err *err)
{
    struct recording *recording = context;
    const struct edges *inner = recording->inner;
    struct run_limits watched = *limits;
    bool done = false;

    if (!recording->active)
        return inner->run(inner->context, command, limits, output, err);
    if (!attempt(recording, recording_describe))
        return set_unwritable(&recording->drive->settings, err);
    recording->consumer = limits->consumer;
    recording->consumer_context = limits->context;
    if (limits->consumer != NULL) {
        watched.consumer = note_lines;
        watched.context = recording;
    }
    done = inner->run(inner->context, command, &watched, output, err);
    recording->output = output;
    if (!done && !output->ended_early)
        recording->lacks = "docker could not be started";
    else if (recording->active)
        attempt(recording, recording_keep_output);
    return done;
}

/* ==== the host, and the answer ==== */

static void look_at_filesystem(struct recording *recording)
{
    const CRI(ImageFsInfoResponse) *response = (const void *)recording->drive->exchange.result;
    const char *root = recording->drive->settings.host_root;
    char path[PATH_MAX] = "";

    snprintf(path, sizeof(path), "%s%s", root, response->image_filesystems[0]->fs_id->mountpoint);
    if (statvfs(path, &recording->filesystem) == 0)
        recording->drive->surroundings.filesystem = &recording->filesystem;
}

static int64_t note_time(void *context)
{
    struct recording *recording = context;
    const struct edges *inner = recording->inner;
    const struct method *method = recording->drive->exchange.method;

    if (!recording->active || method == NULL || method->host_step == NULL)
        return inner->now_ns(inner->context);
    if (recording->now_ns == 0) {
        recording->now_ns = inner->now_ns(inner->context);
        if (method->host_step == host_image_fs_info)
            look_at_filesystem(recording);
    }
    return recording->now_ns;
}

/* The case is there when its answer is. */
static bool note_write(void *context, const struct settings *settings, const uint8_t *bytes,
                       size_t length)
{
    struct recording *recording = context;
    const struct edges *inner = recording->inner;
    const struct exchange *exchange = &recording->drive->exchange;
    bool last = exchange->method == NULL || exchange->method->stream == NULL ||
                exchange->response.outcome != NULL;

    if (recording->active && (recording->described || attempt(recording, recording_describe)) &&
        attempt(recording, recording_keep_response) && last)
        attempt(recording, recording_finish);
    return inner->write(inner->context, settings, bytes, length);
}

/* ==== what is passed on ==== */

static const char *pass_setting(void *context, const char *name)
{
    const struct edges *inner = ((struct recording *)context)->inner;

    return inner->setting(inner->context, name);
}

static void pass_surround(void *context, struct arena *arena, struct surroundings *surroundings)
{
    const struct edges *inner = ((struct recording *)context)->inner;

    inner->surround(inner->context, arena, surroundings);
}

static void pass_surround_docker(void *context, struct arena *arena,
                                 struct surroundings *surroundings)
{
    const struct edges *inner = ((struct recording *)context)->inner;

    inner->surround_docker(inner->context, arena, surroundings);
}

static int64_t pass_clock(void *context)
{
    const struct edges *inner = ((struct recording *)context)->inner;

    return inner->clock_ns(inner->context);
}

static void pass_trace(void *context, const char *name, const char *line)
{
    const struct edges *inner = ((struct recording *)context)->inner;

    inner->trace(inner->context, name, line);
}

const struct edges *recording_around(struct recording *recording, const struct edges *inner,
                                     struct drive *drive)
{
    *recording = (struct recording){ .inner = inner, .drive = drive, .folder = -1 };
    recording->edges = (struct edges){ .context = recording,
                                       .setting = pass_setting,
                                       .surround = pass_surround,
                                       .surround_docker = pass_surround_docker,
                                       .now_ns = note_time,
                                       .clock_ns = pass_clock,
                                       .read = note_read,
                                       .run = note_run,
                                       .client = inner->client,
                                       .write = note_write,
                                       .trace = pass_trace };
    arena_init(&recording->kept, MEMORY, recording_exhausted, recording);
    arena_init(&recording->work, MEMORY, recording_exhausted, recording);
    return &recording->edges;
}

void recording_end(struct recording *recording)
{
    if (recording->active && !recording->done && attempt(recording, recording_keep_response))
        attempt(recording, recording_finish);
    fd_close(&recording->folder);
    arena_release(&recording->kept);
    arena_release(&recording->work);
}
