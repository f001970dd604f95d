/* SPDX-License-Identifier: Apache-2.0 */
/* This file sends a frame to the translator and reads the frames that come back.
 * It must not know what the frames say. */
#include "frame/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/spawn.h"
#include "base/text.h"
#include "base/wire.h"

enum { CHUNK = 64 * 1024, MAX_BUFFER = 1 << 30 };

/* ==== frames ==== */

void inbox_init(struct inbox *inbox)
{
    *inbox = (struct inbox){ 0 };
    buf_init(&inbox->bytes, MAX_BUFFER);
}

void inbox_release(struct inbox *inbox)
{
    buf_release(&inbox->bytes);
    inbox->start = 0;
}

int inbox_fill(struct inbox *inbox, int fd)
{
    struct buf *bytes = &inbox->bytes;
    ssize_t got = 0;

    if (inbox->start > 0) {
        bytes->length -= inbox->start;
        memmove(bytes->data, bytes->data + inbox->start, bytes->length);
        inbox->start = 0;
    }
    if (!buf_reserve(bytes, CHUNK)) {
        errno = ENOMEM;
        return -1;
    }
    do
        got = read(fd, bytes->data + bytes->length, CHUNK);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got < 0 ? -1 : 0;
    bytes->length += (size_t)got;
    return 1;
}

enum inbox_status inbox_take(struct inbox *inbox, const uint8_t **frame, size_t *length)
{
    const uint8_t *from = (const uint8_t *)inbox->bytes.data + inbox->start;
    size_t left = inbox->bytes.length - inbox->start;
    uint64_t size = 0;
    int varint = left == 0 ? 0 : wire_varint(from, left, &size);

    if (varint < 0 || size > MAX_BUFFER / 2)
        return INBOX_GARBAGE;
    if (varint == 0 || left - (size_t)varint < size)
        return INBOX_MORE;
    *frame = from + varint;
    *length = (size_t)size;
    inbox->start += (size_t)varint + (size_t)size;
    return INBOX_FRAME;
}

bool inbox_has_rest(const struct inbox *inbox)
{
    return inbox->start < inbox->bytes.length;
}

bool frame_append(struct buf *buf, const uint8_t *message, size_t length)
{
    uint8_t varint[WIRE_VARINT_BYTES];
    size_t count = wire_put_varint(varint, length);

    return buf_append(buf, varint, count) && buf_append(buf, message, length);
}

/* ==== connections ==== */

static void client_init(struct client *client)
{
    *client = (struct client){ .out = -1, .in = -1 };
    buf_init(&client->unsent, MAX_BUFFER);
    inbox_init(&client->inbox);
}

static bool set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0;
}

static bool connect_to(struct client *client, const struct sockaddr *address, socklen_t length,
                       const char *name, struct err *err)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || connect(fd, address, length) != 0 || !set_nonblocking(fd)) {
        err_set(err, GRPC_UNAVAILABLE, "cannot connect to \"%s\": %s", name, strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    client->out = fd;
    client->in = fd;
    return true;
}

bool client_connect(struct client *client, const char *path, struct err *err)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    client_init(client);
    if (strlen(path) >= sizeof(address.sun_path))
        return err_set(err, GRPC_UNAVAILABLE, "cannot connect to \"%s\": the path is too long",
                       path);
    memcpy(address.sun_path, path, strlen(path));
    return connect_to(client, (struct sockaddr *)&address, sizeof(address), path, err);
}

/* A port of this machine's own, 127.0.0.0/8 or [::1]. */
static bool read_loopback(const char *text, struct sockaddr_in *four, struct sockaddr_in6 *six)
{
    const char *colon = strrchr(text, ':');
    char *end = NULL;
    long port = colon == NULL ? 0 : strtol(colon + 1, &end, 10);
    char host[INET_ADDRSTRLEN] = "";

    if (port < 1 || port > UINT16_MAX || *end != '\0' || colon[1] < '0' || colon[1] > '9')
        return false;
    four->sin_port = htons((uint16_t)port);
    six->sin6_port = four->sin_port;
    if (text_begins(text, "[::1]:") && colon == text + strlen("[::1]")) {
        six->sin6_addr = in6addr_loopback;
        return true;
    }
    if ((size_t)(colon - text) >= sizeof(host))
        return false;
    memcpy(host, text, (size_t)(colon - text));
    six->sin6_family = AF_UNSPEC;
    return inet_pton(AF_INET, host, &four->sin_addr) == 1 &&
           ntohl(four->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
}

bool client_connect_tcp(struct client *client, const char *address, struct err *err)
{
    struct sockaddr_in four = { .sin_family = AF_INET };
    struct sockaddr_in6 six = { .sin6_family = AF_INET6 };

    client_init(client);
    if (!read_loopback(address, &four, &six))
        return err_set(err, GRPC_UNAVAILABLE,
                       "cannot connect to \"%s\": it is no port of this machine's own, "
                       "127.0.0.1:PORT or [::1]:PORT",
                       address);
    if (six.sin6_family == AF_INET6)
        return connect_to(client, (struct sockaddr *)&six, sizeof(six), address, err);
    return connect_to(client, (struct sockaddr *)&four, sizeof(four), address, err);
}

static int start_translator(const char *program, int to, int from, int trace, pid_t *child)
{
    char *const words[] = { text_borrowed(program), NULL };
    int fds[TRACE_FD + 1] = { to, from, STDERR_FILENO, trace };

    return spawn(&(struct spawn){ .words = words,
                                  .fds = fds,
                                  .fd_count = trace < 0 ? STDERR_FILENO : TRACE_FD + 1 },
                 child);
}

bool client_spawn(struct client *client, const char *program, int trace, struct err *err)
{
    int to[2] = { -1, -1 };
    int from[2] = { -1, -1 };
    int failed = 0;

    client_init(client);
    if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0 || !set_nonblocking(to[1]))
        failed = errno;
    else
        failed = start_translator(program, to[0], from[1], trace, &client->child);
    client->out = to[1];
    client->in = from[0];
    if (to[0] >= 0)
        close(to[0]);
    if (from[1] >= 0)
        close(from[1]);
    if (failed == 0)
        return true;
    client->child = 0;
    client_close(client);
    return err_set(err, GRPC_UNAVAILABLE, "cannot start \"%s\": %s", program, strerror(failed));
}

bool client_send(struct client *client, const uint8_t *message, size_t length)
{
    signal(SIGPIPE, SIG_IGN);
    return frame_append(&client->unsent, message, length);
}

/* ==== both ways at once ==== */

static void stop_sending(struct client *client)
{
    if (client->out >= 0 && client->out != client->in)
        close(client->out);
    client->out = -1;
}

/* A reader that is gone may have answered before, so a failed write is not the end. */
static void push_unsent(struct client *client)
{
    ssize_t wrote = write(client->out, client->unsent.data + client->sent,
                          client->unsent.length - client->sent);

    if (wrote > 0)
        client->sent += (size_t)wrote;
    if (client->sent == client->unsent.length || (wrote < 0 && errno != EAGAIN && errno != EINTR))
        stop_sending(client);
}

static bool wait_readable(struct client *client)
{
    for (;;) {
        struct pollfd polled[2] = { { .fd = client->in, .events = POLLIN },
                                    { .fd = client->out, .events = POLLOUT } };

        if (poll(polled, 2, -1) < 0 && errno != EINTR)
            return false;
        if (polled[1].revents != 0)
            push_unsent(client);
        if (polled[0].revents != 0)
            return true;
    }
}

static bool no_answer(struct client *client, const char *why, struct err *err)
{
    int status = 0;
    pid_t child = client->child;

    if (child <= 0 || inbox_has_rest(&client->inbox))
        return err_set(err, GRPC_UNAVAILABLE, "%s", why);
    stop_sending(client);
    client->child = 0;
    if (waitpid(child, &status, 0) == child && WIFSIGNALED(status))
        return err_set(err, GRPC_UNAVAILABLE, "%s: the translator was killed by signal %d", why,
                       WTERMSIG(status));
    return err_set(err, GRPC_UNAVAILABLE, "%s: the translator ended with status %d", why,
                   WEXITSTATUS(status));
}

bool client_next(struct client *client, const uint8_t **frame, size_t *length, struct err *err)
{
    for (;;) {
        int got = 0;

        switch (inbox_take(&client->inbox, frame, length)) {
        case INBOX_FRAME:
            return true;
        case INBOX_GARBAGE:
            return err_set(err, GRPC_UNAVAILABLE, "what came back is no frame");
        case INBOX_MORE:
            break;
        }
        if (!wait_readable(client))
            return err_set(err, GRPC_UNAVAILABLE, "cannot wait for an answer: %s", strerror(errno));
        got = inbox_fill(&client->inbox, client->in);
        if (got < 0 && errno != EAGAIN)
            return err_set(err, GRPC_UNAVAILABLE, "cannot read an answer: %s", strerror(errno));
        if (got == 0)
            return no_answer(client,
                             inbox_has_rest(&client->inbox) ? "the answer is cut off" : "no answer",
                             err);
    }
}

void client_close(struct client *client)
{
    stop_sending(client);
    if (client->in >= 0)
        close(client->in);
    client->in = -1;
    if (client->child > 0)
        waitpid(client->child, NULL, 0);
    client->child = 0;
    buf_release(&client->unsent);
    inbox_release(&client->inbox);
}
