/* What Linux refuses for a preserved memory file, and what it allows (docs/contract.md, section 6). */
#include "expect.h"

#define SIZE 8192

int main(void)
{
    char byte = 'x';
    int device = must(open_device(), "open");
    int session = must(create_session(device, "frozen"), "CREATE_SESSION");
    int file = must(memfd_create("frozen", MFD_ALLOW_SEALING | MFD_CLOEXEC), "memfd_create");
    EXPECT(ftruncate(file, SIZE), 0);
    EXPECT(preserve(session, file, 1), 0);
    int copy = dup(file);
    EXPECT(ftruncate(file, 2 * SIZE), EPERM);
    EXPECT(ftruncate(file, SIZE / 2), EPERM);
    EXPECT(ftruncate(copy, 0), EPERM);
    EXPECT(ftruncate(file, SIZE), 0);
    EXPECT(ftruncate(file, -1), EINVAL);
    EXPECT(fallocate(file, 0, 0, SIZE), EPERM);
    EXPECT(fallocate(copy, 0, SIZE, SIZE), EPERM);
    EXPECT(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), EPERM);
    EXPECT(fallocate(file, FALLOC_FL_COLLAPSE_RANGE, 0, 4096), EOPNOTSUPP);
    EXPECT(fallocate(file, 0, 0, 0), EINVAL);
    EXPECT(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), EBUSY);
    EXPECT(fcntl(file, F_ADD_SEALS, F_SEAL_GROW), 0);
    EXPECT(fcntl(copy, F_GET_SEALS) == F_SEAL_GROW ? 0 : -1, 0);
    EXPECT(pwrite(file, &byte, 1, SIZE - 1), 0);
    char path[64];
    sprintf(path, "/proc/self/fd/%d", copy);
    EXPECT(open(path, O_RDWR | O_TRUNC), EPERM);
    EXPECT(open(path, O_RDWR), 0);
    close(session);
    EXPECT(ftruncate(file, SIZE / 2), 0);
    EXPECT(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE), 0);

    /* A file that nobody has preserved is none of this. */
    int other = must(memfd_create("other", MFD_ALLOW_SEALING | MFD_CLOEXEC), "memfd_create");
    EXPECT(ftruncate(other, SIZE), 0);
    EXPECT(fallocate(other, 0, 0, 2 * SIZE), 0);
    EXPECT(fcntl(other, F_ADD_SEALS, F_SEAL_WRITE), 0);
    return failures != 0;
}
