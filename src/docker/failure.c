/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads docker's failures.
 * It must not know which RPC failed. */
#include "docker/failure.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/strv.h"
#include "base/text.h"
#include "docker/brief.h"

/* The first match wins. Wordings of docker 20.10, 26 and 28, command line and engine; of registries
 * as the engine passes them on ("CODE: message" of the distribution's error codes, the HTTP status
 * of what is none of these); of the kernel as the engine tells it. A kernel's "invalid argument" is
 * the caller's only where it says to what: a layer's lchown is none of that. What quotes a caller's
 * word, a program or a user, comes before what such a word could be taken for; a proxy that refuses
 * says its HTTP status alone. */
const struct failure_row failure_rows[] = {
    { "permission denied while trying to connect", GRPC_PERMISSION_DENIED },
    { "cannot connect to the docker daemon", GRPC_UNAVAILABLE },
    { "failed to connect to the docker api", GRPC_UNAVAILABLE },
    { "error during connect", GRPC_UNAVAILABLE },
    { "docker.sock*connect: connection refused", GRPC_UNAVAILABLE },
    { "unable to resolve docker endpoint", GRPC_UNAVAILABLE },
    { "client version * is too", GRPC_FAILED_PRECONDITION },
    { "error getting credentials", GRPC_FAILED_PRECONDITION },
    { "executable file not found", GRPC_INVALID_ARGUMENT },
    { "exec: \"*: no such file or directory", GRPC_INVALID_ARGUMENT },
    { "exec: \"*: is a directory", GRPC_INVALID_ARGUMENT },
    { "exec: \"*: permission denied", GRPC_INVALID_ARGUMENT },
    { "unable to find user", GRPC_INVALID_ARGUMENT },
    { "chdir to cwd", GRPC_INVALID_ARGUMENT },
    { "cannot join network of a non running container", GRPC_FAILED_PRECONDITION },
    { "cannot start a paused container", GRPC_FAILED_PRECONDITION },
    { "no such container", GRPC_NOT_FOUND },
    { "no such object", GRPC_NOT_FOUND },
    { "no such image", GRPC_NOT_FOUND },
    { "no such network", GRPC_NOT_FOUND },
    { "network * not found", GRPC_NOT_FOUND },
    { "manifest unknown", GRPC_NOT_FOUND },
    { "manifest for * not found", GRPC_NOT_FOUND },
    { "repository * not found", GRPC_NOT_FOUND },
    { "^name unknown$", GRPC_NOT_FOUND },
    { "^blob unknown$", GRPC_NOT_FOUND },
    { "^unknown blob$", GRPC_NOT_FOUND },
    { "no matching manifest for", GRPC_NOT_FOUND },
    { "no match for platform in manifest", GRPC_NOT_FOUND },
    { "failed to resolve reference*: not found", GRPC_NOT_FOUND },
    { "conflict. the container name * is already in use", GRPC_ALREADY_EXISTS },
    { "no space left on device", GRPC_RESOURCE_EXHAUSTED },
    { "disk quota exceeded", GRPC_RESOURCE_EXHAUSTED },
    { "cannot allocate memory", GRPC_RESOURCE_EXHAUSTED },
    { "too many open files", GRPC_RESOURCE_EXHAUSTED },
    { "resource temporarily unavailable", GRPC_RESOURCE_EXHAUSTED },
    { "no available ip", GRPC_RESOURCE_EXHAUSTED },
    { "toomanyrequests", GRPC_RESOURCE_EXHAUSTED },
    { "too many requests", GRPC_RESOURCE_EXHAUSTED },
    { "http 429 response", GRPC_RESOURCE_EXHAUSTED },
    { "verification failed for digest", GRPC_DATA_LOSS },
    { "unexpected commit digest", GRPC_DATA_LOSS },
    { "don't match image configuration", GRPC_DATA_LOSS },
    { "invalid tar header", GRPC_DATA_LOSS },
    { "failed to register layer", GRPC_FAILED_PRECONDITION },
    { "failed to extract layer", GRPC_FAILED_PRECONDITION },
    { "unknown flag", GRPC_UNIMPLEMENTED },
    { "unknown shorthand flag", GRPC_UNIMPLEMENTED },
    { "requires api v", GRPC_UNIMPLEMENTED },
    { "unexpected key 'bind-recursive'", GRPC_UNIMPLEMENTED },
    { "unexpected key 'image-subpath'", GRPC_UNIMPLEMENTED },
    { "invalid mount config*type image", GRPC_UNIMPLEMENTED },
    { "mount type unknown", GRPC_UNIMPLEMENTED },
    { "could not select device driver \"cdi\"", GRPC_UNIMPLEMENTED },
    { "cdi device injection failed", GRPC_FAILED_PRECONDITION },
    { "no basic auth credentials", GRPC_UNAUTHENTICATED },
    { "authentication required", GRPC_UNAUTHENTICATED },
    { "incorrect username or password", GRPC_UNAUTHENTICATED },
    { "unauthorized", GRPC_UNAUTHENTICATED },
    { "http 401 response", GRPC_UNAUTHENTICATED },
    { "pull access denied", GRPC_PERMISSION_DENIED },
    { "^denied$", GRPC_PERMISSION_DENIED },
    { "http 403 response", GRPC_PERMISSION_DENIED },
    { "unexpected*status*: 403", GRPC_PERMISSION_DENIED },
    { "http 404 response", GRPC_NOT_FOUND },
    { "unexpected*status*: 404", GRPC_NOT_FOUND },
    { "unexpected*status*: 5", GRPC_UNAVAILABLE },
    { "^unavailable$", GRPC_UNAVAILABLE },
    { "^service unavailable$", GRPC_UNAVAILABLE },
    { "^bad gateway$", GRPC_UNAVAILABLE },
    { "^gateway timeout$", GRPC_UNAVAILABLE },
    { "^forbidden$", GRPC_PERMISSION_DENIED },
    { "conflicting options: hostname", GRPC_INVALID_ARGUMENT },
    { "conflict: unable to", GRPC_FAILED_PRECONDITION },
    { "is not running", GRPC_FAILED_PRECONDITION },
    { "is paused", GRPC_FAILED_PRECONDITION },
    { "is restarting", GRPC_FAILED_PRECONDITION },
    { "is marked for removal", GRPC_FAILED_PRECONDITION },
    { "port is already allocated", GRPC_FAILED_PRECONDITION },
    { "address already in use", GRPC_FAILED_PRECONDITION },
    { "cannot assign requested address", GRPC_FAILED_PRECONDITION },
    { "but it is not a shared mount", GRPC_FAILED_PRECONDITION },
    { "but it is not a shared or slave mount", GRPC_FAILED_PRECONDITION },
    { "unable to set memory limit", GRPC_FAILED_PRECONDITION },
    { FAILURE_LOST_CHILD, GRPC_FAILED_PRECONDITION },
    { "unable to apply caps", GRPC_FAILED_PRECONDITION },
    { "no command specified", GRPC_INVALID_ARGUMENT },
    { "error gathering device information", GRPC_INVALID_ARGUMENT },
    { "opening seccomp profile", GRPC_INVALID_ARGUMENT },
    { "seccomp profile", GRPC_INVALID_ARGUMENT },
    { "is not a valid action for seccomp", GRPC_INVALID_ARGUMENT },
    { "invalid capadd", GRPC_INVALID_ARGUMENT },
    { "invalid capdrop", GRPC_INVALID_ARGUMENT },
    { "unknown capability", GRPC_INVALID_ARGUMENT },
    { "invalid value * for cpuset", GRPC_INVALID_ARGUMENT },
    { "not allowed in host network namespace", GRPC_INVALID_ARGUMENT },
    { "invalid reference format", GRPC_INVALID_ARGUMENT },
    { "is a reserved name", GRPC_INVALID_ARGUMENT },
    { "^name invalid$", GRPC_INVALID_ARGUMENT },
    { "unsupported media type", GRPC_INVALID_ARGUMENT },
    { "^encountered remote \"", GRPC_INVALID_ARGUMENT },
    { "docker image format v1", GRPC_INVALID_ARGUMENT },
    { "invalid container name", GRPC_INVALID_ARGUMENT },
    { "invalid argument \"", GRPC_INVALID_ARGUMENT },
    { "/sys/*: invalid argument", GRPC_INVALID_ARGUMENT },
    { "conflicting options", GRPC_INVALID_ARGUMENT },
    { "invalid mount config", GRPC_INVALID_ARGUMENT },
    { "invalid volume specification", GRPC_INVALID_ARGUMENT },
    { "duplicate mount point", GRPC_INVALID_ARGUMENT },
    { "minimum memory limit", GRPC_INVALID_ARGUMENT },
    { "minimum memoryswap limit", GRPC_INVALID_ARGUMENT },
    { "requested cpus are not available", GRPC_INVALID_ARGUMENT },
    { "requested memory nodes are not available", GRPC_INVALID_ARGUMENT },
    { "is not whitelisted", GRPC_INVALID_ARGUMENT },
    { "is not allowed", GRPC_INVALID_ARGUMENT },
    { "invalid signal", GRPC_INVALID_ARGUMENT },
    { "unknown or invalid runtime", GRPC_INVALID_ARGUMENT },
    { "unknown runtime", GRPC_INVALID_ARGUMENT },
    { "proc/sys/*: no such file or directory", GRPC_INVALID_ARGUMENT },
    { "exec format error", GRPC_INVALID_ARGUMENT },
    { "not a directory", GRPC_INVALID_ARGUMENT },
    { "not supported", GRPC_UNIMPLEMENTED },
    { "no such host", GRPC_UNAVAILABLE },
    { "dial tcp", GRPC_UNAVAILABLE },
    { "i/o timeout", GRPC_UNAVAILABLE },
    { "client.timeout", GRPC_UNAVAILABLE },
    { "context deadline exceeded", GRPC_UNAVAILABLE },
    { "tls handshake", GRPC_UNAVAILABLE },
    { "x509:", GRPC_UNAVAILABLE },
    { "^tls:", GRPC_UNAVAILABLE },
    { "server gave http response to https client", GRPC_UNAVAILABLE },
    { "connection refused", GRPC_UNAVAILABLE },
    { "connection reset by peer", GRPC_UNAVAILABLE },
    { "broken pipe", GRPC_UNAVAILABLE },
    { "http2:", GRPC_UNAVAILABLE },
    { "^stream error:", GRPC_UNAVAILABLE },
    { "^eof$", GRPC_UNAVAILABLE },
    { "^unexpected eof$", GRPC_UNAVAILABLE },
};

const size_t failure_row_count = sizeof(failure_rows) / sizeof(failure_rows[0]);

/* No error has room for more. */
enum { TEXT_ENOUGH = 2048, LOOKED_AT = 64 * 1024 };

static const char *find(const char *at, const char *end, const char *piece, size_t length)
{
    int first = tolower((unsigned char)*piece);

    for (; (size_t)(end - at) >= length; at++)
        if (length == 0 ||
            (tolower((unsigned char)*at) == first && strncasecmp(at, piece, length) == 0))
            return at;
    return NULL;
}

/* Whether a part of the text starts here: "denied: …" of a registry, and not "permission denied: …"
 * of the kernel. */
static bool starts_part(const char *text, const char *at)
{
    return at == text || (at - text >= 2 && at[-1] == ' ' && (at[-2] == ':' || at[-2] == ';'));
}

static bool ends_part(const char *at)
{
    return *at == '\0' || strchr(":;.", *at) != NULL;
}

static bool matches_from(const char *at, const char *end, const char *pattern)
{
    while (*pattern != '\0' && *pattern != '$') {
        size_t length = strcspn(pattern, "*$");
        const char *found = find(at, end, pattern, length);

        if (found == NULL)
            return false;
        at = found + length;
        pattern += length + (pattern[length] == '*');
    }
    return *pattern == '\0' || ends_part(at);
}

bool failure_matches(const char *text, const char *pattern)
{
    const char *end = text + strnlen(text, LOOKED_AT);
    size_t length = strcspn(pattern, "*$");

    if (*pattern != '^')
        return matches_from(text, end, pattern);
    for (const char *at = text; (at = find(at, end, pattern + 1, length - 1)) != NULL; at++)
        if (starts_part(text, at) && matches_from(at, end, pattern + 1))
            return true;
    return false;
}

enum grpc_code failure_code(const char *text)
{
    for (size_t i = 0; i < failure_row_count; i++)
        if (failure_matches(text, failure_rows[i].pattern))
            return failure_rows[i].code;
    return GRPC_UNKNOWN;
}

bool failure_has_word(const char *text)
{
    for (size_t i = 0; i < failure_row_count; i++)
        if (strcasestr(failure_rows[i].pattern, text) != NULL)
            return true;
    return false;
}

static const char *without_prefix(const char *line)
{
    static const char *const prefixes[] = { "docker: ", "Error response from daemon: ", "Error: " };
    bool again = true;

    while (again) {
        again = false;
        for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
            size_t length = strlen(prefixes[i]);

            if (strncmp(line, prefixes[i], length) == 0) {
                line += length;
                again = true;
            }
        }
    }
    return line;
}

static bool is_noise(const char *line)
{
    static const char *const starts[] = { "See 'docker ",
                                          "Run 'docker ",
                                          "Usage:",
                                          "For more help",
                                          "WARNING: ",
                                          "Unable to find image",
                                          "failed to start containers: " };

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
        if (text_begins(line, starts[i]))
            return true;
    return *line == '\0';
}

static struct strv lines_of(struct arena *arena, const char *text)
{
    struct strv lines;

    strv_init(&lines, arena);
    while (*text != '\0') {
        size_t length = strcspn(text, "\r\n");

        strv_push(&lines, arena_strndup(arena, text, length));
        text += length + (text[length] != '\0');
    }
    return lines;
}

/* Where an error begins, progress of an implied pull may stand before it. */
static size_t first_error(const struct strv *lines)
{
    for (size_t i = 0; i < lines->count; i++)
        if (without_prefix(lines->words[i]) != lines->words[i])
            return i;
    return 0;
}

const char *failure_text(struct arena *arena, const struct docker_result *result)
{
    size_t length = result->stderr_length;
    struct strv lines = lines_of(arena, brief_text(arena, result->stderr_text, &length));
    const char *text = "";

    for (size_t i = first_error(&lines); i < lines.count && strlen(text) < TEXT_ENOUGH; i++) {
        const char *line = without_prefix(lines.words[i]);

        if (!is_noise(line))
            text = *text == '\0' ? line : arena_printf(arena, "%s; %s", text, line);
    }
    length = strlen(text);
    if (length > 0 && text[length - 1] == '.')
        length--;
    if (length == 0)
        return arena_printf(arena, "docker exited with %d and said nothing", result->exit_code);
    return arena_strndup(arena, text, length);
}

bool failure_set(struct arena *arena, const struct docker_result *result, struct err *err)
{
    const char *text = failure_text(arena, result);

    if (result->signal != 0)
        return err_set(err, GRPC_INTERNAL, "docker's command line was killed by signal %d",
                       result->signal);
    return err_set(err, failure_code(text), "%s", text);
}

bool failure_is_unknown(const struct docker_result *result, const char *id)
{
    static const char *const patterns[] = { "No such container: ", "No such object: " };

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        const char *said = result->stderr_text;
        const char *found = find(said, said + strlen(said), patterns[i], strlen(patterns[i]));
        size_t length = strlen(id);

        if (found == NULL)
            continue;
        if (strncmp(found + strlen(patterns[i]), id, length) == 0)
            return true;
    }
    return false;
}
