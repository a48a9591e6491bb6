/* What a guest needs before its payload can run: file systems, ports, the host's root. */
#ifndef LUO_SETUP_H
#define LUO_SETUP_H

/* The order of the run file: NUL-terminated pairs of key and value. */
struct payload {
    char *folder;
    char **arguments;
    char **environment;
    char **shown; /* host folders beneath /tmp, /run or /dev/shm that stay visible */
    char **memory; /* host files that this initial root holds, as /memory/0, /memory/1, ... */
};

/* The setup calls return NULL, or the failed step with errno set. */
const char *setup_basics(void);
const char *setup_payload_root(struct payload *payload);

/* Confines the calling process to the payload's root, folder and limits. */
int enter_payload_root(const struct payload *payload);

/* Says whether the host only wants to know that this kernel boots. */
int probe_only(void);

#endif
