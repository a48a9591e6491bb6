/* The filter of system calls that the emulated kernel answers. All others go past it, at the cost of the filter alone. */
#define _GNU_SOURCE
#include "luo_filter.h"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#if !defined(__x86_64__)
#error "the numbers are those of x86-64"
#endif

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5) /* include/uapi/linux/seccomp.h, since 5.19 */
#endif

#define X32_BIT 0x40000000
#define LIVEUPDATE_TYPE 0xba00   /* include/uapi/linux/liveupdate.h */
#define STRAY_TYPE 0xf600        /* of a header with wrong numbers that programs were built with */
#define REALPATH_SIZE 1023       /* the buffer that realpath(3) of glibc tries first: nobody else's, and hundreds in a compile */
#define INSTRUCTIONS 192

static struct sock_filter filter[INSTRUCTIONS];
static unsigned short used;

static void add(uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
    filter[used++] = (struct sock_filter){ code, jt, jf, k };
}

static void allow(void) { add(BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0); }
static void trap(void) { add(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF, 0, 0); }
static void load(size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset, 0, 0); }
static void load_argument(int index) { load(offsetof(struct seccomp_data, args) + 8 * (size_t)index); }
static void mask(uint32_t bits) { add(BPF_ALU | BPF_AND | BPF_K, bits, 0, 0); }

/* Begins the rules of a call; end() says how far they reach. */
static unsigned short begin(int number)
{
    add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)number, 0, 0);
    return used;
}

static void end(unsigned short start) { filter[start - 1].jf = (uint8_t)(used - start); }

static void trap_call(int number)
{
    unsigned short start = begin(number);
    trap();
    end(start);
}

/* Traps what is equal, after the mask that went before. */
static void trap_if(uint32_t value)
{
    add(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
    trap();
}

/* Of the calls that open: those that write to what is there already (O_CREAT with O_EXCL opens only what it has made, open(2)) and
   those with O_PATH, or all. */
static void trap_open(int number, int flags, int everything)
{
    unsigned short start = begin(number);
    if (!everything) {
        load_argument(flags);
        mask(O_ACCMODE | O_PATH);
        add(BPF_JMP | BPF_JEQ | BPF_K, O_RDONLY, 0, 1);
        allow();
        load_argument(flags);
        mask(O_CREAT | O_EXCL);
        add(BPF_JMP | BPF_JEQ | BPF_K, O_CREAT | O_EXCL, 0, 1);
        allow();
    }
    trap();
    end(start);
}

int install_filter(int everything)
{
    static const int always[] = { SYS_openat2, SYS_creat, SYS_kexec_file_load, SYS_kexec_load, SYS_reboot, SYS_readlinkat, SYS_fstatfs,
        SYS_ftruncate, SYS_fallocate, SYS_uname };
    static const int looking[] = { SYS_stat, SYS_lstat, SYS_fstat, SYS_newfstatat, SYS_statx, SYS_access, SYS_faccessat, SYS_faccessat2,
        SYS_read, SYS_write, SYS_pread64, SYS_pwrite64, SYS_lseek, SYS_fchmod };
    used = 0;
    load(offsetof(struct seccomp_data, arch));
    add(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    allow();
    load(offsetof(struct seccomp_data, nr));
    add(BPF_JMP | BPF_JSET | BPF_K, X32_BIT, 0, 1);
    allow();

    unsigned short start = begin(SYS_ioctl);
    if (everything)
        trap();
    load_argument(1);
    trap_if(SIOCSIFFLAGS); /* kexec -e takes the interfaces down first */
    mask(0xff00);
    trap_if(LIVEUPDATE_TYPE);
    trap_if(STRAY_TYPE);
    allow();
    end(start);

    start = begin(SYS_madvise);
    load_argument(2);
    trap_if(MADV_REMOVE);
    allow();
    end(start);

    if (everything) {
        start = begin(SYS_mmap);
        load_argument(4);
        add(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)-1, 0, 1);
        allow();
        trap();
        end(start);
    }

    trap_open(SYS_openat, 2, everything);
    trap_open(SYS_open, 1, everything);

    start = begin(SYS_fcntl);
    load_argument(1);
    trap_if(F_ADD_SEALS);
    if (everything) {
        trap_if(F_GET_SEALS);
        trap_if(F_GETFL);
        trap_if(F_SETFL);
    }
    allow();
    end(start);

    start = begin(SYS_readlink);
    if (!everything) {
        load_argument(2);
        add(BPF_JMP | BPF_JEQ | BPF_K, REALPATH_SIZE, 0, 1);
        allow();
    }
    trap();
    end(start);

    for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
        trap_call(always[i]);
    if (everything)
        for (size_t i = 0; i < sizeof(looking) / sizeof(*looking); i++)
            trap_call(looking[i]);
    allow();

    struct sock_fprog program = { used, filter };
    long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
        SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program);
    if (listener < 0) /* a kernel before 5.19 refuses the second flag */
        listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
    return (int)listener;
}
