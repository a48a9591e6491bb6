/* What a guest needs before its payload can run: file systems, ports, the host's root. */
#ifndef LUO_SETUP_H
#define LUO_SETUP_H

#define SHARE_OPTIONS "trans=virtio,version=9p2000.L,msize=512000,cache=loose"

/* The order of the run file: NUL-terminated pairs of key and value. */
struct payload {
    char *folder;
    char *system; /* the program that becomes PID 1 of a root of its own, which runs the payload as a service; NULL without one */
    char **arguments;
    char **environment;
    char **shown; /* host folders beneath /tmp, /run or /dev/shm that stay visible */
    char **memory; /* host files that this initial root holds, as /memory/0, /memory/1, ... */
};

/* The setup calls return NULL, or the failed step with errno set. */
const char *setup_basics(void);
const char *setup_shares(struct payload *payload);
const char *setup_payload_root(const struct payload *payload);

/* Confines the calling process to the payload's root, folder and limits. */
int enter_payload_root(const struct payload *payload);

/* Read what the host wants to be run, and make a folder with those above it. Both return -1 with errno set. */
int read_run_file(const char *path, struct payload *payload);
int make_folders(const char *path);

/* Says whether the host only wants to know that this kernel boots. */
int probe_only(void);

#endif
