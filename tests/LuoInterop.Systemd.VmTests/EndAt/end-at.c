/* Ends a program at one of the messages that it sends, whichever thread sends it.
 *
 *   end-at MARK NUMBER-before PROGRAM [ARGUMENT...]    kills the program at its sendmsg(2) of that number, from 1 on, before it is sent
 *   end-at MARK NUMBER-after PROGRAM [ARGUMENT...]     kills it when that message was sent
 *
 * Makes the file MARK first; where it is there already, the program runs undisturbed. The program is this process itself, so that systemd
 * takes it for the one it started; a child traces it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#define SYSCALL_STOP (SIGTRAP | 0x80)

static void die(const char *step)
{
    fprintf(stderr, "end-at: %s: %s\n", step, strerror(errno));
    exit(1);
}

/* Follows every thread of the program until it has ended. */
static void trace(pid_t program, int number, int after)
{
    int sent = 0, status;
    pid_t sender = 0, thread;
    while ((thread = waitpid(-1, &status, __WALL)) > 0) {
        if (!WIFSTOPPED(status)) {
            if (thread == program)
                return;
            continue;
        }
        int signal = WSTOPSIG(status), event = status >> 16;
        if (signal == SYSCALL_STOP) {
            struct __ptrace_syscall_info info = { 0 };
            if (ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof(info), &info) < 0)
                continue;
            int sends = info.op == PTRACE_SYSCALL_INFO_ENTRY && info.entry.nr == SYS_sendmsg;
            if (sends && ++sent == number) {
                sender = thread;
                if (!after)
                    kill(program, SIGKILL);
            }
            if (info.op == PTRACE_SYSCALL_INFO_EXIT && thread == sender && after)
                kill(program, SIGKILL);
        }
        int is_group_stop = event == PTRACE_EVENT_STOP && signal != SIGTRAP;
        ptrace(is_group_stop ? PTRACE_LISTEN : PTRACE_SYSCALL, thread, 0, event || signal == SYSCALL_STOP ? 0 : signal);
    }
}

int main(int argc, char **argv)
{
    int ends[2], number;
    char when[16];
    if (argc < 4 || sscanf(argv[2], "%d-%15s", &number, when) != 2) {
        fprintf(stderr, "end-at MARK NUMBER-before|after PROGRAM [ARGUMENT...]\n");
        return 2;
    }
    int mark = open(argv[1], O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (mark < 0 && errno != EEXIST)
        die(argv[1]);
    if (mark >= 0) {
        pid_t program = getpid(), tracer;
        if (pipe2(ends, O_CLOEXEC) < 0 || (tracer = fork()) < 0)
            die("fork");
        if (tracer == 0) {
            char go = 1;
            signal(SIGTERM, SIG_IGN);
            close(ends[0]);
            if (ptrace(PTRACE_SEIZE, program, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE) < 0 ||
                ptrace(PTRACE_INTERRUPT, program, 0, 0) < 0 || write(ends[1], &go, 1) != 1)
                die("ptrace");
            trace(program, number, strcmp(when, "after") == 0);
            return 0;
        }
        char go = 0;
        ssize_t n;
        close(ends[1]);
        while ((n = read(ends[0], &go, 1)) < 0 && errno == EINTR)
            ;
        if (n != 1)
            die("waiting for the tracer");
        close(ends[0]);
        close(mark);
    }
    execv(argv[3], argv + 3);
    die(argv[3]);
}
