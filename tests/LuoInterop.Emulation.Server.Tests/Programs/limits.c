/* A process that may have no further descriptor: EMFILE, and nothing has happened. */
#include "expect.h"

#include <sys/resource.h>

static void allow(rlim_t files)
{
    struct rlimit limit;
    must(getrlimit(RLIMIT_NOFILE, &limit), "getrlimit");
    limit.rlim_cur = files;
    must(setrlimit(RLIMIT_NOFILE, &limit), "setrlimit");
}

int main(void)
{
    int now = stage(), spare = dup(STDOUT_FILENO), device, session, file;
    close(spare);
    allow((rlim_t)spare);
    EXPECT(open_device(), EMFILE);
    allow((rlim_t)spare + 1);
    device = must(open_device(), "open");
    if (now == 1) {
        EXPECT(create_session(device, "limit"), EMFILE);
        allow(1024);
        session = must(create_session(device, "limit"), "CREATE_SESSION");
        must(preserve(session, memory_file("text"), 3), "PRESERVE_FD");
        load_kernel(2);
        if (failures == 0)
            jump();
        return 1;
    }
    EXPECT(retrieve_session(device, "limit"), EMFILE);
    allow((rlim_t)spare + 2);
    session = must(retrieve_session(device, "limit"), "RETRIEVE_SESSION");
    EXPECT(retrieve(session, 3), EMFILE);
    /* A hole in the table is room, whatever the last number. */
    close(STDIN_FILENO);
    file = retrieve(session, 3);
    EXPECT(file, 0);
    if (file != STDIN_FILENO)
        fprintf(stderr, "the file has number %d\n", file);
    return failures != 0 || file != STDIN_FILENO;
}
