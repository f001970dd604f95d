/* SPDX-License-Identifier: Apache-2.0 */
/* This file runs the translator.
 * It must not know what it is asked. */
#include "gateway/child.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/spawn.h"
#include "base/text.h"

enum { CAP = 64 * 1024 * 1024 };

void child_init(struct child *child)
{
    *child = (struct child){ .in = -1, .out = -1 };
    buf_init(&child->unsent, CAP);
}

bool child_start(struct child *child, const char *program, const sigset_t *mask, struct err *err)
{
    char *const words[] = { text_borrowed(program), NULL };
    int in[2] = { -1, -1 };
    int out[2] = { -1, -1 };
    int failed = 0;

    /* The child's ends block, as a translator wants them: each end has flags of its own. */
    if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0 ||
        fcntl(in[1], F_SETFL, O_NONBLOCK) != 0 || fcntl(out[0], F_SETFL, O_NONBLOCK) != 0)
        failed = errno;
    else
        failed = spawn(
            &(struct spawn){
                .words = words, .fds = (int[]){ in[0], out[1] }, .fd_count = 2, .mask = mask },
            &child->pid);
    fd_close(&in[0]);
    fd_close(&out[1]);
    child->in = in[1];
    child->out = out[0];
    child->sent = 0;
    if (failed == 0)
        return true;
    child_close(child);
    return err_set(err, GRPC_UNAVAILABLE, "the translator \"%s\" cannot be started: %s", program,
                   strerror(failed));
}

/* Other translators' pipes are not to be held open by it. */
static _Noreturn void be_child(int out, void (*function)(void *context), void *context)
{
    dup2(out, STDOUT_FILENO);
    close(STDIN_FILENO);
    close_range(STDERR_FILENO + 1, ~0U, 0);
    function(context);
    _exit(0);
}

bool child_fork(struct child *child, void (*function)(void *context), void *context,
                struct err *err)
{
    int out[2] = { -1, -1 };
    int failed = 0;

    child->pid = -1;
    if (pipe2(out, O_CLOEXEC) == 0 && fcntl(out[0], F_SETFL, O_NONBLOCK) == 0)
        child->pid = fork();
    if (child->pid == 0)
        be_child(out[1], function, context);
    failed = errno;
    fd_close(&out[1]);
    child->out = out[0];
    if (child->pid > 0)
        return true;
    child->pid = 0;
    child_close(child);
    return err_set(err, GRPC_UNAVAILABLE, "no process can be started: %s", strerror(failed));
}

void child_push(struct child *child)
{
    size_t left = child->unsent.length - child->sent;
    ssize_t count = write(child->in, child->unsent.data + child->sent, left);

    if (count > 0)
        child->sent += (size_t)count;
    /* One that does not read on may have answered already. */
    if (child->sent == child->unsent.length || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        fd_close(&child->in);
        buf_release(&child->unsent);
    }
}

void child_close(struct child *child)
{
    fd_close(&child->in);
    fd_close(&child->out);
    buf_release(&child->unsent);
    child->sent = 0;
}
