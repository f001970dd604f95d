/* SPDX-License-Identifier: Apache-2.0 */
/* This file runs one child process and collects what it prints.
 * It must not know what the command is for. */
#include "docker/run.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/frame.h"
#include "base/inherit.h"
#include "docker/launch.h"

enum {
    READ_SIZE = 64 * 1024,
    READS = 32, /* at a time, so that a flood of output keeps nothing else waiting */
};

struct running {
    struct launched process;
    int signals; /* signalfd: CHLD and those that end us */
    bool exited;
    enum run_end end; /* why we end it; RUN_ENDED: it ends by itself */
    int64_t kill_ms;
};

/* What is beyond the cap is lost, and what the consumer refuses must not come to it again: these
 * count also of a child that has ended by itself. */
static void end_child(struct running *child, enum run_end why)
{
    if (child->end != RUN_ENDED || (child->exited && why != RUN_CAP && why != RUN_CONSUMER))
        return;
    child->end = why;
    child->kill_ms = monotonic_ms() + RUN_GRACE_MS;
    kill(-child->process.guard.pid, SIGTERM);
}

/* Reads what is there. Past the cap the bytes are dropped, or the child is ended. */
static void collect(struct running *child, int *fd, struct buf *buf, const struct buf *other,
                    const struct command *command)
{
    for (int reads = 0; *fd >= 0 && reads < READS; reads++) {
        char spare[READ_SIZE];
        size_t used = buf->length + other->length;
        size_t left = command->output_cap > used ? command->output_cap - used : 0;
        size_t want = left < READ_SIZE ? left : READ_SIZE;
        bool drop = want == 0;
        ssize_t count = 0;

        if (!drop && !buf_reserve(buf, want)) {
            end_child(child, RUN_CAP);
            drop = true;
        }
        count = read(*fd, drop ? spare : buf->data + buf->length, drop ? READ_SIZE : want);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0 && errno == EAGAIN)
            return;
        if (count <= 0) {
            fd_close(fd);
            return;
        }
        if (!drop) {
            buf->length += (size_t)count;
            buf->data[buf->length] = '\0';
        } else if (!command->drop_excess) {
            end_child(child, RUN_CAP);
        }
    }
}

/* Hands stdout to the consumer, and keeps what it leaves. */
static void consume(struct running *child, const struct run_limits *limits, struct buf *buf)
{
    size_t taken = 0;

    if (limits->consumer == NULL || child->end != RUN_ENDED || buf->length == 0)
        return;
    taken = limits->consumer(limits->context, buf->data, buf->length);
    if (taken == RUN_STOP) {
        end_child(child, RUN_CONSUMER);
        return;
    }
    memmove(buf->data, buf->data + taken, buf->length - taken);
    buf->length -= taken;
    buf->data[buf->length] = '\0';
}

static void take_signals(struct running *child)
{
    struct signalfd_siginfo info;

    while (read(child->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        siginfo_t exit = { .si_pid = 0 };

        if (info.ssi_signo != SIGCHLD)
            end_child(child, RUN_SIGNAL);
        else if (waitid(P_PID, (id_t)child->process.pid, &exit, WEXITED | WNOHANG | WNOWAIT) == 0)
            child->exited = child->exited || exit.si_pid == child->process.pid;
    }
}

static int timeout_of(const struct running *child, int64_t deadline_ms)
{
    int64_t until = child->end == RUN_ENDED ? deadline_ms : child->kill_ms;
    int64_t left = 0;

    if (until == 0)
        return -1;
    left = until - monotonic_ms();
    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static void check_time(struct running *child, int64_t deadline_ms)
{
    int64_t now_ms = monotonic_ms();

    if (child->end == RUN_ENDED && deadline_ms != 0 && now_ms >= deadline_ms)
        end_child(child, RUN_DEADLINE);
    if (child->end != RUN_ENDED && now_ms >= child->kill_ms) {
        kill(-child->process.guard.pid, SIGKILL);
        child->kill_ms = now_ms + RUN_GRACE_MS;
    }
}

/* Whether the client has gone, by POLLHUP or POLLERR, which poll reports unasked: a half-closed
 * socket shows neither, and its client still waits. */
static bool hung_up(short events)
{
    return (events & (POLLHUP | POLLERR | POLLNVAL)) != 0;
}

static void collect_both(struct running *child, const struct command *command,
                         const struct run_limits *limits, struct run_output *output)
{
    collect(child, &child->process.stdout_fd, &output->stdout_bytes, &output->stderr_bytes,
            command);
    consume(child, limits, &output->stdout_bytes);
    collect(child, &child->process.stderr_fd, &output->stderr_bytes, &output->stdout_bytes,
            command);
}

static void pump(struct running *child, const struct command *command,
                 const struct run_limits *limits, int64_t deadline_ms, struct run_output *output)
{
    enum { OUT, ERROR, SIGNALS, CLIENT, COUNT };

    while (!child->exited) {
        struct pollfd fds[COUNT] = {
            [OUT] = { .fd = child->process.stdout_fd, .events = POLLIN },
            [ERROR] = { .fd = child->process.stderr_fd, .events = POLLIN },
            [SIGNALS] = { .fd = child->signals, .events = POLLIN },
            [CLIENT] = { .fd = child->end == RUN_ENDED ? limits->client : -1 },
        };

        if (poll(fds, COUNT, timeout_of(child, deadline_ms)) < 0 && errno != EINTR)
            end_child(child, RUN_SYSTEM);
        if (hung_up(fds[CLIENT].revents))
            end_child(child, RUN_HANG_UP);
        take_signals(child);
        check_time(child, deadline_ms);
        collect_both(child, command, limits, output);
    }
    /* What it printed before it ended is in the pipes; a helper that it left running may hold
     * them open, and is not waited for. */
    collect_both(child, command, limits, output);
}

bool run_explain(enum run_end end, struct err *err)
{
    static const char going_on[] = "docker was ended; what its engine has begun may go on";

    switch (end) {
    case RUN_DEADLINE:
        return err_set(err, GRPC_DEADLINE_EXCEEDED, "not done in time: %s", going_on);
    case RUN_HANG_UP:
        return err_set(err, GRPC_CANCELLED, RUN_CLIENT_GONE);
    case RUN_SIGNAL:
        return err_set(err, GRPC_CANCELLED, "cri-oneshot was told to end: %s", going_on);
    case RUN_CAP:
        return err_set(err, GRPC_RESOURCE_EXHAUSTED, "docker printed too much: %s", going_on);
    case RUN_CONSUMER:
        return err_set(err, GRPC_CANCELLED, "the answer could not be given on: %s", going_on);
    case RUN_SYSTEM:
        return err_set(err, GRPC_INTERNAL, "poll failed: %s", going_on);
    case RUN_ENDED:
        break;
    }
    return true;
}

static void fill_result(struct run_output *output, int status)
{
    struct docker_result *result = &output->result;

    if (WIFSIGNALED(status)) {
        result->signal = WTERMSIG(status);
        result->exit_code = 128 + result->signal;
    } else {
        result->exit_code = WEXITSTATUS(status);
    }
    result->stdout_text = output->stdout_bytes.data == NULL ? "" : output->stdout_bytes.data;
    result->stdout_length = output->stdout_bytes.length;
    result->stderr_text = output->stderr_bytes.data == NULL ? "" : output->stderr_bytes.data;
    result->stderr_length = output->stderr_bytes.length;
}

static int64_t earlier_deadline(int64_t deadline_ms, int64_t timeout_ms)
{
    int64_t own_ms = timeout_ms == 0 ? 0 : monotonic_ms() + timeout_ms;

    if (deadline_ms == 0 || (own_ms != 0 && own_ms < deadline_ms))
        return own_ms;
    return deadline_ms;
}

/* Its group is ended, too, where it did not end by itself: the guard keeps the group's number. */
static int reap(const struct running *child)
{
    int status = 0;

    if (child->end != RUN_ENDED)
        kill(-child->process.guard.pid, SIGKILL);
    while (waitpid(child->process.pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* What docker would do now nobody wants any more. */
static bool is_too_late(const struct run_limits *limits, struct err *err)
{
    struct pollfd client = { .fd = limits->client };

    if (limits->deadline_ms != 0 && monotonic_ms() >= limits->deadline_ms)
        err_set(err, GRPC_DEADLINE_EXCEEDED, "not done in time: docker was not run");
    else if (poll(&client, 1, 0) > 0 && hung_up(client.revents))
        err_set(err, GRPC_CANCELLED, "the client has gone: docker was not run");
    return err->code != GRPC_OK;
}

static bool run_blocked(const struct command *command, const struct run_limits *limits,
                        const sigset_t *mask, struct running *child, struct run_output *output,
                        struct err *err)
{
    bool started = !is_too_late(limits, err) && launch(command, mask, &child->process, err);

    if (started) {
        pump(child, command, limits, earlier_deadline(limits->deadline_ms, command->timeout_ms),
             output);
        fill_result(output, reap(child));
        output->ended_early = child->end != RUN_ENDED;
        output->end = child->end;
    }
    launch_clean_up(command, &child->process);
    return started && run_explain(child->end, err);
}

bool run(const struct command *command, const struct run_limits *limits, struct run_output *output,
         struct err *err)
{
    struct running child = {
        .process = { .guard = { .alive = -1 }, .stdout_fd = -1, .stderr_fd = -1 }, .signals = -1
    };
    sigset_t ours;
    sigset_t before;
    bool done = false;

    *output = (struct run_output){ .ended_early = false };
    buf_init(&output->stdout_bytes, command->output_cap);
    buf_init(&output->stderr_bytes, command->output_cap);
    inherit_signals(&ours);
    sigprocmask(SIG_BLOCK, &ours, &before);
    signal(SIGCHLD, SIG_DFL); /* were it ignored, no exit status would be kept */
    child.signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    if (child.signals < 0)
        err_set(err, GRPC_INTERNAL, "signalfd: %s", strerror(errno));
    else
        done = run_blocked(command, limits, &before, &child, output, err);
    fd_close(&child.signals);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return done;
}

void run_release(struct run_output *output)
{
    buf_release(&output->stdout_bytes);
    buf_release(&output->stderr_bytes);
}
