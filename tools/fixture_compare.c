/* SPDX-License-Identifier: Apache-2.0 */
/* This file shows differences, by diff(1), and writes expected files.
 * It must not know how a case is played. */
#include "fixture_compare.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "json.h"

bool fixture_differs(const struct fixture *fixture, const struct fixture_text *out,
                     enum fixture_file file)
{
    const struct fixture_text *wanted = &fixture->files[file];
    const struct fixture_text *got = &out[file];

    if (wanted->data == NULL || got->data == NULL)
        return wanted->data != got->data;
    return wanted->length != got->length || memcmp(wanted->data, got->data, got->length) != 0;
}

/* ==== showing ==== */

/* How many JSON documents the text is; 0: it is something else. file: where they are written, with
 * a member a line. */
static size_t documents_of(const struct fixture_text *text, FILE *file)
{
    const char *at = text->data;
    size_t left = text->length;
    size_t count = 0;
    json_error_t error;

    for (; left > 0 && strspn(at, " \n") < left; count++) {
        json_t *json = json_loadb(at, left, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &error);

        if (json == NULL)
            return 0;
        if (file != NULL && (json_dumpf(json, file, JSON_INDENT(2)) != 0 || putc('\n', file) < 0))
            return 0;
        at += error.position;
        left -= (size_t)error.position;
    }
    return count;
}

/* A stream has each of its documents on one line: spread over lines, they differ where they do. */
static bool are_streams(const struct fixture_text *expected, const struct fixture_text *got)
{
    size_t count = documents_of(got, NULL);
    size_t other = expected->data == NULL ? 1 : documents_of(expected, NULL);

    return count > 0 && other > 0 && (count > 1 || other > 1);
}

/* A file without a name that holds the text, read from its start. */
static int memory_file(const struct fixture_text *text, bool spread)
{
    int fd = memfd_create("text", MFD_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(dup(fd), "we");
    bool written =
        file != NULL && (text->data == NULL || (spread && documents_of(text, file) > 0) ||
                         fwrite(text->data, 1, text->length, file) == text->length);

    if (file != NULL && fclose(file) == 0 && written && lseek(fd, 0, SEEK_SET) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool spawn_diff(const char *name, int expected, int got, int to, pid_t *pid)
{
    char *const words[] = { (char[]){ "diff" },
                            (char[]){ "--text" },
                            (char[]){ "--unified" },
                            (char[]){ "--label" },
                            (char *)(uintptr_t)name,
                            (char[]){ "--label" },
                            (char[]){ "what came out" },
                            (char[]){ "--" },
                            (char[]){ "/dev/fd/3" },
                            (char[]){ "-" },
                            NULL };
    char *const environment[] = { (char[]){ "LC_ALL=C" }, NULL };
    posix_spawn_file_actions_t actions;
    int failure = 0;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, got, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, to, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, expected, 3);
    failure = posix_spawnp(pid, words[0], &actions, NULL, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    return failure == 0;
}

static void print_commented(FILE *to, FILE *file)
{
    bool at_start = true;

    for (int byte = getc(file); byte != EOF; byte = getc(file)) {
        if (at_start)
            fputs("# ", to);
        putc(byte, to);
        at_start = byte == '\n';
    }
    if (!at_start)
        putc('\n', to);
}

/* Prints the difference of two files. False when diff does not run. */
static bool show(FILE *to, const char *name, int expected, int got)
{
    int ends[2] = { -1, -1 };
    pid_t pid = -1;
    FILE *lines = NULL;
    bool started = false;

    if (expected < 0 || got < 0 || pipe2(ends, O_CLOEXEC) != 0)
        return false;
    started = spawn_diff(name, expected, got, ends[1], &pid);
    close(ends[1]);
    lines = fdopen(ends[0], "re");
    if (lines != NULL) {
        print_commented(to, lines);
        fclose(lines);
    }
    if (started)
        waitpid(pid, NULL, 0);
    return started;
}

void fixture_show(struct arena *arena, FILE *to, const struct fixture *fixture,
                  const struct fixture_text *out, enum fixture_file file)
{
    int expected = -1;
    int got = -1;
    bool spread = false;

    json_use(arena);
    spread = file == FIXTURE_RESPONSE && are_streams(&fixture->files[file], &out[file]);
    expected = memory_file(&fixture->files[file], spread);
    got = memory_file(&out[file], spread);
    if (!show(to, fixture_names[file], expected, got))
        fprintf(to, "# %s: differs, and diff does not run\n", fixture_names[file]);
    if (expected >= 0)
        close(expected);
    if (got >= 0)
        close(got);
}

/* ==== updating ==== */

/* The path of one of the case's files; false with errno when it is too long. */
static bool path_of(const struct fixture *fixture, enum fixture_file file, char path[PATH_MAX])
{
    int length = snprintf(path, PATH_MAX, "%s/%s", fixture->path, fixture_names[file]);

    errno = ENAMETOOLONG;
    return length > 0 && length < PATH_MAX;
}

static bool write_whole(FILE *file, const struct fixture_text *text)
{
    bool written = fwrite(text->data, 1, text->length, file) == text->length;

    return fclose(file) == 0 && written;
}

bool fixture_update(const struct fixture *fixture, const struct fixture_text *out,
                    enum fixture_file file)
{
    char path[PATH_MAX];
    FILE *stream = NULL;

    if (!path_of(fixture, file, path))
        return false;
    if (out[file].data == NULL)
        return unlink(path) == 0;
    stream = fopen(path, "we");
    return stream != NULL && write_whole(stream, &out[file]);
}
