/* luo-guest: what a shell or C payload needs of the harness. .NET payloads use the class Guest instead. */
#include "channel.h"
#include "payload.h"
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/reboot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static const char usage[] =
    "luo-guest report TEST passed|failed|skipped [MESSAGE]\n"
    "luo-guest value NAME VALUE\n"
    "luo-guest event TEXT\n"
    "luo-guest file NAME PATH\n"
    "luo-guest stage           print the number of this kernel, 1 for the cold boot\n"
    "luo-guest flush           return once the host holds all output so far\n"
    "luo-guest kexec [WORD...] start the next stage's kernel, with words added to its command line\n"
    "luo-guest load [WORD...]  load it only\n"
    "luo-guest jump            start the kernel that was loaded; under systemd by 'systemctl kexec', and wait for the end\n"
    "luo-guest serve           run the payload, as the service that the harness adds to a system's root\n";

static struct channel reports;

static int fail(const char *step)
{
    fprintf(stderr, "luo-guest: %s: %s\n", step, strerror(errno));
    return 1;
}

static int open_report_port(void)
{
    return channel_open(&reports, "/dev/virtio-ports/" REPORT_PORT, read_stage());
}

static int report(int argc, char **argv)
{
    static const char *const outcomes[] = { "passed", "failed", "skipped" };
    unsigned char outcome = 0;
    for (unsigned char i = 0; i < 3; i++)
        if (strcmp(argv[3], outcomes[i]) == 0)
            outcome = (unsigned char)(i + 1);
    if (!outcome) {
        fprintf(stderr, "luo-guest: the outcome '%s' is none of passed, failed, skipped\n", argv[3]);
        return 2;
    }
    if (open_report_port() < 0)
        return fail("opening the report port");
    frame_start(&reports, FRAME_REPORT);
    if (frame_bytes(&reports, &outcome, 1) < 0 || frame_string(&reports, argv[2]) < 0 ||
        frame_string(&reports, argc > 4 ? argv[4] : "") < 0 || frame_send(&reports, 1) < 0)
        return fail("sending the report");
    return 0;
}

static int send_texts(enum frame_type type, int count, char **texts)
{
    if (open_report_port() < 0)
        return fail("opening the report port");
    frame_start(&reports, type);
    for (int i = 0; i < count; i++)
        if (frame_string(&reports, texts[i]) < 0)
            return fail(texts[i]);
    return frame_send(&reports, 1) < 0 ? fail("sending") : 0;
}

static int send_file(const char *name, const char *path)
{
    static unsigned char block[24576];
    uint64_t total = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(path);
    if (open_report_port() < 0)
        return fail("opening the report port");
    frame_start(&reports, FRAME_FILE_BEGIN);
    if (frame_string(&reports, name) < 0 || frame_send(&reports, 0) < 0)
        return fail("sending the name");
    for (;;) {
        ssize_t n = read(fd, block, sizeof(block));
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(path);
        if (n == 0)
            break;
        total += (uint64_t)n;
        frame_start(&reports, FRAME_FILE_DATA);
        if (frame_bytes(&reports, block, (size_t)n) < 0 || frame_send(&reports, 0) < 0)
            return fail("sending the content");
    }
    frame_start(&reports, FRAME_FILE_END);
    return frame_u64(&reports, total) < 0 || frame_send(&reports, 1) < 0 ? fail("ending the file") : 0;
}

static int flush(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    memcpy(address.sun_path + 1, INIT_SOCKET, sizeof(INIT_SOCKET) - 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char answer = 0;
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + sizeof(INIT_SOCKET)) < 0 ||
        write(fd, "f", 1) != 1 || read(fd, &answer, 1) != 1 || answer != 'f')
        return fail("asking init to flush the output");
    close(fd);
    return 0;
}

static int append_word(char *line, size_t room, const char *word)
{
    size_t used = strlen(line);
    int written = snprintf(line + used, room - used, "%s%s", used ? " " : "", word);
    if (written >= 0 && (size_t)written < room - used)
        return 0;
    errno = E2BIG;
    return -1;
}

/* The present command line with luo.stage one higher and the new words at its end. */
static int next_command_line(char *to, size_t room, int count, char **words)
{
    char line[4096], stage[32];
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, line, sizeof(line) - 1);
    if (n < 0)
        return -1;
    close(fd);
    line[n] = 0;
    to[0] = 0;
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n"))
        if (strncmp(word, "luo.stage=", 10) != 0 && append_word(to, room, word) < 0)
            return -1;
    snprintf(stage, sizeof(stage), "luo.stage=%u", read_stage() + 1);
    if (append_word(to, room, stage) < 0)
        return -1;
    for (int i = 0; i < count; i++)
        if (append_word(to, room, words[i]) < 0)
            return -1;
    return 0;
}

static int load(int count, char **words)
{
    char line[2048];
    if (next_command_line(line, sizeof(line), count, words) < 0)
        return fail("making the next command line");
    char image[64];
    snprintf(image, sizeof(image), "/run/luo/bzImage.%u", read_stage() + 1);
    int kernel = open(image, O_RDONLY | O_CLOEXEC), initrd = open("/run/luo/initrd", O_RDONLY | O_CLOEXEC);
    if (kernel < 0 && errno == ENOENT)
        kernel = open("/run/luo/bzImage", O_RDONLY | O_CLOEXEC);
    if (kernel < 0 || initrd < 0)
        return fail("opening /run/luo/bzImage and /run/luo/initrd");
    if (syscall(SYS_kexec_file_load, kernel, initrd, strlen(line) + 1, line, 0UL) < 0)
        return fail("kexec_file_load");
    return 0;
}

/* The system stops its services first, this one's payload among them: nothing is left to do but to wait for that. */
static int jump_by_system(void)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        execlp("systemctl", "systemctl", "kexec", (char *)NULL);
        _exit(127);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        return fail("systemctl kexec");
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fprintf(stderr, "luo-guest: systemctl kexec failed with wait status %d\n", status);
        return 1;
    }
    for (;;)
        pause();
}

static int jump(void)
{
    if (flush() != 0)
        return 1;
    /* What sd_booted(3) looks at. */
    if (access("/run/systemd/system", F_OK) == 0)
        return jump_by_system();
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL);
    return fail("reboot(LINUX_REBOOT_CMD_KEXEC)");
}

int tool_main(int argc, char **argv)
{
    const char *verb = argc > 1 ? argv[1] : "";
    if (strcmp(verb, "report") == 0 && (argc == 4 || argc == 5))
        return report(argc, argv);
    if (strcmp(verb, "value") == 0 && argc == 4)
        return send_texts(FRAME_VALUE, 2, argv + 2);
    if (strcmp(verb, "event") == 0 && argc == 3)
        return send_texts(FRAME_EVENT, 1, argv + 2);
    if (strcmp(verb, "file") == 0 && argc == 4)
        return send_file(argv[2], argv[3]);
    if (strcmp(verb, "stage") == 0 && argc == 2)
        return printf("%u\n", read_stage()) < 0;
    if (strcmp(verb, "flush") == 0 && argc == 2)
        return flush();
    if (strcmp(verb, "kexec") == 0)
        return load(argc - 2, argv + 2) != 0 || jump();
    if (strcmp(verb, "load") == 0)
        return load(argc - 2, argv + 2);
    if (strcmp(verb, "jump") == 0 && argc == 2)
        return jump();
    if (strcmp(verb, "serve") == 0 && argc == 2)
        return serve_as_service();
    fputs(usage, stderr);
    return 2;
}
