#pragma once
#include <stddef.h>

#define MOUNTS_MAX 64

/* What is mounted over files of the host, in the namespace of the program. */
struct mounts {
    const char *device;   /* the device's path: a node is mounted there that is none of a device yet, and only shows that it exists */
    size_t count;         /* 0: nothing is mounted */
    struct {
        const char *source, *target;
    } binds[MOUNTS_MAX];
};

/* Takes the machine's answer apart: "mounts", the device's path, then source and target of each, all ended by NUL. 0, or -1. The
   strings stay in the packet. */
int parse_mounts(const char *packet, size_t length, struct mounts *mounts);

/* Makes a namespace, and mounts. NULL, or what failed and errno. */
const char *mount_kernel_files(const struct mounts *mounts);
