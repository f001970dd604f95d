/* SPDX-License-Identifier: Apache-2.0 */
/* This file hands a container's environment to docker without showing a value in argv.
 * It must not know which command the options are for. */
#include <string.h>
#include <strings.h>

#include "base/document.h"
#include "base/text.h"
#include "base/utf8.h"
#include "cri/options.h"

enum {
    FILE_VALUE_MAX = 60 * 1024,        /* docker's reader takes lines of 64 KiB */
    ENV_VALUE_MAX = 128 * 1024 - 1024, /* one string of an environment (MAX_ARG_STRLEN) */
};

static bool check_variable(const CRI(KeyValue) *variable, struct err *err)
{
    const char *value = (const char *)variable->value.data;
    size_t length = variable->value.len;

    if (*variable->key == '\0' || strchr(variable->key, '=') != NULL)
        return err_set(err, GRPC_INVALID_ARGUMENT, "envs: the name \"%s\" is empty or holds \"=\"",
                       variable->key);
    if (length > 0 && (memchr(value, '\0', length) != NULL || !utf8_valid(value, length)))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "envs: the value of \"%s\" has a NUL byte or is not UTF-8, which docker "
                       "would change",
                       variable->key);
    return true;
}

bool environment_is_line(const ProtobufCBinaryData *value)
{
    return value->len == 0 ||
           (memchr(value->data, '\n', value->len) == NULL && value->data[value->len - 1] != '\r');
}

/* docker's reader of --env-file (seen on 20.10 and 28.2) strips leading blanks, skips lines that
 * start with "#", drops a carriage return at a line's end, and refuses names with blanks. */
static bool fits_file(const CRI(KeyValue) *variable)
{
    for (const char *at = variable->key; *at != '\0'; at++)
        if (*at <= ' ' || *at > '~')
            return false;
    return *variable->key != '#' && strlen(variable->key) + variable->value.len <= FILE_VALUE_MAX &&
           environment_is_line(&variable->value);
}

static bool name_begins(const char *name, const char *prefix)
{
    return strncasecmp(name, prefix, strlen(prefix)) == 0;
}

/* What acts on a program file in whose environment it is: the loader's and the C library's names,
 * the Go runtime's and its packages', docker's own, and those of the ssh that docker may start, and
 * of its shell. What else there is acts on scripts. */
static bool steers_docker(const char *name)
{
    static const char *const starts[] = { "DOCKER_", "BUILDKIT_", "BUILDX_", "GO",
                                          "LD_",     "GLIBC_",    "MALLOC_", "SSL_CERT_",
                                          "OTEL_",   "SSH_",      "XDG_",    "BASH_" };
    static const char *const names[] = { "HOME",        "PATH",      "TMPDIR",      "ENV",
                                         "SHELL",       "SHELLOPTS", "IFS",         "TZ",
                                         "TZDIR",       "ZONEINFO",  "LOCALDOMAIN", "RES_OPTIONS",
                                         "HOSTALIASES", "LOCPATH",   "GCONV_PATH",  NULL };
    size_t length = strlen(name);

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (name_begins(name, starts[i]))
            return true;
    return text_is_one_of_in_any_case(name, names) ||
           (length >= 6 && strcasecmp(name + length - 6, "_PROXY") == 0);
}

/* A docker that is a script has a shell's or another interpreter's names acting on it, which no
 * list has all of: it gets none. */
static bool push_by_environment(const struct call *call, const CRI(KeyValue) *variable,
                                struct plan *plan, struct err *err)
{
    int length = (int)variable->value.len;

    if (strcmp(call->surroundings->docker_program, "file") != 0)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "envs: the value of \"%s\" has a line break or is very long: docker takes "
                       "such a value only from its own environment, and the docker here is no "
                       "program file but a script, which a variable can steer",
                       variable->key);
    if (steers_docker(variable->key))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "envs: the value of \"%s\" has a line break or is very long: docker takes "
                       "such a value only from its own environment, where this name would steer "
                       "docker itself",
                       variable->key);
    if (strlen(variable->key) + variable->value.len > ENV_VALUE_MAX)
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "envs: the value of \"%s\" is longer than the %d bytes that docker's "
                       "command line can take",
                       variable->key, ENV_VALUE_MAX);
    strv_pushf(&plan->command.argv, "--env=%s", variable->key);
    strv_pushf(&plan->command.env, "%s=%.*s", variable->key, length,
               length == 0 ? "" : (const char *)variable->value.data);
    return true;
}

/* Of variables of one name the last one counts, as in a shell; docker would let any of the file
 * come before those of the environment. */
static bool *last_of_name(struct arena *arena, size_t count, CRI(KeyValue) *const *variables)
{
    bool *last = arena_array(arena, count, sizeof(*last));
    json_t *seen = json_object();

    for (size_t i = count; i > 0; i--) {
        const char *name = variables[i - 1]->key;

        last[i - 1] = json_object_get(seen, name) == NULL;
        json_object_set_new_nocheck(seen, name, json_null());
    }
    return last;
}

static size_t file_room(size_t count, CRI(KeyValue) *const *variables)
{
    size_t room = 0;

    for (size_t i = 0; i < count; i++)
        room += strlen(variables[i]->key) + variables[i]->value.len + 2;
    return room;
}

static void append_bytes(struct command_file *file, char *data, const void *bytes, size_t length)
{
    if (length > 0)
        memcpy(data + file->length, bytes, length);
    file->length += length;
}

bool push_environment(const struct call *call, size_t count, CRI(KeyValue) *const *variables,
                      struct plan *plan, struct err *err)
{
    char *data = arena_alloc(call->arena, file_room(count, variables) + 1);
    const bool *last = last_of_name(call->arena, count, variables);
    struct command_file file = { .data = data };

    for (size_t i = 0; i < count; i++) {
        const CRI(KeyValue) *variable = variables[i];

        if (!check_variable(variable, err))
            return false;
        if (!last[i])
            continue;
        if (!fits_file(variable)) {
            if (!push_by_environment(call, variable, plan, err))
                return false;
            continue;
        }
        append_bytes(&file, data, variable->key, strlen(variable->key));
        append_bytes(&file, data, "=", 1);
        append_bytes(&file, data, variable->value.data, variable->value.len);
        append_bytes(&file, data, "\n", 1);
    }
    if (file.length > 0) {
        strv_pushf(&plan->command.argv, "--env-file=/dev/fd/%d",
                   COMMAND_FIRST_FD + (int)plan->command.file_count);
        plan->command.files[plan->command.file_count++] = file;
    }
    return true;
}
