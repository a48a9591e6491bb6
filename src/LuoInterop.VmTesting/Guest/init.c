/* PID 1 of every guest kernel: prepares the payload's root, which is the host's or a system's of its own, and runs the payload or that
 * system. */
#include "payload.h"
#include "system.h"
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

/* The documented way for a payload to make its kernel panic: kill -USR2 1. The kernel does not survive its init. */
static void on_usr2(int signal)
{
    (void)signal;
    _exit(0x61);
}

static void announce(unsigned stage)
{
    struct utsname u;
    struct timespec t;
    if (uname(&u) < 0 || clock_gettime(CLOCK_BOOTTIME, &t) < 0)
        report_end(EXIT_GUEST_SETUP, errno, "uname");
    frame_start(&channel, FRAME_HELLO);
    if (frame_u32(&channel, PROTOCOL_VERSION) < 0 || frame_u32(&channel, stage) < 0 ||
        frame_u64(&channel, (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec) < 0 ||
        frame_string(&channel, u.release) < 0 || frame_send(&channel, 1) < 0)
        fprintf(stderr, "luo init: the host did not take the announcement: %s\n", strerror(errno));
}

static _Noreturn void init_main(void)
{
    const char *step;
    unsigned stage = 0;
    struct payload payload = { 0 };

    if ((step = setup_basics()) || (stage = read_stage()) == 0 || channel_open(&channel, "/dev/virtio-ports/" INIT_PORT, stage) < 0) {
        fprintf(stderr, "luo init: %s: %s\n", step ? step : "opening the init port", strerror(errno));
        _exit(1);
    }
    announce(stage);
    if (probe_only())
        power_off();
    if ((step = setup_shares(&payload)))
        report_end(EXIT_GUEST_SETUP, errno, step);
    if (payload.system)
        report_end(EXIT_GUEST_SETUP, errno, start_system(&payload));
    if ((step = setup_payload_root(&payload)))
        report_end(EXIT_GUEST_SETUP, errno, step);
    struct sigaction usr2 = { .sa_handler = on_usr2 };
    if (sigaction(SIGUSR2, &usr2, NULL) < 0)
        report_end(EXIT_GUEST_SETUP, errno, "signals");
    serve_payload(&payload, 0);
}

int main(int argc, char **argv)
{
    if (getpid() == 1)
        init_main();
    return tool_main(argc, argv);
}
