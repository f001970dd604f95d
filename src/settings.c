/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads and checks the settings.
 * It must not know where they are read from. */
#include "settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/nearest.h"
#include "base/text.h"
#include "cri/exec.h"

enum {
    REQUEST_MAX = 64 * 1024 * 1024,
    READ_TIMEOUT_MAX_MS = 24 * 3600 * 1000,
    NAME_MAX_BYTES = 256, /* longer names are nobody's mistake */
};

const char *settings_text(const struct settings_source *source, const char *name,
                          const char *otherwise)
{
    const char *text = source->lookup(source->context, name);

    return text == NULL || *text == '\0' ? otherwise : text;
}

static bool refuse_setting(const struct settings_source *source, const char *name,
                           const char *wanted)
{
    return err_set(source->err, GRPC_FAILED_PRECONDITION, "setting %s: \"%s\" is not %s", name,
                   settings_text(source, name, ""), wanted);
}

int64_t settings_number(const struct settings_source *source, const char *name,
                        const char *otherwise, int64_t low, int64_t high)
{
    const char *text = settings_text(source, name, otherwise);
    char *end = NULL;
    long long number = 0;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno != 0 || *end != '\0' || end == text || number < low || number > high) {
        refuse_setting(source, name, "a number in its range");
        return strtoll(otherwise, NULL, 10);
    }
    return number;
}

/* "20.10" is 2010, "28" and "28.2.2" are 2800 and 2802. */
static unsigned version_of(const struct settings_source *source, const char *name)
{
    const char *text = settings_text(source, name, "20.10");
    char *end = NULL;
    unsigned long major = strtoul(text, &end, 10);
    unsigned long minor = 0;

    if (end != text && *end == '.')
        minor = strtoul(end + 1, &end, 10);
    if (end == text || (*end != '\0' && *end != '.' && *end != '-' && *end != '+') || major < 1 ||
        major > 999 || minor > 99)
        refuse_setting(source, name, "a version as 20.10");
    return (unsigned)(major * 100 + minor);
}

static bool yes_or_no(const struct settings_source *source, const char *name)
{
    const char *text = settings_text(source, name, "no");

    if (strcmp(text, "yes") != 0 && strcmp(text, "no") != 0)
        refuse_setting(source, name, "yes or no");
    return strcmp(text, "yes") == 0;
}

static const char *absolute(const struct settings_source *source, const char *name,
                            const char *otherwise)
{
    const char *text = settings_text(source, name, otherwise);

    if (*text != '/' && *text != '\0')
        refuse_setting(source, name, "an absolute path");
    return text;
}

/* A word that docker may not take for an option. */
static const char *operand(const struct settings_source *source, const char *name,
                           const char *otherwise)
{
    const char *text = settings_text(source, name, otherwise);

    if (*text == '-' || strpbrk(text, " \t\n\r") != NULL)
        refuse_setting(source, name, "a name");
    return text;
}

/* Docker would take "container:ID" for another container's network, and its other modes are the
 * request's to choose. */
static const char *network_setting(const struct settings_source *source, const char *name)
{
    const char *text = operand(source, name, "bridge");

    if (strchr(text, ':') != NULL || strchr(text, ',') != NULL || strchr(text, '=') != NULL ||
        strcmp(text, "host") == 0)
        refuse_setting(source, name, "\"none\" or the name of a docker network");
    return text;
}

/* Each setting is asked for here, and so these are all that there are. */
static void read_settings(const struct settings_source *source, void *target)
{
    struct settings *settings = target;
    int64_t max_request =
        settings_number(source, "CRI_ONESHOT_MAX_REQUEST", "16777216", 1, REQUEST_MAX);

    *settings = (struct settings){
        .docker = settings_text(source, "CRI_ONESHOT_DOCKER", "docker"),
        .docker_version = version_of(source, "CRI_ONESHOT_DOCKER_VERSION"),
        .pause_image = operand(source, "CRI_ONESHOT_PAUSE_IMAGE", "registry.k8s.io/pause:3.9"),
        .pause_oom_score_adj =
            settings_number(source, "CRI_ONESHOT_PAUSE_OOM_SCORE_ADJ", "0", -1000, 1000),
        .network = network_setting(source, "CRI_ONESHOT_NETWORK"),
        .docker_root = absolute(source, "CRI_ONESHOT_DOCKER_ROOT", "/var/lib/docker"),
        .trace = settings_text(source, "CRI_ONESHOT_TRACE", ""),
        .record = absolute(source, "CRI_ONESHOT_RECORD", ""),
        .max_request = (size_t)max_request,
        .read_timeout_ms =
            settings_number(source, "CRI_ONESHOT_READ_TIMEOUT", "30000", 1, READ_TIMEOUT_MAX_MS),
        .log_opts = settings_text(source, "CRI_ONESHOT_LOG_OPTS", ""),
        .allow_tcp = yes_or_no(source, "CRI_ONESHOT_ALLOW_TCP"),
        .host_root = absolute(source, "CRI_ONESHOT_HOST_ROOT", ""),
    };
}

bool settings_load(struct settings *settings, settings_lookup *lookup, void *context,
                   struct err *err)
{
    read_settings(&(struct settings_source){ .lookup = lookup, .context = context, .err = err },
                  settings);
    return err->code == GRPC_OK;
}

/* ==== names ==== */

/* A name that is looked for among those that are asked for. */
struct search {
    const char *name;
    bool found;
    struct nearest nearest;
};

static const char *find_name(void *context, const char *name)
{
    struct search *search = context;

    search->found = search->found || strcmp(name, search->name) == 0;
    return NULL;
}

static const char *offer_name(void *context, const char *name)
{
    struct search *search = context;

    nearest_offer(&search->nearest, name);
    return NULL;
}

static void ask_for_all(struct search *search, settings_lookup *lookup, settings_reader *reader,
                        void *scratch)
{
    struct err ignored = { .code = GRPC_OK };

    reader(&(struct settings_source){ .lookup = lookup, .context = search, .err = &ignored },
           scratch);
}

/* What it may have meant is looked for only where there is no such name: that takes more than all
 * else that a small call does. */
static bool check_name(const char *name, settings_reader *reader, void *scratch, struct err *err)
{
    struct search search = { .name = name };
    char hint[NEAREST_HINT];

    ask_for_all(&search, find_name, reader, scratch);
    if (search.found)
        return true;
    nearest_start(&search.nearest, name);
    ask_for_all(&search, offer_name, reader, scratch);
    return err_set(err, GRPC_FAILED_PRECONDITION, "setting %s: there is none of this name%s", name,
                   nearest_hint(&search.nearest, hint));
}

bool settings_check(char *const *environment, const char *prefix, settings_reader *reader,
                    void *scratch, struct err *err)
{
    bool good = true;

    for (; *environment != NULL; environment++) {
        size_t length = strcspn(*environment, "=");
        char name[NAME_MAX_BYTES];

        if (!text_begins(*environment, prefix) || length >= sizeof(name) ||
            (*environment)[length] == '\0' || (*environment)[length + 1] == '\0')
            continue;
        memcpy(name, *environment, length);
        name[length] = '\0';
        good = check_name(name, reader, scratch, err) && good;
    }
    return good;
}

/* What an ExecSync has started has a mark of ours, which is no setting. */
static void read_settings_and_mark(const struct settings_source *source, void *settings)
{
    source->lookup(source->context, EXEC_MARKER);
    read_settings(source, settings);
}

bool settings_check_ours(char *const *environment, struct err *err)
{
    struct settings scratch;

    return settings_check(environment, "CRI_ONESHOT_", read_settings_and_mark, &scratch, err);
}
