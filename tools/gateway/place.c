/* SPDX-License-Identifier: Apache-2.0 */
/* This file makes a listening socket where nobody can get in its way, and removes it.
 * It must not know who connects to the socket. */
#include "gateway/place.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

enum { BACKLOG = 1024, MASK = 0777, TURNS = 500, TURN_MS = 10 };

static bool complain(const struct place *place, const char *what)
{
    fprintf(stderr, "cri-gateway: \"%s\": %s\n", place->path, what);
    return false;
}

/* ==== the folder ==== */

/* Who owns the folder, or may write to it where it is not sticky, may replace our socket by a link
 * to any file while we work on it. */
static bool check_folder(struct place *place)
{
    struct stat folder = { 0 };

    if (fstat(place->folder, &folder) != 0)
        return complain(place, strerror(errno));
    if (folder.st_uid != 0 && folder.st_uid != geteuid())
        return complain(place, "is in another user's folder, who could replace it");
    place->shared = (folder.st_mode & (S_IWGRP | S_IWOTH)) != 0;
    if (place->shared && (folder.st_mode & S_ISVTX) == 0)
        return complain(place, "is in a folder where others can replace it");
    return true;
}

static bool open_place(struct place *place)
{
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    const char *slash = strrchr(place->path, '/');

    if (*place->path == '\0' || strlen(place->path) >= sizeof(path))
        return complain(place, "is no path that a socket can have");
    place->name = slash == NULL ? place->path : slash + 1;
    snprintf(path, sizeof(path), "%.*s", (int)(place->name - place->path), place->path);
    place->folder = open(*path == '\0' ? "." : path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place->folder < 0)
        return complain(place, strerror(errno));
    return check_folder(place);
}

/* One at a time looks at what is there, and makes or removes a socket. In a shared folder anyone
 * might hold the lock for ever: nobody is waited for longer than a start takes. */
static bool lock_folder(const struct place *place)
{
    for (int i = 0; i < TURNS; i++) {
        if (flock(place->folder, LOCK_EX | LOCK_NB) == 0)
            return true;
        if (errno != EWOULDBLOCK && errno != EINTR)
            return complain(place, strerror(errno));
        poll(NULL, 0, TURN_MS);
    }
    return complain(place, "its folder is locked");
}

/* ==== the socket ==== */

static struct sockaddr_un address_of(const struct place *place)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    memcpy(address.sun_path, place->path, strlen(place->path));
    return address;
}

static bool is_left_behind(const struct place *place)
{
    struct sockaddr_un address = address_of(place);
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool left = probe >= 0 && connect(probe, (struct sockaddr *)&address, sizeof(address)) != 0 &&
                errno == ECONNREFUSED;

    fd_close(&probe);
    return left;
}

/* What an earlier listener has left behind is removed; anything else is not ours. */
static bool clear_name(const struct place *place, uid_t user)
{
    struct stat found = { 0 };

    if (fstatat(place->folder, place->name, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || complain(place, strerror(errno));
    if (!S_ISSOCK(found.st_mode))
        return complain(place, "is there already, and no socket");
    if (!is_left_behind(place))
        return complain(place, "somebody listens on it");
    if (place->shared && found.st_uid != geteuid() && found.st_uid != user)
        return complain(place, "is another user's socket");
    return unlinkat(place->folder, place->name, 0) == 0 || complain(place, strerror(errno));
}

/* By a descriptor of the file itself, so that no link is followed. */
static bool give_away(struct place *place, int file, mode_t mode, uid_t user, gid_t group)
{
    char path[sizeof("/proc/self/fd/") + 3 * sizeof(file)];

    snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
    if (file < 0 || fstat(file, &place->made) != 0)
        return false;
    errno = EPERM;
    return S_ISSOCK(place->made.st_mode) && place->made.st_uid == geteuid() &&
           fchownat(file, "", user, group, AT_EMPTY_PATH) == 0 && chmod(path, mode) == 0;
}

/* From its first moment nobody can connect to it who may not. */
static bool bind_name(struct place *place, mode_t mode, uid_t user, gid_t group)
{
    struct sockaddr_un address = address_of(place);
    mode_t before = umask(MASK);
    int failed = bind(place->fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    int file = -1;

    umask(before);
    if (failed != 0)
        return complain(place, strerror(failed));
    file = openat(place->folder, place->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (!give_away(place, file, mode, user, group) || listen(place->fd, BACKLOG) != 0)
        failed = errno;
    fd_close(&file);
    if (failed == 0)
        return true;
    unlinkat(place->folder, place->name, 0);
    return complain(place, strerror(failed));
}

bool place_open(struct place *place, const char *path, mode_t mode, uid_t user, gid_t group)
{
    bool made = false;

    *place = (struct place){ .path = path, .folder = -1, .fd = -1 };
    if (!open_place(place) || !lock_folder(place))
        return false;
    place->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (place->fd < 0)
        complain(place, strerror(errno));
    else
        made = clear_name(place, user) && bind_name(place, mode, user, group);
    flock(place->folder, LOCK_UN);
    return made;
}

void place_remove(struct place *place)
{
    struct stat found = { 0 };

    fd_close(&place->fd);
    if (!lock_folder(place))
        return;
    if (fstatat(place->folder, place->name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
        found.st_ino == place->made.st_ino && found.st_dev == place->made.st_dev)
        unlinkat(place->folder, place->name, 0);
    flock(place->folder, LOCK_UN);
}

void place_close(struct place *place)
{
    fd_close(&place->fd);
    fd_close(&place->folder);
}
