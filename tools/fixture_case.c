/* SPDX-License-Identifier: Apache-2.0 */
/* This file finds the cases of fixtures and reads their files.
 * It must not know how a case is played. */
#include "fixture_case.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *const fixture_names[FIXTURE_FILES] = {
    [FIXTURE_ABOUT] = "about",
    [FIXTURE_SETTINGS] = "settings",
    [FIXTURE_SURROUNDINGS] = "surroundings",
    [FIXTURE_REQUEST_JSON] = "request.json",
    [FIXTURE_REQUEST_FRAME] = "request.frame",
    [FIXTURE_STDOUT] = "docker.stdout",
    [FIXTURE_STDERR] = "docker.stderr",
    [FIXTURE_EXIT] = "docker.exit",
    [FIXTURE_ARGV] = "argv",
    [FIXTURE_FD_3] = "fd.3",
    [FIXTURE_FD_4] = "fd.4",
    [FIXTURE_ENVIRON] = "environ",
    [FIXTURE_IGNORED] = "ignored",
    [FIXTURE_RESPONSE] = "response.json",
};

/* ==== the names in a directory, without those that start with a dot, sorted ==== */

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

/* A line break in a name would be printed as a line of its own. */
static bool is_printable(const char *name)
{
    for (; *name != '\0'; name++)
        if (iscntrl((unsigned char)*name))
            return false;
    return true;
}

static bool names_in(const char *directory, struct strv *names, struct err *err)
{
    struct dirent **entries = NULL;
    int count = scandir(directory, &entries, is_visible, alphasort);
    bool good = true;

    if (count < 0)
        return err_set(err, GRPC_NOT_FOUND, "%s: %s", directory, strerror(errno));
    for (int i = 0; i < count; i++) {
        good = good && is_printable(entries[i]->d_name);
        strv_push(names, entries[i]->d_name);
        free(entries[i]);
    }
    free(entries);
    return good || err_set(err, GRPC_INVALID_ARGUMENT,
                           "%s: there is a control character in a name in it", directory);
}

/* ==== finding ==== */

/* A link to a folder is none: it may lead back to where it is. */
static bool is_directory(const char *path)
{
    struct stat status = { 0 };

    return lstat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

bool fixture_find(const char *directory, struct strv *paths, struct err *err)
{
    struct strv names;
    struct strv below;
    bool is_case = false;

    strv_init(&names, paths->arena);
    strv_init(&below, paths->arena);
    if (!names_in(directory, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++) {
        const char *path = arena_printf(paths->arena, "%s/%s", directory, names.words[i]);

        if (is_directory(path))
            strv_push(&below, path);
        else
            is_case = is_case || strcmp(names.words[i], "README.md") != 0;
    }
    if (is_case) {
        strv_push(paths, directory);
        return true;
    }
    for (size_t i = 0; i < below.count; i++)
        if (!fixture_find(below.words[i], paths, err))
            return false;
    return true;
}

/* ==== reading ==== */

static bool read_file(struct arena *arena, const char *path, struct fixture_text *text,
                      struct err *err)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC); /* also of a pipe */
    FILE *file = fd < 0 ? NULL : fdopen(fd, "re");
    struct stat status = { 0 };
    char *data = NULL;

    if (file == NULL)
        return err_set(err, GRPC_NOT_FOUND, "%s: %s", path, strerror(errno));
    if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
        fclose(file);
        return err_set(err, GRPC_INVALID_ARGUMENT, "%s: is not a file", path);
    }
    data = arena_alloc(arena, (size_t)status.st_size + 1);
    text->data = data;
    text->length = fread(data, 1, (size_t)status.st_size, file);
    fclose(file);
    if (text->length != (size_t)status.st_size)
        return err_set(err, GRPC_UNAVAILABLE, "%s: cannot be read", path);
    return true;
}

bool fixture_read(struct arena *arena, const char *path, enum fixture_file file,
                  struct fixture_text *text, struct err *err)
{
    return fixture_read_path(arena, arena_printf(arena, "%s/%s", path, fixture_names[file]), text,
                             err);
}

bool fixture_read_path(struct arena *arena, const char *path, struct fixture_text *text,
                       struct err *err)
{
    *text = (struct fixture_text){ .data = NULL };
    return (access(path, F_OK) != 0 && errno == ENOENT) || read_file(arena, path, text, err);
}

static bool load_named(struct arena *arena, const char *name, struct fixture *fixture,
                       struct err *err)
{
    const char *path = arena_printf(arena, "%s/%s", fixture->path, name);

    for (size_t i = 0; i < FIXTURE_FILES; i++)
        if (strcmp(fixture_names[i], name) == 0)
            return read_file(arena, path, &fixture->files[i], err);
    return err_set(err, GRPC_INVALID_ARGUMENT, "%s: no case has such a file", name);
}

bool fixture_load(struct arena *arena, const char *path, struct fixture *fixture, struct err *err)
{
    const struct fixture_text *files = NULL;
    struct strv names;

    *fixture = (struct fixture){ .path = path };
    files = fixture->files;
    strv_init(&names, arena);
    if (!names_in(path, &names, err))
        return false;
    for (size_t i = 0; i < names.count; i++)
        if (!load_named(arena, names.words[i], fixture, err))
            return false;
    if (files[FIXTURE_ABOUT].length == 0)
        return err_set(err, GRPC_INVALID_ARGUMENT, "about: does not say what the case is for");
    if ((files[FIXTURE_REQUEST_JSON].data == NULL) == (files[FIXTURE_REQUEST_FRAME].data == NULL))
        return err_set(err, GRPC_INVALID_ARGUMENT,
                       "one of request.json and request.frame is needed, and only one");
    return true;
}

bool fixture_expects(const struct fixture *fixture)
{
    for (size_t i = FIXTURE_EXPECTED; i < FIXTURE_FILES; i++)
        if (fixture->files[i].data != NULL)
            return true;
    return false;
}
