/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes log links.
 * It must not know any RPC. */
#include "host/loglink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "docker/id.h"

static bool refuse_link(const char *path, int failed, struct err *err)
{
    return err_set(err, GRPC_FAILED_PRECONDITION, "log path \"%s\": %s", path, strerror(failed));
}

static bool refuse_beneath(const char *directory, const char *name, int failed, struct err *err)
{
    const char *slash = directory[strlen(directory) - 1] == '/' ? "" : "/";

    return err_set(err, GRPC_FAILED_PRECONDITION, "log path \"%.1000s%s%.500s\": %s", directory,
                   slash, name, strerror(failed));
}

static int open_directory(const char *root, const char *directory)
{
    char path[PATH_MAX];
    int length = snprintf(path, sizeof(path), "%s%s", root, directory);

    if (length < 0 || (size_t)length >= sizeof(path)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Opens the folder that the last part of name is in, and points last at that part. */
static int descend(int directory, const char *name, const char **last)
{
    *last = name;
    while (directory >= 0 && strchr(*last, '/') != NULL) {
        size_t length = strcspn(*last, "/");
        char part[NAME_MAX + 1];
        int below = -1;

        if (length <= NAME_MAX) {
            memcpy(part, *last, length);
            part[length] = '\0';
            below = openat(directory, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        } else {
            errno = ENAMETOOLONG;
        }
        close(directory);
        directory = below;
        *last += length + 1;
    }
    return directory;
}

/* Whether it is ".../ID/ID-json.log", both the same 64 digits. */
static bool is_docker_log(const char *path)
{
    static const char digits[] = "0123456789abcdef";
    static const char ending[] = "-json.log";
    const char *last = strrchr(path, '/');
    size_t length = last == NULL ? 0 : strspn(last + 1, digits);

    return length == ID_DIGITS && strcmp(last + 1 + length, ending) == 0 &&
           last - path > ID_DIGITS && last[-ID_DIGITS - 1] == '/' &&
           strncmp(last - ID_DIGITS, last + 1, ID_DIGITS) == 0;
}

/* A link that an earlier container of this name has left. */
static bool is_log_link(int directory, const char *name)
{
    char target[PATH_MAX];
    ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);

    if (length < 0)
        return false;
    target[length] = '\0';
    return is_docker_log(target);
}

bool loglink_check(const char *root, const char *directory, const char *name, struct err *err)
{
    const char *last = NULL;
    int folder = descend(open_directory(root, directory), name, &last);

    int failed = 0;

    if (folder < 0)
        return refuse_beneath(directory, name, errno, err);
    if (faccessat(folder, ".", W_OK | X_OK, AT_EACCESS) != 0)
        failed = errno;
    else if (faccessat(folder, last, F_OK, AT_SYMLINK_NOFOLLOW) == 0 && !is_log_link(folder, last))
        failed = EEXIST;
    close(folder);
    return failed == 0 || refuse_beneath(directory, name, failed, err);
}

bool loglink_make(const char *root, const char *directory, const char *name, const char *target,
                  struct err *err)
{
    const char *last = NULL;
    int folder = descend(open_directory(root, directory), name, &last);
    bool made = false;
    int failed = 0;

    if (folder < 0)
        return refuse_beneath(directory, name, errno, err);
    made = symlinkat(target, folder, last) == 0;
    failed = errno;
    if (!made && failed == EEXIST && is_log_link(folder, last)) {
        made = unlinkat(folder, last, 0) == 0 && symlinkat(target, folder, last) == 0;
        failed = errno;
    }
    if (!made)
        refuse_beneath(directory, name, failed, err);
    close(folder);
    return made;
}

bool loglink_remove(const char *root, const char *path, const char *target, struct err *err)
{
    char folder[PATH_MAX];
    char found[PATH_MAX];
    const char *slash = strrchr(path, '/');
    ssize_t length = -1;
    int directory = -1;
    bool done = false;

    if (slash == NULL || (size_t)(slash - path) >= sizeof(folder))
        return true;
    memcpy(folder, path, (size_t)(slash - path));
    folder[slash - path] = '\0';
    directory = open_directory(root, folder);
    if (directory < 0)
        return errno == ENOENT || errno == ENOTDIR || refuse_link(path, errno, err);
    length = readlinkat(directory, slash + 1, found, sizeof(found));
    done = length < 0 || (size_t)length != strlen(target) ||
           memcmp(found, target, (size_t)length) != 0 || unlinkat(directory, slash + 1, 0) == 0 ||
           errno == ENOENT || refuse_link(path, errno, err);
    close(directory);
    return done;
}

const char *loglink_target(struct arena *arena, const char *docker_root, const char *id)
{
    return arena_printf(arena, "%s/containers/%s/%s-json.log", docker_root, id, id);
}
