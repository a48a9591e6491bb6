/* What links, file systems and the kernel's files say, before and after a kexec: status.c RELEASE NEXT [everything]. */
#include "expect.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/vfs.h>

#define ANON_INODE_FS_MAGIC 0x09041934

static void read_kernel_file(const char *path, char *text, size_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd < 0 ? -1 : read(fd, text, size - 1);
    text[length < 0 ? 0 : length] = 0;
    text[strcspn(text, "\n")] = 0;
    close(fd);
}

static void check_device(void)
{
    struct stat status;
    EXPECT(access("/dev/liveupdate", F_OK), 0);
    EXPECT(stat("/dev/liveupdate", &status), 0);
    EXPECT(S_ISCHR(status.st_mode) ? 0 : -1, 0);
    EXPECT(faccessat(AT_FDCWD, "/dev/../dev/./liveupdate", R_OK | W_OK, 0), 0);
    int folder = must(open("/dev", O_PATH | O_DIRECTORY), "/dev");
    EXPECT(fstatat(folder, "liveupdate", &status, 0), 0);
    int device = openat(folder, "liveupdate", O_RDWR | O_CLOEXEC);
    EXPECT(device, 0);
    EXPECT_LINK(device, "/dev/liveupdate");
    must(chdir("/dev"), "chdir");
    EXPECT(open("liveupdate", O_RDWR), EBUSY);
    EXPECT(open("./liveupdate", O_WRONLY), EBUSY);
    close(device);
    device = open("/dev/liveupdate", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    EXPECT((fcntl(device, F_GETFL) & (O_ACCMODE | O_NONBLOCK)) == (O_RDWR | O_NONBLOCK) ? 0 : -1, 0);
    close(device);
    close(folder);
}

static void check_file_system(int session, int everything)
{
    struct statfs system;
    struct stat status;
    char byte;
    EXPECT(fstatfs(session, &system), 0);
    EXPECT(system.f_type == ANON_INODE_FS_MAGIC ? 0 : -1, 0);
    EXPECT(syscall(SYS_fstatfs, session, NULL), EFAULT);
    EXPECT(read(session, &byte, 1), EINVAL);
    EXPECT(lseek(session, 0, SEEK_SET), ESPIPE);
    EXPECT(fcntl(session, F_GETFD) == FD_CLOEXEC ? 0 : -1, 0);
    EXPECT((fcntl(session, F_GETFL) & O_ACCMODE) == O_RDWR ? 0 : -1, 0);
    if (everything) {
        EXPECT(fstat(session, &status), 0);
        EXPECT((status.st_mode & S_IFMT) == S_IFSOCK ? -1 : 0, 0);
    }
}

int main(int argc, char **argv)
{
    char text[4096];
    struct utsname name;
    int now = stage(), everything = argc > 3, session, file;
    must(uname(&name), "uname");
    EXPECT_TEXT(name.release, argv[now]);
    EXPECT_TEXT(name.sysname, "Linux");
    EXPECT_TEXT(name.machine, "x86_64");
    read_kernel_file("/proc/sys/kernel/osrelease", text, sizeof(text));
    EXPECT_TEXT(text, argv[now]);
    if (everything) {
        read_kernel_file("/sys/kernel/kexec_loaded", text, sizeof(text));
        EXPECT_TEXT(text, "0");
    }
    check_device();
    int device = must(open_device(), "open");
    if (now == 1) {
        session = must(create_session(device, "a name with spaces"), "CREATE_SESSION");
        EXPECT_LINK(session, "anon_inode:[luo_session] a name with spaces");
        check_file_system(session, everything);
        file = memory_file("text");
        EXPECT_LINK(file, "/memfd:carried (deleted)");
        must(preserve(session, file, 3), "PRESERVE_FD");
        EXPECT_LINK(file, "/memfd:carried (deleted)");
        load_kernel(2);
        if (everything) {
            read_kernel_file("/sys/kernel/kexec_loaded", text, sizeof(text));
            EXPECT_TEXT(text, "1");
        }
        if (failures == 0)
            jump();
        return 1;
    }
    read_line(text, sizeof(text));
    EXPECT(strstr(text, " luo_stage=2") ? 0 : -1, 0);
    session = must(retrieve_session(device, "a name with spaces"), "RETRIEVE_SESSION");
    EXPECT_LINK(session, "anon_inode:[luo_session] a name with spaces");
    check_file_system(session, everything);
    file = must(retrieve(session, 3), "RETRIEVE_FD");
    EXPECT_LINK(file, "/ (deleted)");
    EXPECT(fcntl(file, F_GETFD) == FD_CLOEXEC ? 0 : -1, 0);
    return failures != 0;
}
