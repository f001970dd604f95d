/* SPDX-License-Identifier: Apache-2.0 */
/* This file declares what is kept of a pod or a container in docker's labels.
 * It must not know any docker command. */
#ifndef RECORD_H
#define RECORD_H

#include <jansson.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/cri.h"
#include "base/err.h"
#include "base/strv.h"
#include "docker/name.h"
#include "docker/pairs.h"

/* The labels that dockershim and cri-dockerd know: */
#define LABEL_TYPE           "io.kubernetes.docker.type" /* LABEL_TYPE_SANDBOX or _CONTAINER: it is ours */
#define LABEL_TYPE_SANDBOX   "podsandbox"
#define LABEL_TYPE_CONTAINER "container"
#define LABEL_SANDBOX_ID     "io.kubernetes.sandbox.id"        /* of a container */
#define LABEL_LOG_PATH       "io.kubernetes.container.logpath" /* of a container */
#define LABEL_CONTAINER_NAME "io.kubernetes.container.name"    /* "POD" on a sandbox */
#define LABEL_ANNOTATION     "annotation."                     /* an annotation's key follows */

/* And ours: compact JSON, whole where the others are by necessity not exact. One argument of a
 * command holds at most 128 KiB (Linux, MAX_ARG_STRLEN), so longer JSON goes on, cut between
 * characters, in "cri-oneshot.v1.1" to ".7". Its members (absent: empty or 0):
 *
 *   pod           object: name, namespace, uid (strings), attempt (number)
 *   container     object: name (string), attempt (number); absent on a sandbox
 *   sandbox       string: the sandbox's id; of a container
 *   labels        object of strings: the CRI's labels
 *   annotations   object of strings: the CRI's annotations
 *   image         object: the ImageSpec as asked, field names as the CRI's; of a container
 *   log_directory string: of a sandbox
 *   log_path      string: log directory and log path joined; of a container
 *   cgroup_parent string: of a sandbox, as docker was given it
 *   runtime_handler string: as a sandbox was asked for it
 *   pid_mode      number: the NamespaceMode that a sandbox was asked for, which docker does not
 * show
 */
#define LABEL_RECORD "cri-oneshot.v1"
enum { RECORD_PIECES = 8 };

/* The Request's attempt, where it has one: docker's filter finds it (record_label_is_plain), and no
 * answer shows it. */
#define LABEL_ATTEMPT LABEL_RECORD ".attempt"

/* The largest value that goes into a label of its own, besides the JSON. */
enum { LABEL_MAX = 120 * 1024 };

struct record {
    bool exact; /* from the JSON */
    bool sandbox;
    struct name name;     /* name.attempt is the container's, or the pod's on a sandbox */
    uint32_t pod_attempt; /* also on a container; 0 where cri-dockerd made it */
    const char *sandbox_id;
    const char *attempt; /* of a record that is written; NULL or "": none */
    struct pairs labels;
    struct pairs annotations;
    const CRI(ImageSpec) *image; /* NULL: not known */
    const char *log_directory;
    const char *log_path;
    const char *cgroup_parent;
    const char *runtime_handler;
    CRI(NamespaceMode) pid_mode;
};

/* Appends the --label options, ours last, because docker lets the last of a key win. False with
 * RESOURCE_EXHAUSTED when they do not fit. */
bool record_push_labels(const struct record *record, struct strv *argv, struct err *err);

/* Whether docker's own label of this key and value is the CRI's, so that a filter may be docker's:
 * not for the keys above (but LABEL_ATTEMPT), nor for what docker refuses or one argument cannot
 * hold. */
bool record_label_is_plain(const char *key, const char *value);

/* Reads a record from docker's labels and name; sandbox_id is the label's value, "" where there is
 * none. The JSON (its pieces, each NULL or "" where there is none) is believed where it is of this
 * name and, on a container, of this sandbox: an image's labels become its containers', and one may
 * carry the record of another container, but not of a sandbox that was made after it. Else
 * (cri-dockerd made the container) the record is read from the other labels and from the name.
 * False for a name that neither of us gives: a container of a person's, from such an image, is not
 * the CRI's. The strings are copies, or those of labels. */
bool record_read(struct arena *arena, const char *const *pieces, const struct pairs *labels,
                 const char *docker_name, const char *sandbox_id, struct record *record);

/* Fills RECORD_PIECES pieces from docker's labels. */
void record_pieces(struct arena *arena, const struct pairs *labels, const char **pieces);

/* The name among docker's names ("/name" of inspect, "name,other/alias" of ps). */
const char *record_own_name(struct arena *arena, const char *names);

#endif
