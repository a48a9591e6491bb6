/*
 * Judges device trees by libfdt with the kernel's sequences of calls: kho_populate, kho_retrieve_subtree and
 * kho_in_debugfs_init for the root tree of KHO; luo_early_startup of Linux 6.19 to 7.1 for the tree of LUO.
 *
 * A tree lies in one page, and nothing is mapped behind it. Requests come on standard input, answers go to standard output,
 * in the machine's byte order, until the input ends.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <libfdt.h>

#define PAGE 4096
#define FAULT (-4096)

enum form { KHO_V4, KHO_V3, KHO_V1, LUO_FLB, LUO, FLUSH = 255 };

struct request {
    uint8_t form;
    uint8_t fill;    /* the page's other bytes */
    uint16_t offset; /* in the page */
    uint16_t length;
};

/* Results are 0, -errno or FAULT. Of the tree of LUO: the result, its number, the sessions' address, and the objects' address. */
struct answer {
    int32_t populated;
    int32_t found[2]; /* LUO, kexec-metadata */
    int32_t listed;
    uint64_t map;
    uint64_t blob[2][2]; /* address, size */
    uint64_t list;       /* a sum of all that debugfs shows */
};

/*
 * The kernel's own string functions read one byte after the other (lib/string.c); the C library's may read further at once.
 */
int memcmp(const void *a, const void *b, size_t count)
{
    const unsigned char *x = a, *y = b;

    for (; count; count--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

void *memchr(const void *from, int byte, size_t count)
{
    const unsigned char *p = from;

    for (; count; count--, p++)
        if (*p == (unsigned char)byte)
            return (void *)p;
    return NULL;
}

size_t strlen(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length;
}

char *strrchr(const char *text, int byte)
{
    const char *last = NULL;

    do
        if (*text == (char)byte)
            last = text;
    while (*text++);
    return (char *)last;
}

static sigjmp_buf fault;
static const char *page;

static void on_fault(int signal, siginfo_t *info, void *context)
{
    const char *at = info->si_addr;

    (void)signal;
    (void)context;
    if (at < page + PAGE || at >= page + ((size_t)1 << 33))
        abort();
    siglongjmp(fault, 1);
}

static uint64_t native(const void *value)
{
    uint64_t number;

    memcpy(&number, value, sizeof(number));
    return number;
}

static int is_u64(const void *value, int length)
{
    return value && length == sizeof(uint64_t);
}

/* What fdt_check_header looks at in Linux 7.3.4, and in libfdt since 1.8.0: no difference where the library does it too. */
static int is_aligned(const void *fdt)
{
    return fdt_off_mem_rsvmap(fdt) % 8 == 0 && fdt_off_dt_struct(fdt) % 4 == 0;
}

static int populate(const void *fdt, const char *compatible, uint64_t *map)
{
    const void *value;
    int length;

    if (fdt_check_header(fdt) || !is_aligned(fdt) || fdt_node_check_compatible(fdt, 0, compatible))
        return 0;
    value = fdt_getprop(fdt, 0, "preserved-memory-map", &length);
    if (is_u64(value, length))
        *map = native(value);
    return 0;
}

static int retrieve_subtree(const void *fdt, int sizes, const char *name, uint64_t *blob)
{
    int length, node = fdt_subnode_offset(fdt, 0, name);
    const void *value;

    if (node < 0)
        return -ENOENT;
    value = fdt_getprop(fdt, node, sizes ? "preserved-data" : "fdt", &length);
    if (!is_u64(value, length))
        return -EINVAL;
    blob[0] = native(value);
    if (!sizes)
        return 0;
    value = fdt_getprop(fdt, node, "blob-size", &length);
    if (!is_u64(value, length))
        return -EINVAL;
    blob[1] = native(value);
    return 0;
}

static uint64_t add(uint64_t sum, uint64_t number)
{
    return (sum ^ number) * 0x100000001b3ULL;
}

static int list(const void *fdt, int sizes, uint64_t *sum)
{
    int node, length;

    for (node = fdt_first_subnode(fdt, 0); node >= 0; node = fdt_next_subnode(fdt, node)) {
        const char *name = fdt_get_name(fdt, node, NULL);
        const void *address = fdt_getprop(fdt, node, sizes ? "preserved-data" : "fdt", &length);
        uint64_t shown[2] = { 0 };

        if (!is_u64(address, length))
            continue;
        shown[0] = native(address);
        if (sizes) {
            const void *size = fdt_getprop(fdt, node, "blob-size", &length);

            if (!is_u64(size, length))
                continue;
            shown[1] = native(size);
        }
        *sum = add(add(*sum, shown[0]), shown[1]);
        *sum = add(*sum, name ? 1 : 0);
        for (; name && *name; name++)
            *sum = add(*sum, (unsigned char)*name);
    }
    return 0;
}

static int find_u64(const void *fdt, const char *name, const char *compatible, const char *property, int missing, uint64_t *number)
{
    int length, node = name ? fdt_subnode_offset(fdt, 0, name) : 0;
    const void *value;

    if (node < 0)
        return missing;
    if (fdt_node_check_compatible(fdt, node, compatible))
        return -EINVAL;
    value = fdt_getprop(fdt, node, property, &length);
    if (!is_u64(value, length))
        return -EINVAL;
    *number = native(value);
    return 0;
}

static int find_flb(const void *fdt, uint64_t *header)
{
    return find_u64(fdt, "luo-flb", "luo-flb-v1", "luo-flb-header", -ENOENT, header);
}

static int start_luo(const void *fdt, int flb, struct answer *answer)
{
    uint64_t header;
    int result = find_u64(fdt, NULL, "luo-v1", "liveupdate-number", -EINVAL, &answer->map);

    if (!result)
        result = find_u64(fdt, "luo-session", "luo-session-v2", "luo-session-header", -EINVAL, &answer->blob[0][0]);
    return result || !flb ? result : find_flb(fdt, &header);
}

/* The jump goes back to here; all that is kept lies in the answer. */
#define GUARDED(result, call) (sigsetjmp(fault, 0) ? ((result) = FAULT) : ((result) = (call)))

static void judge(const void *fdt, enum form form, struct answer *answer)
{
    static const char *const compatible[] = { "kho-v4", "kho-v3", "kho-v1" };
    const int sizes = form != KHO_V1;

    if (form >= LUO_FLB) {
        GUARDED(answer->populated, start_luo(fdt, form == LUO_FLB, answer));
        GUARDED(answer->found[0], find_flb(fdt, &answer->blob[1][0]));
        return;
    }
    GUARDED(answer->populated, populate(fdt, compatible[form], &answer->map));
    if (!answer->map)
        return;
    GUARDED(answer->found[0], retrieve_subtree(fdt, sizes, "LUO", answer->blob[0]));
    GUARDED(answer->found[1], retrieve_subtree(fdt, sizes, "kexec-metadata", answer->blob[1]));
    GUARDED(answer->listed, list(fdt, sizes, &answer->list));
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_NODEFER };
    struct request request;
    char *memory = mmap(NULL, (size_t)1 << 33, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (memory == MAP_FAILED || mprotect(memory, PAGE, PROT_READ | PROT_WRITE) || sigaction(SIGSEGV, &action, NULL)) {
        perror("oracle");
        return 1;
    }
    page = memory;
    while (fread(&request, sizeof(request), 1, stdin) == 1) {
        struct answer answer = { 0 };

        if (request.form == FLUSH) {
            fflush(stdout);
            continue;
        }
        if (request.offset + request.length > PAGE) {
            fprintf(stderr, "oracle: a tree does not fit the page\n");
            return 1;
        }
        memset(memory, request.fill, PAGE);
        if (fread(memory + request.offset, 1, request.length, stdin) != request.length)
            break;
        judge(memory + request.offset, request.form, &answer);
        if (fwrite(&answer, sizeof(answer), 1, stdout) != 1)
            break;
    }
    return fflush(stdout) || ferror(stdin) || ferror(stdout);
}
