/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the order of a call: read, plan, run, parse, answer, trace. The server, the
 * player of fixtures and the fuzz targets all call by it, each with edges of its own.
 * It must not know what is behind the edges, nor any RPC. */
#ifndef DRIVE_H
#define DRIVE_H

#include <setjmp.h>

#include "base/frame.h"
#include "docker/run.h"
#include "exchange.h"
#include "settings.h"
#include "trace.h"

/* All that a call touches besides memory and, in its host step, the files below its host root. Each
 * function gets the context. */
struct edges {
    void *context;
    settings_lookup *setting;
    /* Fills the surroundings, with texts from the arena, but for docker's configuration, which is
     * filled by the second where the RPC asks for it (method->docker_config). */
    void (*surround)(void *context, struct arena *arena, struct surroundings *surroundings);
    void (*surround_docker)(void *context, struct arena *arena, struct surroundings *surroundings);
    int64_t (*now_ns)(void *context);   /* of the day: realtime_ns */
    int64_t (*clock_ns)(void *context); /* for durations: monotonic_ns */
    /* Reads the request's frame as frame_read does; err also of a frame that is complete when its
     * client is not to be served. */
    enum frame_status (*read)(void *context, const struct settings *settings, struct arena *arena,
                              struct frame *frame, struct err *err);
    /* Runs the one docker command as run() does. */
    bool (*run)(void *context, const struct command *command, const struct run_limits *limits,
                struct run_output *output, struct err *err);
    int client; /* the descriptor whose hang-up ends docker; -1: none */
    /* Writes a Response's frame; false when not all of it could be written. */
    bool (*write)(void *context, const struct settings *settings, const uint8_t *bytes,
                  size_t length);
    /* Appends the line (with its end) to the trace that the settings name. */
    void (*trace)(void *context, const char *name, const char *line);
};

/* What docker has printed of a stream, since the lines that were taken. */
struct printed {
    const char *bytes;
    size_t length;
    bool end; /* nothing follows, and docker succeeded */
    size_t taken;
};

struct drive {
    const struct edges *edges;
    struct arena arena;   /* as long as the call lasts */
    struct arena scratch; /* jansson's */
    struct arena lines;   /* of one line of a stream */
    jmp_buf *way_out;     /* of a step whose memory is exhausted */
    struct settings settings;
    struct surroundings surroundings;
    struct host_memory host;
    struct exchange exchange;
    struct stream stream;
    struct printed printed;
    struct frame frame; /* the request's */
    struct run_output output;
    struct trace trace;
    struct err err;
    bool planned; /* the request became a command, or is answered without one */
    bool torn;    /* a frame could not be written: not a byte may follow */
};

enum drive_status {
    DRIVE_PLANNED,
    DRIVE_REFUSED, /* err says why */
    DRIVE_NOTHING, /* nobody asked anything */
};

/* drive_release is due. */
void drive_init(struct drive *drive, const struct edges *edges);

/* The first half of a call: settings, surroundings, request and plan. */
enum drive_status drive_plan(struct drive *drive);

/* A whole call. True when nobody asked anything, or a whole answer was written, whatever it
 * says. */
bool drive_call(struct drive *drive);

void drive_release(struct drive *drive);

#endif
