/* Opens the device for reading only, which is not trapped where the kernel's files are mounted, and uses it all the same. */
#include "expect.h"

int main(void)
{
    int kept = open("/dev/liveupdate", O_RDONLY | O_CLOEXEC);
    int session = create_session(kept, "read only");
    EXPECT(kept, 0);
    EXPECT(session, 0);
    EXPECT(fcntl(kept, F_GETFD) == FD_CLOEXEC ? 0 : -1, 0);
    EXPECT(open_device(), EBUSY);
    EXPECT(create_session(kept, "read only"), EEXIST);
    close(kept);
    int inherited = open("/dev/liveupdate", O_RDONLY);
    EXPECT(create_session(inherited, "read only"), EEXIST);
    EXPECT(fcntl(inherited, F_GETFD) == 0 ? 0 : -1, 0);
    close(session);
    EXPECT(create_session(inherited, "read only"), 0);
    return failures != 0;
}
