/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares the recording of a call: where the settings name a folder, what passes through
 * the edges becomes a case there, without its secrets.
 * It must not know any RPC but for those whose host steps want it. */
#ifndef RECORDING_H
#define RECORDING_H

#include <setjmp.h>
#include <sys/statvfs.h>

#include "base/list.h"
#include "drive.h"

/* The cases' numbers have three digits: calls after that are not recorded, only counted. */
enum { RECORDING_MAX = 999 };

/* In the folder: a byte for each call that was to be recorded. */
#define RECORDING_COUNT ".calls"

/* The start of a case's name until it is whole, before its number. One that stays so makes no case;
 * its "about" says why, unless the translator was killed. While a call goes on, its translator has
 * a shared lock (flock) on the folder. */
#define RECORDING_NEW ".new."

struct recording {
    const struct edges *inner;
    struct drive *drive;
    struct edges edges;

    /* Nothing below counts before a request has come and the settings name a folder. */
    bool active;
    int folder;        /* of the calls */
    char name[16];     /* of the case in it, until it is whole */
    unsigned number;   /* of the call */
    bool described;    /* the request is written */
    bool done;         /* the case has its own name, or will never have */
    const char *lacks; /* why this call makes no case; NULL */
    int64_t now_ns;    /* of the host step; 0: not yet. It stands still while the call goes on. */
    struct statvfs filesystem;
    run_consumer *consumer; /* the driver's */
    void *consumer_context;
    const char *line; /* that it is given */
    size_t line_length;
    const struct run_output *output;
    struct arena kept;   /* as long as the call lasts */
    struct arena work;   /* until what passes is written */
    jmp_buf way_out;     /* of work that takes too much memory */
    struct list secrets; /* of the request, that docker may repeat */
};

/* Edges that do what the inner ones do, and record it. The drive is the one that is to have them;
 * what it has decoded and planned is read there. They are valid as long as all three are. */
const struct edges *recording_around(struct recording *recording, const struct edges *inner,
                                     struct drive *drive);

/* The call is over. What could not be written is left without the name of a case. */
void recording_end(struct recording *recording);

#endif
