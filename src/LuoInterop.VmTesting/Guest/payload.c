/* Runs the payload, beneath the harness' own init or as a service of the guest's system, and tells the host how it ended. */
#include "payload.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENT_LIMIT_MS 1000
#define OUTPUT_BLOCK 16384

struct channel channel;

_Noreturn void power_off(void)
{
    sync();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_POWER_OFF, NULL);
    _exit(1); /* the panic that follows is the loudest way left to tell */
}

_Noreturn void report_end(enum exit_kind kind, int number, const char *text)
{
    frame_start(&channel, FRAME_EXIT);
    if (frame_u32(&channel, kind) < 0 || frame_u32(&channel, (uint32_t)number) < 0 || frame_string(&channel, text) < 0 ||
        frame_send(&channel, 1) < 0)
        fprintf(stderr, "luo init: the end (%d %d %s) could not be sent: %s\n", kind, number, text, strerror(errno));
    power_off();
}

/* Forwards what the pipe holds now. Returns 0 once every writer has closed it. */
static int drain(int pipe, unsigned char stream)
{
    static unsigned char block[OUTPUT_BLOCK];
    for (;;) {
        ssize_t n = read(pipe, block, sizeof(block));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN;
        if (n == 0)
            return 0;
        frame_start(&channel, FRAME_OUTPUT);
        if (frame_bytes(&channel, &stream, 1) < 0 || frame_bytes(&channel, block, (size_t)n) < 0 || frame_send(&channel, 0) < 0)
            fprintf(stderr, "luo init: payload output was lost: %s\n", strerror(errno));
    }
}

/* Answers one client: all output written before its request is with the host when the answer leaves. */
static void serve_flush(int listener, int out, int err)
{
    char request = 0;
    int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (client < 0)
        return; /* the client gave up meanwhile */
    struct pollfd p = { .fd = client, .events = POLLIN };
    if (poll(&p, 1, CLIENT_LIMIT_MS) == 1 && read(client, &request, 1) == 1 && request == 'f') {
        if (out >= 0)
            drain(out, 1);
        if (err >= 0)
            drain(err, 2);
        frame_start(&channel, FRAME_SYNC);
        /* Without the host's answer the client gets none either, and reports the failure. */
        if (frame_send(&channel, 1) == 0 && write(client, &request, 1) != 1)
            fprintf(stderr, "luo init: a flush client left early\n");
    }
    close(client);
}

static int listen_for_flush(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path + 1, INIT_SOCKET, sizeof(INIT_SOCKET) - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + sizeof(INIT_SOCKET)) < 0 ||
        listen(fd, 16) < 0)
        report_end(EXIT_GUEST_SETUP, errno, "listening for flush requests");
    return fd;
}

static _Noreturn void exec_payload(const struct payload *payload, int out, int err, int status_pipe, const sigset_t *signals)
{
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    setsid();
    if (null >= 0 && dup2(null, 0) == 0 && dup2(out, 1) == 1 && dup2(err, 2) == 2 &&
        sigprocmask(SIG_UNBLOCK, signals, NULL) == 0 && enter_payload_root(payload) == 0) {
        environ = payload->environment;
        execvpe(payload->arguments[0], payload->arguments, payload->environment);
    }
    int error = errno;
    if (write(status_pipe, &error, sizeof(error)) != sizeof(error))
        _exit(126);
    _exit(127);
}

/* Waits for the payload while forwarding its output, answering flush requests and reaping orphans. Where the system stops this service,
 * the payload is asked to end too, and *stopped is set. */
static int run_payload(pid_t child, int out, int err, int listener, int events, int *stopped)
{
    for (;;) {
        struct pollfd p[4] = { { out, POLLIN, 0 }, { err, POLLIN, 0 }, { listener, POLLIN, 0 }, { events, POLLIN, 0 } };
        if (poll(p, 4, -1) < 0 && errno != EINTR)
            report_end(EXIT_GUEST_SETUP, errno, "poll");
        if (p[0].revents && !drain(out, 1))
            out = -1;
        if (p[1].revents && !drain(err, 2))
            err = -1;
        if (p[2].revents)
            serve_flush(listener, out, err);
        if (!p[3].revents)
            continue;
        struct signalfd_siginfo event = { 0 };
        if (read(events, &event, sizeof(event)) < 0 && errno != EAGAIN)
            report_end(EXIT_GUEST_SETUP, errno, "signalfd");
        if (event.ssi_signo == SIGTERM) {
            *stopped = 1;
            kill(-child, SIGTERM);
        }
        int status, ended = 0, payload_status = 0;
        for (pid_t pid; (pid = waitpid(-1, &status, WNOHANG)) > 0;)
            if (pid == child) {
                ended = 1;
                payload_status = status;
            }
        if (!ended)
            continue;
        if (out >= 0)
            drain(out, 1);
        if (err >= 0)
            drain(err, 2);
        return payload_status;
    }
}

_Noreturn void serve_payload(const struct payload *payload, int may_be_stopped)
{
    sigset_t signals;
    int out[2], err[2], started[2];
    sigemptyset(&signals);
    sigaddset(&signals, SIGCHLD);
    if (may_be_stopped)
        sigaddset(&signals, SIGTERM);
    if (sigprocmask(SIG_BLOCK, &signals, NULL) < 0)
        report_end(EXIT_GUEST_SETUP, errno, "signals");
    int events = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
    int listener = listen_for_flush();
    if (events < 0 || pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0 || pipe2(started, O_CLOEXEC) < 0 ||
        fcntl(out[0], F_SETFL, O_NONBLOCK) < 0 || fcntl(err[0], F_SETFL, O_NONBLOCK) < 0)
        report_end(EXIT_GUEST_SETUP, errno, "pipes");

    pid_t child = fork();
    if (child < 0)
        report_end(EXIT_GUEST_SETUP, errno, "fork");
    if (child == 0)
        exec_payload(payload, out[1], err[1], started[1], &signals);
    close(out[1]);
    close(err[1]);
    close(started[1]);
    int error, stopped = 0;
    if (read(started[0], &error, sizeof(error)) == sizeof(error)) {
        errno = error;
        report_end(EXIT_NOT_STARTED, error, payload->arguments[0]);
    }
    int status = run_payload(child, out[0], err[0], listener, events, &stopped);
    if (stopped) {
        /* Not the run's end: the system goes down, to the next kernel or to nothing. The host keeps what was written so far. */
        frame_start(&channel, FRAME_SYNC);
        _exit(frame_send(&channel, 1) == 0 ? 0 : 1);
    }
    if (WIFSIGNALED(status))
        report_end(EXIT_SIGNAL, WTERMSIG(status), "");
    report_end(EXIT_STATUS, WEXITSTATUS(status), "");
}

int serve_as_service(void)
{
    struct payload payload = { 0 };
    unsigned stage = read_stage();
    if (stage == 0 || channel_open(&channel, "/dev/virtio-ports/" INIT_PORT, stage) < 0) {
        fprintf(stderr, "luo-guest: opening the init port: %s\n", strerror(errno));
        return 1;
    }
    if (read_run_file("/run/luo/payload", &payload) < 0)
        report_end(EXIT_GUEST_SETUP, errno, "reading the run file");
    serve_payload(&payload, 1);
}
