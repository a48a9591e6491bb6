/* Opens the device and a session with O_PATH: nothing can be done with such a descriptor, and nothing is kept open by it. */
#include "expect.h"

#include <sys/ioctl.h>
#include <sys/stat.h>

static void expect_place(int place)
{
    char byte = 0;
    int on = 1;
    struct stat status;
    EXPECT(place, 0);
    EXPECT(create_session(place, "place"), EBADF);
    EXPECT(finish(place), EBADF);
    EXPECT(ioctl(place, FIONBIO, &on), EBADF);
    EXPECT(ioctl(place, FIOCLEX), EBADF);
    EXPECT(ioctl(place, TCGETS, &byte), EBADF);
    EXPECT(read(place, &byte, 1), EBADF);
    EXPECT(write(place, &byte, 1), EBADF);
    EXPECT(pread(place, &byte, 1, 0), EBADF);
    EXPECT(lseek(place, 0, SEEK_CUR), EBADF);
    EXPECT(ftruncate(place, 1), EBADF);
    EXPECT(fcntl(place, F_SETFL, O_NONBLOCK), EBADF);
    EXPECT(fcntl(place, F_GETFL) == O_PATH ? 0 : -1, 0);
    EXPECT((long)mmap(NULL, 4096, PROT_READ, MAP_SHARED, place, 0), EBADF);
    EXPECT(fstat(place, &status), 0);
}

int main(void)
{
    char path[64];
    int place = open("/dev/liveupdate", O_PATH | O_CLOEXEC);
    expect_place(place);
    expect_place(open("/dev/liveupdate", O_PATH | O_RDWR | O_CLOEXEC));
    int device = open_device();
    int session = create_session(device, "a");
    snprintf(path, sizeof(path), "/proc/self/fd/%d", session);
    int of_session = open(path, O_PATH | O_CLOEXEC);
    expect_place(of_session);
    expect_link(of_session, "anon_inode:[luo_session] a", __LINE__);
    EXPECT(preserve(session, place, 1), EBADF);
    EXPECT(preserve(session, of_session, 1), EBADF);
    close(session);
    EXPECT(create_session(device, "a"), 0);
    close(device);
    EXPECT(open_device(), 0);
    return failures != 0;
}
