/*
 * Starts a program on an emulated kernel: luo_launch SOCKET PROGRAM [ARGUMENT...].
 *
 * SOCKET is that of the emulated machine (LuoInterop.Emulation.Server). Three processes come of it:
 *
 *   the front     what the caller started. It waits, passes signals on, and exits as the program does. If the keeper is killed, it ends
 *                 the others in the keeper's place.
 *   the keeper    the parent of all that the program leaves behind (PR_SET_CHILD_SUBREAPER). It talks with the machine, and ends
 *                 them all when the machine says so, or is gone. It has no filter.
 *   the program   with files of the emulated kernel mounted over the host's in a namespace of its own where that is allowed, with a
 *                 seccomp filter whose listener the machine has, and no_new_privs.
 *
 * The machine and the keeper speak in packets of text; LaunchedProgram.cs of the server is the other end.
 */
#define _GNU_SOURCE
#include "luo_filter.h"
#include "luo_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PACKET_MAX 65536
#define PROTOCOL "luo 1"

/* What the keeper tells the front at last. */
struct ending {
    int status;     /* as waitpid(2) gives it */
    char text[200]; /* why the machine ended the program, or empty */
};

static _Noreturn void fail(const char *what)
{
    fprintf(stderr, "luo: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* Signals that are sent to the front alone, and are meant for the program. */
static void passed_signals(sigset_t *passed)
{
    sigemptyset(passed);
    sigaddset(passed, SIGTERM);
    sigaddset(passed, SIGHUP);
    sigaddset(passed, SIGUSR1);
    sigaddset(passed, SIGUSR2);
}

/* Sends a packet, with a descriptor where there is one. A peer that is gone shows at the next receive. */
static void tell(int to, int descriptor, const char *format, ...)
{
    char text[512], control[CMSG_SPACE(sizeof(int))] = { 0 };
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct iovec part = { text, length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    if (descriptor >= 0) {
        message.msg_control = control;
        message.msg_controllen = sizeof(control);
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(header), &descriptor, sizeof(int));
    }
    while (sendmsg(to, &message, MSG_NOSIGNAL) < 0 && errno == EINTR)
        ;
}

/* Receives a packet of at most PACKET_MAX bytes and ends it with a NUL: its length, 0 for a peer that is gone. The descriptor that
   came with it, or -1, is the caller's. */
static size_t hear(int from, char *packet, int *descriptor)
{
    char control[CMSG_SPACE(sizeof(int))];
    struct iovec part = { packet, PACKET_MAX };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
    ssize_t n;
    do
        n = recvmsg(from, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    *descriptor = -1;
    struct cmsghdr *header = n > 0 ? CMSG_FIRSTHDR(&message) : NULL;
    if (header && header->cmsg_type == SCM_RIGHTS)
        memcpy(descriptor, CMSG_DATA(header), sizeof(int));
    packet[n > 0 ? n : 0] = 0;
    return n > 0 ? (size_t)n : 0;
}

static int connect_machine(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        fail(path);
    }
    strcpy(address.sun_path, path);
    int machine = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (machine < 0 || connect(machine, (struct sockaddr *)&address, sizeof(address)) < 0)
        fail(path);
    return machine;
}

/* The program: prepares itself, gives the keeper its listener, and becomes what it is to be. It ends with its parent, so that it is
   ended also where front and keeper are killed at once. */
static _Noreturn void become(char **arguments, int keeper, pid_t parent, const sigset_t *signals, const struct mounts *mounts)
{
    const char *step = mounts->count > 0 ? mount_kernel_files(mounts) : NULL;
    if (step) {
        tell(keeper, -1, "unmounted %d %s", errno, step);
        _exit(125);
    }
    int listener = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -1 : install_filter(mounts->count == 0);
    if (listener < 0) {
        tell(keeper, -1, "unfiltered %d", errno);
        _exit(125);
    }
    /* After the mounts: who gains rights, as in a namespace of its own, loses this. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
        _exit(125);
    char go[PACKET_MAX + 1];
    int none;
    tell(keeper, listener, "listener %s", mounts->count > 0 ? "mounted" : "everything");
    close(listener);
    if (hear(keeper, go, &none) == 0)
        _exit(125);
    sigprocmask(SIG_SETMASK, signals, NULL);
    execvp(arguments[0], arguments);
    int error = errno;
    fprintf(stderr, "luo: %s: %s\n", arguments[0], strerror(error));
    tell(keeper, -1, "unexecuted %d %s", error, arguments[0]);
    _exit(error == ENOENT ? 127 : 126);
}

/* Reaps whoever has ended: 0 once nobody is left. */
static int reap(pid_t program, int *status, int *ended)
{
    for (;;) {
        int how;
        pid_t pid = waitpid(-1, &how, WNOHANG);
        if (pid == 0)
            return 1;
        if (pid < 0 && errno != EINTR)
            return 0;
        if (pid == program) {
            *status = how;
            *ended = 1;
        }
    }
}

/* Ends all children, then those who become children by that, until nobody is left. */
static void end_all(pid_t program, int *status)
{
    char path[64];
    int ended = 0;
    snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
    while (reap(program, status, &ended)) {
        FILE *children = fopen(path, "re");
        int pid;
        if (!children)
            kill(program, SIGKILL); /* a kernel without CONFIG_PROC_CHILDREN: at least the program, or the keeper */
        while (children && fscanf(children, "%d", &pid) == 1)
            kill(pid, SIGKILL);
        if (children)
            fclose(children);
        usleep(500);
    }
}

/* Starts the program; its end of the pair is closed by execve(2). */
static pid_t start(char **arguments, const sigset_t *signals, const struct mounts *mounts, int *pair)
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        fail("socketpair");
    pid_t parent = getpid(), program = fork();
    if (program < 0)
        fail("fork");
    if (program == 0)
        become(arguments, pair[1], parent, signals, mounts);
    close(pair[1]);
    return program;
}

/* Hands one packet of what becomes the program on to the machine, and closes its socket after the last: 1 where files cannot be mounted
   here, and it is to be started anew, with a filter that sees more. */
static int pass_on(int machine, int *from)
{
    static char packet[PACKET_MAX + 1];
    int descriptor;
    if (hear(*from, packet, &descriptor) == 0) {
        close(*from);
        *from = -1;
        return 0;
    }
    tell(machine, descriptor, "%s", packet);
    if (descriptor >= 0)
        close(descriptor);
    return strncmp(packet, "unmounted", 9) == 0;
}

/* Lets go of the program's streams: whoever reads them is not to wait for what the program leaves behind. */
static void leave_streams(void)
{
    int none = open("/dev/null", O_RDWR | O_CLOEXEC);
    for (int fd = STDIN_FILENO; none > STDERR_FILENO && fd <= STDERR_FILENO; fd++)
        dup2(none, fd);
    close(none);
}

static _Noreturn void keep(int machine, char **arguments, int front, pid_t caller, const sigset_t *signals)
{
    static char packet[PACKET_MAX + 1];
    struct ending ending = { .status = 125 << 8 };
    struct mounts mounts;
    sigset_t heard;
    int descriptor, pair[2], ended = 0;
    passed_signals(&heard);
    sigaddset(&heard, SIGCHLD);
    int events = signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
    if (events < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        fail("the keeper");
    tell(machine, -1, PROTOCOL " %d", caller);
    size_t length = hear(machine, packet, &descriptor);
    if (length == 0 || parse_mounts(packet, length, &mounts) < 0) {
        errno = EPROTO;
        fail("the machine's answer");
    }
    pid_t program = start(arguments, signals, &mounts, pair);
    struct pollfd p[4] = { { events, POLLIN, 0 }, { machine, POLLIN, 0 }, { pair[0], POLLIN, 0 }, { front, 0, 0 } };
    for (;;) {
        if (poll(p, 4, -1) < 0 && errno != EINTR)
            fail("poll");
        if (p[3].revents) {
            /* Whoever killed the front meant the program. */
            if (!ended)
                kill(program, SIGKILL);
            p[3].fd = -1;
        }
        /* Nobody waits for a program whose front is gone. */
        int anew = p[2].revents && pass_on(machine, &p[2].fd) && p[3].fd >= 0;
        if (anew)
            waitpid(program, NULL, 0);
        if (p[1].revents && !anew) {
            length = hear(machine, packet, &descriptor);
            if (strcmp(packet, "go") == 0 && p[2].fd >= 0)
                tell(pair[0], -1, "go");
            else {
                snprintf(ending.text, sizeof(ending.text), "%.199s",
                    length == 0 ? "the machine is gone" : length > 4 ? packet + 4 : "");
                end_all(program, &ending.status);
                break;
            }
        }
        if (p[0].revents && !anew) {
            struct signalfd_siginfo event;
            int before = ended;
            while (read(events, &event, sizeof(event)) > 0)
                if (event.ssi_signo != SIGCHLD && !ended)
                    kill(program, (int)event.ssi_signo);
            int left = reap(program, &ending.status, &ended);
            /* What it said before it ended comes first: nobody else has the other end. */
            while (ended && !before && !anew && p[2].fd >= 0)
                anew = pass_on(machine, &p[2].fd) && p[3].fd >= 0;
            if (ended && !before && !anew) {
                leave_streams();
                tell(machine, -1, "ended %d", ending.status);
                if (write(front, &ending, sizeof(ending)) < 0 && errno != EPIPE)
                    fail("the front");
            }
            if (!left && !anew)
                break;
        }
        if (anew) {
            close(p[2].fd);
            ended = 0;
            ending.status = 125 << 8;
            mounts.count = 0;
            program = start(arguments, signals, &mounts, pair);
            p[2].fd = pair[0];
        }
    }
    tell(machine, -1, "empty");
    if (!ended && write(front, &ending, sizeof(ending)) < 0 && errno != EPIPE)
        fail("the front");
    exit(0);
}

/* Waits for the ending, and hands on signals that are sent to the front alone. */
static int await(int from, pid_t keeper, const sigset_t *passed, struct ending *ending)
{
    int events = signalfd(-1, passed, SFD_CLOEXEC);
    struct pollfd p[2] = { { from, POLLIN, 0 }, { events, POLLIN, 0 } };
    struct signalfd_siginfo event;
    if (events < 0)
        fail("signalfd");
    for (;;) {
        if (poll(p, 2, -1) < 0 && errno != EINTR)
            fail("poll");
        if (p[1].revents && read(events, &event, sizeof(event)) == sizeof(event))
            kill(keeper, (int)event.ssi_signo);
        if (p[0].revents)
            return read(from, ending, sizeof(*ending)) == sizeof(*ending) ? 0 : -1;
    }
}

int main(int argc, char **argv)
{
    sigset_t passed, blocked, before;
    struct ending ending;
    int ends[2];
    if (argc < 3) {
        fprintf(stderr, "usage: luo_launch SOCKET PROGRAM [ARGUMENT...]\n");
        return 125;
    }
    int machine = connect_machine(argv[1]);
    passed_signals(&passed);
    blocked = passed;
    sigaddset(&blocked, SIGCHLD);
    /* A terminal's keys reach the program by itself. Blocked, not ignored: what is ignored stays so over execve(2). */
    sigaddset(&blocked, SIGINT);
    sigaddset(&blocked, SIGQUIT);
    sigaddset(&blocked, SIGPIPE);
    if (sigprocmask(SIG_BLOCK, &blocked, &before) < 0 || pipe2(ends, O_CLOEXEC) < 0)
        fail("signals");
    /* The children of a keeper that is killed become this process'. */
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
        fail("the front");
    pid_t front = getpid(), keeper = fork();
    if (keeper < 0)
        fail("fork");
    if (keeper == 0) {
        close(ends[0]);
        keep(machine, argv + 2, ends[1], front, &before);
    }
    close(machine);
    close(ends[1]);
    if (await(ends[0], keeper, &passed, &ending) < 0) {
        end_all(keeper, &ending.status);
        fprintf(stderr, "luo: the keeper of the program was ended\n");
        return 125;
    }
    if (ending.text[0])
        fprintf(stderr, "luo: %s\n", ending.text);
    return WIFSIGNALED(ending.status) ? 128 + WTERMSIG(ending.status) : WEXITSTATUS(ending.status);
}
