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

bool fixture_differs(const struct fixture *fixture, const struct fixture_text *out,
                     enum fixture_file file)
{
    const struct fixture_text *wanted = &fixture->files[file];
    const struct fixture_text *got = &out[file];

    if (wanted->data == NULL || got->data == NULL)
        return wanted->data != got->data;
    return wanted->length != got->length || memcmp(wanted->data, got->data, got->length) != 0;
}

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

/* A file without a name that holds the text, read from its start. */
static int memory_file(const struct fixture_text *text)
{
    int fd = memfd_create("out", MFD_CLOEXEC);

    if (fd >= 0 && text->length > 0 && write(fd, text->data, text->length) < 0) {
        close(fd);
        return -1;
    }
    if (fd >= 0)
        lseek(fd, 0, SEEK_SET);
    return fd;
}

static bool spawn_diff(const char *path, const char *name, int in, int out, pid_t *pid)
{
    char *const words[] = { (char[]){ "diff" },
                            (char[]){ "--text" },
                            (char[]){ "--unified" },
                            (char[]){ "--label" },
                            (char *)(uintptr_t)name,
                            (char[]){ "--label" },
                            (char[]){ "what came out" },
                            (char[]){ "--" },
                            (char *)(uintptr_t)path,
                            (char[]){ "-" },
                            NULL };
    char *const environment[] = { (char[]){ "LC_ALL=C" }, NULL };
    posix_spawn_file_actions_t actions;
    int failure = 0;

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    failure = posix_spawnp(pid, words[0], &actions, NULL, words, environment);
    posix_spawn_file_actions_destroy(&actions);
    return failure == 0;
}

static void print_commented(FILE *file)
{
    bool at_start = true;

    for (int byte = getc(file); byte != EOF; byte = getc(file)) {
        if (at_start)
            fputs("# ", stdout);
        putchar(byte);
        at_start = byte == '\n';
    }
    if (!at_start)
        putchar('\n');
}

void fixture_show(const struct fixture *fixture, const struct fixture_text *out,
                  enum fixture_file file)
{
    char path[PATH_MAX];
    int ends[2] = { -1, -1 };
    int in = memory_file(&out[file]);
    pid_t pid = -1;
    FILE *lines = NULL;

    if (in < 0 || !path_of(fixture, file, path) || pipe2(ends, O_CLOEXEC) != 0 ||
        !spawn_diff(fixture->files[file].data == NULL ? "/dev/null" : path, fixture_names[file], in,
                    ends[1], &pid))
        printf("# %s: differs, and diff does not run\n", fixture_names[file]);
    if (in >= 0)
        close(in);
    if (ends[1] >= 0)
        close(ends[1]);
    if (ends[0] >= 0 && (lines = fdopen(ends[0], "re")) != NULL) {
        print_commented(lines);
        fclose(lines);
    }
    if (pid > 0)
        waitpid(pid, NULL, 0);
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
