/* Carries a text through two kexecs, and adds to it in each kernel. With the word "hold NAME TEXT" or "take NAME" it does one half, for
   a shell. */
#include "luo.h"

#define TOKEN 7
#define NAME "carry"

static void read_text(int fd, char *text, size_t size)
{
    int length = must(pread(fd, text, size - 1, 0), "pread");
    text[length] = 0;
}

static int hold(const char *name, const char *text)
{
    int device = must(open_device(), "open");
    int session = must(create_session(device, name), "CREATE_SESSION");
    must(preserve(session, memory_file(text), TOKEN), "PRESERVE_FD");
    close(device);
    if (must(fork(), "fork") > 0)
        return 0;
    /* The session lives as long as this process. */
    setsid();
    close(STDOUT_FILENO);
    close(STDERR_FILENO);
    for (;;)
        pause();
}

static int take(const char *name)
{
    char text[256];
    int session = must(retrieve_session(must(open_device(), "open"), name), "RETRIEVE_SESSION");
    int file = must(retrieve(session, TOKEN), "RETRIEVE_FD");
    read_text(file, text, sizeof(text));
    must(finish(session), "FINISH");
    printf("%s", text);
    return 0;
}

static void keep_and_jump(int device, int file, int next)
{
    int session = must(create_session(device, NAME), "CREATE_SESSION");
    say("created");
    must(preserve(session, file, TOKEN), "PRESERVE_FD");
    load_kernel(next);
    say("jumping");
    jump();
}

int main(int argc, char **argv)
{
    char text[256];
    int now, device, session, file;
    if (argc == 4 && strcmp(argv[1], "hold") == 0)
        return hold(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "take") == 0)
        return take(argv[2]);
    now = stage();
    device = must(open_device(), "open");
    if (now == 1)
        keep_and_jump(device, memory_file("kernel 1"), 2);
    session = must(retrieve_session(device, NAME), "RETRIEVE_SESSION");
    say("retrieved");
    file = must(retrieve(session, TOKEN), "RETRIEVE_FD");
    read_text(file, text, sizeof(text));
    must(finish(session), "FINISH");
    close(session);
    sprintf(text + strlen(text), ", kernel %d", now);
    must(pwrite(file, text, strlen(text), 0), "pwrite");
    if (now == 2)
        keep_and_jump(device, file, 3);
    printf("%s\n", text);
    return 0;
}
