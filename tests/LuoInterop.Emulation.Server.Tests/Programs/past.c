/* Writes past the end of a preserved file, which no filter sees, and jumps. */
#include "luo.h"

#include <sys/uio.h>

int main(void)
{
    int session = must(create_session(must(open_device(), "open"), "past the end"), "CREATE_SESSION");
    int file = memory_file("eight by");
    must(preserve(session, file, 5), "PRESERVE_FD");
    struct iovec more = { "more", 4 };
    must(pwritev(file, &more, 1, 8), "pwritev");
    load_kernel(2);
    jump();
    return 0;
}
