/*
 * Runs QEMU so that it cannot outlive the process that asked for it, however that process ends.
 *
 *   luo-supervise FOLDER PROGRAM [ARGUMENT...]
 *
 * Standard input is a pipe whose only writer is the host process. A byte 'k' on it: kill the program. End of file: the host is
 * gone; kill the program and remove FOLDER ("-": keep it). The program itself dies with this process (PR_SET_PDEATHSIG, which
 * is sound here because this process has one thread). Standard output tells "pid N", then "exited N", "killed N" or "failed N"
 * (errno of the step that failed).
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s;
    (void)type;
    (void)f;
    if (remove(path) < 0)
        fprintf(stderr, "luo-supervise: %s: %s\n", path, strerror(errno));
    return 0;
}

static void say(const char *what, int number)
{
    char line[64];
    int n = snprintf(line, sizeof(line), "%s %d\n", what, number);
    for (int at = 0; at < n;) {
        ssize_t written = write(1, line + at, (size_t)(n - at));
        if (written < 0 && errno != EINTR)
            return; /* the host has gone: nobody is left to be told */
        if (written > 0)
            at += (int)written;
    }
}

static _Noreturn void run(char **program, int said, pid_t parent, const sigset_t *signals)
{
    int null = open("/dev/null", O_RDONLY);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && null >= 0 && dup2(null, 0) == 0 && dup2(2, 1) == 1 &&
        sigprocmask(SIG_UNBLOCK, signals, NULL) == 0) {
        if (getppid() != parent)
            _exit(127);
        signal(SIGPIPE, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        signal(SIGHUP, SIG_DFL);
        execvp(program[0], program);
    }
    int error = errno;
    if (write(said, &error, sizeof(error)) != sizeof(error))
        _exit(126);
    _exit(127);
}

int main(int argc, char **argv)
{
    sigset_t signals;
    int said[2], error, status;
    if (argc < 3)
        return 2;
    /* A terminal's Ctrl-C belongs to the host, which decides. Nothing but the end of the host or of the program ends this process. */
    setsid();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    pid_t parent = getpid(), child;
    int ended, children = -1;
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0 || (children = signalfd(-1, &signals, SFD_CLOEXEC)) < 0 ||
        pipe2(said, O_CLOEXEC) < 0 || (child = fork()) < 0) {
        say("failed", errno);
        return 1;
    }
    if (child == 0)
        run(argv + 2, said[1], parent, &signals);
    close(said[1]);
    if (read(said[0], &error, sizeof(error)) == sizeof(error)) {
        say("failed", error);
        return 1;
    }
    say("pid", child);

    int host_is_gone = 0;
    while ((ended = waitpid(child, &status, WNOHANG)) == 0) {
        struct pollfd p[2] = { { host_is_gone ? -1 : 0, POLLIN, 0 }, { children, POLLIN, 0 } };
        if (poll(p, 2, -1) < 0 && errno != EINTR) {
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            break;
        }
        if (p[1].revents) {
            struct signalfd_siginfo event;
            if (read(children, &event, sizeof(event)) != sizeof(event))
                kill(child, SIGKILL);
        }
        if (p[0].revents) {
            char request;
            ssize_t n = read(0, &request, 1);
            host_is_gone = n == 0;
            if (n == 0 || (n == 1 && request == 'k'))
                kill(child, SIGKILL);
        }
    }
    if (ended < 0)
        say("failed", errno);
    else if (WIFSIGNALED(status))
        say("killed", WTERMSIG(status));
    else
        say("exited", WEXITSTATUS(status));

    /* The folder is the host's for as long as it lives: wait for its end, unless it is known. */
    while (!host_is_gone) {
        char request;
        ssize_t n = read(0, &request, 1);
        host_is_gone = n == 0 || (n < 0 && errno != EINTR);
        if (n == 1 && request == 'q')
            return 0; /* the host says that it has taken care of the folder */
    }
    if (strcmp(argv[1], "-") != 0 && access(argv[1], F_OK) == 0 && nftw(argv[1], remove_one, 16, FTW_DEPTH | FTW_PHYS) < 0)
        fprintf(stderr, "luo-supervise: %s: %s\n", argv[1], strerror(errno));
    return 0;
}
