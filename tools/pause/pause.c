// SPDX-License-Identifier: Apache-2.0
// This file is the first process of a pod sandbox: it holds the namespaces, reaps what is orphaned
// into them, and ends when told to. It knows nothing of cri-oneshot: it is linked statically and is
// the whole of a container image.
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <sys/wait.h>

static void reap_children(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
}

int main(void)
{
    sigset_t wanted;

    // A blocked signal is kept for sigwaitinfo even where its default is to be ignored, as all are
    // for process 1.
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGCHLD);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &wanted, NULL) != 0)
        return 1;
    reap_children();
    for (;;) {
        int number = sigwaitinfo(&wanted, NULL);

        if (number == SIGCHLD)
            reap_children();
        else if (number == SIGINT || number == SIGTERM)
            return 0;
        else if (number < 0 && errno != EINTR)
            return 1;
    }
}
