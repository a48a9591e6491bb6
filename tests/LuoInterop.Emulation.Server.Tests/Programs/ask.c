/* Makes the ioctls that a file lists, a line for each: TARGET REQUEST PLACE BYTES, and says what each answered and left in memory.
   It begins in the second kernel, where the session that the first one handed over is among the targets. */
#include "luo.h"

#define PAGE 4096
#define STANDS_FOR_FILE 0x4d4d4d4d

static unsigned char *pages; /* one that can be written, one that cannot, two more, and one that is not there */
static int file;

static unsigned char *place(const char *name, size_t length)
{
    if (strcmp(name, "null") == 0)
        return NULL;
    if (strcmp(name, "high") == 0)
        return (unsigned char *)0xffff800000000000;
    if (strcmp(name, "readonly") == 0)
        return pages + PAGE;
    if (strcmp(name, "end") == 0) /* what follows is not there */
        return pages + 4 * PAGE - length;
    if (strcmp(name, "none") == 0)
        return pages + 4 * PAGE;
    return pages + 64;
}

static size_t parse(const char *text, unsigned char *bytes)
{
    size_t length = 0;
    unsigned value;
    for (; sscanf(text + 2 * length, "%2x", &value) == 1; length++)
        bytes[length] = (unsigned char)value;
    return length;
}

static void ask(int target, unsigned long request, const char *where, const char *text)
{
    unsigned char bytes[PAGE];
    size_t length = parse(text, bytes);
    uint32_t stands;
    if (length >= 8 && (memcpy(&stands, bytes + 4, 4), stands == STANDS_FOR_FILE))
        memcpy(bytes + 4, &file, 4);
    unsigned char *at = place(where, length);
    if (at == pages + PAGE) {
        must(mprotect(pages + PAGE, PAGE, PROT_READ | PROT_WRITE), "mprotect");
        memcpy(at, bytes, length);
        must(mprotect(pages + PAGE, PAGE, PROT_READ), "mprotect");
    } else if (strcmp(where, "ok") == 0 || strcmp(where, "end") == 0)
        memcpy(at, bytes, length);
    int result = ioctl(target, request, at);
    int error = result < 0 ? errno : 0;
    printf("%d", error);
    if (strcmp(where, "ok") == 0 || strcmp(where, "end") == 0) {
        int given;
        if (length >= 8) {
            memcpy(&given, at + 4, 4);
            if (given == file)
                memcpy(at + 4, (uint32_t[]){ STANDS_FOR_FILE }, 4);
            else if (error == 0 && (request == CREATE_SESSION || request == RETRIEVE_SESSION || request == RETRIEVE_FD)) {
                close(given);
                memset(at + 4, 0, 4);
            }
        }
        putchar(' ');
        for (size_t i = 0; i < length; i++)
            printf("%02x", at[i]);
    }
    putchar('\n');
}

int main(int argc, char **argv)
{
    static char line[2 * PAGE + 256], text[2 * PAGE];
    char target, where[32];
    unsigned long request;
    int device = must(open_device(), "open");
    if (stage() == 1) {
        int session = must(create_session(device, "incoming"), "CREATE_SESSION");
        must(preserve(session, memory_file("text"), 1), "PRESERVE_FD");
        load_kernel(2);
        jump();
    }
    FILE *cases = argc > 1 ? fopen(argv[1], "r") : NULL;
    int incoming = must(retrieve_session(device, "incoming"), "RETRIEVE_SESSION");
    int outgoing = must(create_session(device, "outgoing"), "CREATE_SESSION");
    file = fcntl(memory_file("text"), F_DUPFD_CLOEXEC, 600);
    pages = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    must(mprotect(pages + 4 * PAGE, PAGE, PROT_NONE), "mprotect");
    while (cases && fgets(line, sizeof(line), cases)) {
        text[0] = 0;
        if (sscanf(line, "%c %lx %31s %8191s", &target, &request, where, text) < 3)
            return 2;
        ask(target == 'd' ? device : target == 'o' ? outgoing : target == 'i' ? incoming : file, request, where, text);
    }
    return cases ? 0 : 3;
}
