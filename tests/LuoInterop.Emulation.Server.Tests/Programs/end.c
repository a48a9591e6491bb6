/* Ends the machine by reboot(2), with a session open: end.c COMMAND, in hexadecimal. */
#include "expect.h"

int main(int argc, char **argv)
{
    int session = must(create_session(must(open_device(), "open"), "lost"), "CREATE_SESSION");
    must(preserve(session, memory_file("lost"), 1), "PRESERVE_FD");
    EXPECT(syscall(SYS_reboot, 1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_RESTART, NULL), EINVAL);
    EXPECT(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, 2, LINUX_REBOOT_CMD_RESTART, NULL), EINVAL);
    EXPECT(syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_KEXEC, NULL), EINVAL);
    if (failures || argc < 2)
        return 1;
    syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, (unsigned int)strtoul(argv[1], NULL, 16), NULL);
    perror("reboot");
    return 1;
}
