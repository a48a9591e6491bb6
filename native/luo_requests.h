/* The requests of include/uapi/linux/liveupdate.h, which a host's headers may not have yet, for the C programs of this project. */
#pragma once
#include <stdint.h>
#include <sys/ioctl.h>

#define NAME_LENGTH 64
#define CREATE_SESSION _IO(0xBA, 0x00)
#define RETRIEVE_SESSION _IO(0xBA, 0x01)
#define PRESERVE_FD _IO(0xBA, 0x40)
#define RETRIEVE_FD _IO(0xBA, 0x41)
#define FINISH _IO(0xBA, 0x42)
#define GET_NAME _IO(0xBA, 0x43)

/* Of CREATE_SESSION, RETRIEVE_SESSION and GET_NAME, whose second word is reserved. */
struct named_session {
    uint32_t size;
    int32_t fd;
    uint8_t name[NAME_LENGTH];
};

struct file_of_session {
    uint32_t size;
    int32_t fd;
    uint64_t token;
};

struct finish {
    uint32_t size;
    uint32_t reserved;
};

_Static_assert(sizeof(struct named_session) == 72, "struct liveupdate_ioctl_create_session");
_Static_assert(sizeof(struct file_of_session) == 16, "struct liveupdate_session_preserve_fd");
_Static_assert(sizeof(struct finish) == 8, "struct liveupdate_session_finish");
