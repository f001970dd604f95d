/* SPDX-License-Identifier: Apache-2.0 */
/* This file reads what a call finds around it.
 * It must not know any RPC. */
#include "surroundings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/file.h"

enum { CONFIG_MAX = 1024 * 1024 };

const char *surroundings_variable(void *context, const char *name)
{
    (void)context;
    return getenv(name);
}

static const char *variable_or(const char *name, const char *otherwise)
{
    const char *value = getenv(name);

    return value == NULL || *value == '\0' ? otherwise : value;
}

static const char *new_nonce(struct arena *arena)
{
    unsigned long long number = 0;

    /* No more than 256 bytes are always given at once (getrandom(2)). */
    if (getrandom(&number, sizeof(number), 0) != (ssize_t)sizeof(number))
        number = (unsigned long long)getpid();
    return arena_printf(arena, "%016llx", number);
}

/* As docker finds it: systemd's services may have no HOME. (getpwuid would need shared libraries,
 * which we are linked without.) */
static const char *home_folder(struct arena *arena)
{
    const char *home = variable_or("HOME", "");
    FILE *users = *home != '\0' ? NULL : fopen("/etc/passwd", "re");
    const struct passwd *user = NULL;

    while (users != NULL && *home == '\0' && (user = fgetpwent(users)) != NULL)
        if (user->pw_uid == getuid())
            home = arena_strdup(arena, user->pw_dir);
    if (users != NULL)
        fclose(users);
    return home;
}

/* Where docker looks for its configuration; "" when that cannot be told. */
static const char *config_folder(struct arena *arena)
{
    const char *folder = variable_or("DOCKER_CONFIG", "");
    const char *home = *folder == '\0' ? home_folder(arena) : "";
    char here[PATH_MAX];

    if (*home != '\0')
        folder = arena_printf(arena, "%s/.docker", home);
    if (*folder != '\0' && *folder != '/' && getcwd(here, sizeof(here)) != NULL)
        folder = arena_printf(arena, "%s/%s", here, folder);
    return *folder == '/' ? folder : "";
}

static const char *client_config(struct arena *arena, const char *folder)
{
    const char *text = "";
    struct buf content;

    buf_init(&content, CONFIG_MAX);
    if (*folder != '\0' &&
        file_read(AT_FDCWD, arena_printf(arena, "%s/config.json", folder), &content))
        text = arena_strndup(arena, content.data, content.length);
    buf_release(&content);
    return text;
}

/* As posix_spawnp finds it; "" when it does not. */
static const char *docker_path(struct arena *arena)
{
    const char *name = variable_or("CRI_ONESHOT_DOCKER", "docker");
    const char *folders = variable_or("PATH", "/bin:/usr/bin");

    if (strchr(name, '/') != NULL)
        return name;
    while (*folders != '\0') {
        size_t length = strcspn(folders, ":");
        const char *path =
            arena_printf(arena, "%.*s%s%s", (int)length, folders, length == 0 ? "" : "/", name);

        if (access(path, X_OK) == 0)
            return path;
        folders += length + (folders[length] == ':');
    }
    return "";
}

static const char *docker_program(struct arena *arena)
{
    static const char elf[] = "\177ELF";
    int fd = open(docker_path(arena), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    char start[sizeof(elf) - 1] = "";
    const char *kind = "script";

    if (fd < 0)
        return errno == ENOENT ? "file" : kind;
    if (read(fd, start, sizeof(start)) == (ssize_t)sizeof(start) &&
        memcmp(start, elf, sizeof(start)) == 0)
        kind = "file";
    close(fd);
    return kind;
}

void surroundings_read(struct arena *arena, struct surroundings *surroundings)
{
    *surroundings = (struct surroundings){
        .nonce = new_nonce(arena),
        .temp_dir = variable_or("TMPDIR", "/tmp"),
        .docker_config = "",
        .docker_client_config = "",
        .docker_cert_path = "",
        .docker_program = docker_program(arena),
        .selinux = access("/sys/fs/selinux/enforce", F_OK) == 0 ? "yes" : "no",
    };
    if (*surroundings->temp_dir != '/')
        surroundings->temp_dir = "/tmp";
}

void surroundings_read_docker(struct arena *arena, struct surroundings *surroundings)
{
    surroundings->docker_config = config_folder(arena);
    surroundings->docker_client_config = client_config(arena, surroundings->docker_config);
    surroundings->docker_cert_path = variable_or("DOCKER_CERT_PATH", surroundings->docker_config);
}
