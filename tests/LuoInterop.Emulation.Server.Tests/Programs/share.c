/* A hundred processes hand the descriptors of ten sessions on, by messages and by inheritance: a session lives until the last is gone. */
#include "luo.h"

#include <sys/socket.h>
#include <sys/wait.h>

#define PROCESSES 100
#define SESSIONS 10

static void send_descriptor(int to, int fd)
{
    char byte = 0, control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof(int));
    must(sendmsg(to, &message, 0), "sendmsg");
}

static int receive_descriptor(int from)
{
    char byte, control[CMSG_SPACE(sizeof(int))] = { 0 };
    struct iovec part = { &byte, 1 };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
    int fd = -1;
    must(recvmsg(from, &message, MSG_CMSG_CLOEXEC), "recvmsg");
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(int));
    return fd;
}

static void name_of(int i, char *name) { sprintf(name, "shared-%d", i); }

static void check_name(int session, int i)
{
    struct named_session call = { .size = sizeof(call) };
    char name[64];
    name_of(i, name);
    must(ioctl(session, GET_NAME, &call), "GET_NAME");
    if (strcmp((char *)call.name, name) != 0) {
        fprintf(stderr, "%d is called %s\n", i, (char *)call.name);
        exit(1);
    }
}

/* A process of the chain: what comes in is looked at, by a child too, and goes on. The last one keeps it until it is told to end. */
static void pass_on(int from, int to, int release)
{
    char byte;
    int sessions[SESSIONS], status;
    for (int i = 0; i < SESSIONS; i++)
        check_name(sessions[i] = receive_descriptor(from), i);
    pid_t child = must(fork(), "fork");
    if (child == 0) {
        for (int i = 0; i < SESSIONS; i++)
            check_name(dup(sessions[i]), i);
        _exit(0);
    }
    waitpid(child, &status, 0);
    if (status != 0)
        _exit(1);
    for (int i = 0; to >= 0 && i < SESSIONS; i++) {
        send_descriptor(to, sessions[i]);
        close(sessions[i]);
    }
    if (to < 0) {
        say("held by the last");
        must(read(release, &byte, 1), "release");
    }
    _exit(0);
}

static void expect_names(int device, int error, const char *when)
{
    char name[64];
    for (int i = 0; i < SESSIONS; i++) {
        name_of(i, name);
        int session = create_session(device, name);
        if ((session < 0 ? errno : 0) != error) {
            fprintf(stderr, "%s: session %d: %s\n", when, i, session < 0 ? strerror(errno) : "created");
            exit(1);
        }
        if (session >= 0)
            close(session);
    }
}

/* A message that nobody receives holds what it carries, until the socket is gone. */
static void lose_in_flight(int device)
{
    int pair[2];
    must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), "socketpair");
    int session = must(create_session(device, "in flight"), "CREATE_SESSION");
    send_descriptor(pair[0], session);
    close(session);
    if (create_session(device, "in flight") >= 0 || errno != EEXIST)
        exit(2);
    close(pair[0]);
    close(pair[1]);
    close(must(create_session(device, "in flight"), "after the socket's end"));
}

int main(void)
{
    int pipes[PROCESSES + 1][2], release[2], sessions[SESSIONS], status, failed = 0;
    char name[64];
    int device = must(open_device(), "open");
    must(pipe2(release, O_CLOEXEC), "pipe");
    for (int i = 0; i < PROCESSES; i++)
        must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pipes[i]), "socketpair");
    for (int i = 0; i < PROCESSES; i++)
        if (must(fork(), "fork") == 0) {
            close(release[1]);
            pass_on(pipes[i][1], i + 1 < PROCESSES ? pipes[i + 1][0] : -1, release[0]);
        }
    for (int i = 0; i < SESSIONS; i++) {
        name_of(i, name);
        sessions[i] = must(create_session(device, name), "CREATE_SESSION");
        must(preserve(sessions[i], memory_file(name), 1), "PRESERVE_FD");
    }
    for (int i = 0; i < SESSIONS; i++) {
        send_descriptor(pipes[0][0], sessions[i]);
        close(sessions[i]);
    }
    /* All but the last come to their end. */
    for (int i = 1; i < PROCESSES; i++) {
        must(wait(&status), "wait");
        failed |= status;
    }
    expect_names(device, EEXIST, "while the last one holds them");
    close(release[1]);
    must(wait(&status), "wait");
    expect_names(device, 0, "after the last one's end");
    lose_in_flight(device);
    return failed || status ? 3 : 0;
}
