/* SPDX-License-Identifier: Apache-2.0 */
/* This file is cri-gateway: a gRPC server for the CRI that runs cri-oneshot for each RPC.
 * It must not know HTTP/2, nor what any RPC means. */
#include <getopt.h>
#include <grp.h>
#include <limits.h>
#include <malloc.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/inherit.h"
#include "base/program.h"
#include "base/version.h"
#include "gateway/listen.h"
#include "gateway/session.h"
#include "settings.h"
#include "surroundings.h"

enum { USAGE = 2, OCTAL = 8, MODE_MAX = 0777, CONNECTIONS = 1024, CONNECTIONS_MAX = 65536 };

static const char help[] =
    "usage: cri-gateway              serve gRPC to the client on standard input and output, as\n"
    "                                systemd (Accept=yes) and inetd start it\n"
    "       cri-gateway --listen=SOCKET [--mode=0600] [--owner=USER[:GROUP]]\n"
    "                                [--connections=1024]\n"
    "                                listen on a unix socket, with a process for each connection\n"
    "       cri-gateway --compositions   print the RPCs that take several runs of cri-oneshot\n"
    "       cri-gateway --version | --help\n"
    "\n"
    "Each RPC runs cri-oneshot, with the settings of our environment (CRI_ONESHOT_...).\n"
    "\n"
    "CRI_GATEWAY_TRANSLATOR    the translator (the cri-oneshot beside cri-gateway, else on PATH)\n"
    "CRI_GATEWAY_CHILDREN      translators at once for one connection (128)\n"
    "CRI_GATEWAY_ALL_CHILDREN  translators at once for all connections of --listen (256)\n"
    "CRI_GATEWAY_IDLE_TIMEOUT  milliseconds until a connection without an RPC is ended (300000)\n"
    "\n"
    "exit status: 0 done, 1 it could not serve, 2 wrong usage\n";

struct options {
    struct listen_options listen;
    bool compositions;
};

static int wrong_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int wrong_usage(const char *format, ...)
{
    va_list arguments;

    fputs("cri-gateway: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs("\ncri-gateway --help shows what there is\n", stderr);
    return USAGE;
}

/* ==== settings ==== */

/* Where the settings of ours go. */
struct own {
    struct gateway *gateway;
    struct listen_options *listen;
};

static void read_own(const struct settings_source *source, void *target)
{
    enum { ALL_CHILDREN_MAX = 16384, DAY_MS = 24 * 3600 * 1000 };
    const struct own *own = target;
    struct gateway *gateway = own->gateway;

    gateway->translator = settings_text(source, "CRI_GATEWAY_TRANSLATOR", "");
    gateway->children =
        (size_t)settings_number(source, "CRI_GATEWAY_CHILDREN", "128", 1, GATEWAY_CHILDREN_MAX);
    own->listen->children =
        (size_t)settings_number(source, "CRI_GATEWAY_ALL_CHILDREN", "256", 1, ALL_CHILDREN_MAX);
    gateway->idle_timeout_ms =
        settings_number(source, "CRI_GATEWAY_IDLE_TIMEOUT", "300000", 1, DAY_MS);
}

static void load_settings(struct gateway *gateway, struct listen_options *listen)
{
    struct own own = { gateway, listen };
    static char path[PATH_MAX];
    struct settings_source source = { .lookup = surroundings_variable, .err = &gateway->err };

    /* The first time for the names alone. */
    settings_check(environ, "CRI_GATEWAY_", read_own, &own, &gateway->err);
    settings_check_ours(environ, &gateway->err);
    settings_load(&gateway->settings, surroundings_variable, NULL, &gateway->err);
    read_own(&source, &own);
    if (*gateway->translator == '\0')
        gateway->translator = program_beside("cri-oneshot", path, sizeof(path));
}

/* ==== serving ==== */

static int serve_client(void *context, struct tokens *tokens)
{
    enum { BIG_BYTES = 128 * 1024 };
    struct gateway *gateway = context;

    /* A connection lives long: what a big message took goes back to the system after it. */
    mallopt(M_MMAP_THRESHOLD, BIG_BYTES);
    inherit_silence_stderr();
    inherit_check_transport(gateway->settings.allow_tcp, &gateway->err);
    return session_serve(gateway, tokens, STDIN_FILENO, STDOUT_FILENO);
}

/* ==== options ==== */

/* By name from the system's own files (getpwnam would need shared libraries, which we are linked
 * without), or by number. */
static bool find_user(const char *name, uid_t *user, gid_t *group)
{
    FILE *users = fopen("/etc/passwd", "re");
    const struct passwd *entry = NULL;
    bool found = false;

    while (users != NULL && !found && (entry = fgetpwent(users)) != NULL) {
        found = strcmp(entry->pw_name, name) == 0;
        *user = found ? entry->pw_uid : *user;
        *group = found ? entry->pw_gid : *group;
    }
    if (users != NULL)
        fclose(users);
    return found;
}

static bool find_group(const char *name, gid_t *group)
{
    FILE *groups = fopen("/etc/group", "re");
    const struct group *entry = NULL;
    bool found = false;

    while (groups != NULL && !found && (entry = fgetgrent(groups)) != NULL) {
        found = strcmp(entry->gr_name, name) == 0;
        *group = found ? entry->gr_gid : *group;
    }
    if (groups != NULL)
        fclose(groups);
    return found;
}

static bool take_number(const char *text, int base, unsigned long low, unsigned long high,
                        unsigned long *number)
{
    char *end = NULL;

    if (*text < '0' || *text > '9')
        return false;
    *number = strtoul(text, &end, base);
    return *end == '\0' && *number >= low && *number <= high;
}

static bool take_user(const char *name, struct listen_options *options)
{
    unsigned long number = 0;

    if (!take_number(name, 10, 0, INT_MAX, &number))
        return find_user(name, &options->user, &options->group);
    options->user = (uid_t)number;
    return true;
}

static bool take_group(const char *name, struct listen_options *options)
{
    unsigned long number = 0;

    if (!take_number(name, 10, 0, INT_MAX, &number))
        return find_group(name, &options->group);
    options->group = (gid_t)number;
    return true;
}

/* USER, USER:GROUP or :GROUP. A user of the system's brings its own group. */
static bool take_owner(const char *text, struct listen_options *options)
{
    char user[LOGIN_NAME_MAX] = "";
    size_t length = strcspn(text, ":");

    if (length >= sizeof(user))
        return false;
    memcpy(user, text, length);
    if (text[length] == '\0')
        return take_user(user, options);
    return (length == 0 || take_user(user, options)) && take_group(text + length + 1, options);
}

static const struct option long_options[] = {
    { "listen", required_argument, NULL, 'l' }, { "mode", required_argument, NULL, 'm' },
    { "owner", required_argument, NULL, 'o' },  { "connections", required_argument, NULL, 'c' },
    { "compositions", no_argument, NULL, 'p' }, { "help", no_argument, NULL, 'h' },
    { "version", no_argument, NULL, 'V' },      { NULL, 0, NULL, 0 },
};

static bool take_option(struct options *options, int option)
{
    unsigned long mode = 0;

    switch (option) {
    case 'l':
        options->listen.path = optarg;
        return true;
    case 'm':
        if (!take_number(optarg, OCTAL, 0, MODE_MAX, &mode))
            return false;
        options->listen.mode = (mode_t)mode;
        return true;
    case 'o':
        return take_owner(optarg, &options->listen);
    case 'c':
        return take_number(optarg, 10, 1, CONNECTIONS_MAX, &options->listen.connections);
    case 'p':
        options->compositions = true;
        return true;
    default:
        fputs(option == 'V' ? "cri-gateway " VERSION "\n" : help, stdout);
        exit(EXIT_SUCCESS);
    }
}

int main(int argc, char **argv)
{
    struct options options = { .listen = { .mode = 0600,
                                           .user = (uid_t)-1,
                                           .group = (gid_t)-1,
                                           .connections = CONNECTIONS } };
    struct gateway gateway = { .held = 0 };
    int option = 0;
    int row = 0;

    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", long_options, &row)) != -1) {
        if (option == '?')
            return wrong_usage("\"%s\": is not known, or wants a value", argv[optind - 1]);
        if (!take_option(&options, option))
            return wrong_usage("--%s: cannot be \"%s\"", long_options[row].name, optarg);
    }
    if (optind < argc)
        return wrong_usage("\"%s\": is not wanted", argv[optind]);
    if (options.compositions) {
        steps_print();
        return EXIT_SUCCESS;
    }
    if (options.listen.path == NULL && isatty(STDIN_FILENO))
        return wrong_usage(
            "a client is expected on standard input; --listen=SOCKET waits for them");
    inherit_fill();
    load_settings(&gateway, &options.listen);
    if (options.listen.path != NULL)
        return listen_on(&options.listen, serve_client, &gateway);
    return serve_client(&gateway, NULL);
}
