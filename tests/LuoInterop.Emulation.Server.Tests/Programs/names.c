/* Says for a session's name whether it can be retrieved, then whether it can be created. */
#include "luo.h"

int main(int argc, char **argv)
{
    int device = must(open_device(), "open");
    for (int i = 1; i < argc; i++) {
        int session = retrieve_session(device, argv[i]);
        printf("retrieve %s: %s\n", argv[i], session < 0 ? strerrorname_np(errno) : "0");
        session = create_session(device, argv[i]);
        printf("create %s: %s\n", argv[i], session < 0 ? strerrorname_np(errno) : "0");
    }
    return 0;
}
