/* The framed stream between a guest and its host: layout, caps and the few calls both guest programs use. */
#ifndef LUO_CHANNEL_H
#define LUO_CHANNEL_H

#include <stddef.h>
#include <stdint.h>

/* Little-endian on the wire. The same layout is declared in Protocol/FrameFormat.cs. */
struct frame_header {
    uint32_t magic;
    uint16_t type;
    uint16_t stage;
    uint32_t sequence;
    uint32_t length; /* of the body that follows */
};

#define FRAME_MAGIC 0x564f554cu
/* The kernel passes at most 32 KiB of one write(2) to the port. A frame that fits is never torn by the death of its writer. */
#define FRAME_MAX 32768u
#define FRAME_BODY_MAX (FRAME_MAX - (uint32_t)sizeof(struct frame_header))
#define PROTOCOL_VERSION 1u

enum frame_type {
    FRAME_ACK = 1,
    FRAME_HELLO = 2,
    FRAME_OUTPUT = 3,
    FRAME_SYNC = 4,
    FRAME_EXIT = 5,
    FRAME_REPORT = 16,
    FRAME_VALUE = 17,
    FRAME_EVENT = 18,
    FRAME_FILE_BEGIN = 19,
    FRAME_FILE_DATA = 20,
    FRAME_FILE_END = 21,
};

enum exit_kind {
    EXIT_STATUS = 1,       /* number is the exit status */
    EXIT_SIGNAL = 2,       /* number is the signal */
    EXIT_NOT_STARTED = 3,  /* number is errno of the failed step, the text names it */
    EXIT_GUEST_SETUP = 4,  /* number is errno of the failed step, the text names it */
};

#define INIT_PORT "luo.init"
#define REPORT_PORT "luo.report"
/* Abstract unix socket of init: one byte asks it to hand all payload output to the host, one byte answers. */
#define INIT_SOCKET "luo.init"

struct channel {
    int fd;
    uint16_t stage;
    uint32_t sequence;
    size_t used;
    unsigned char buffer[FRAME_MAX];
};

/* Gives the stage from the kernel command line, whose last word wins; 1 when the word is missing, 0 when it is malformed. */
unsigned read_stage(void);

/* Takes the port over. The first sequence number is random: a late answer to an earlier opener is then recognised. */
int channel_open(struct channel *c, const char *device, unsigned stage);

/* Builds one frame. The add calls return -1 with errno E2BIG when the body would not fit. */
void frame_start(struct channel *c, enum frame_type type);
int frame_u32(struct channel *c, uint32_t value);
int frame_u64(struct channel *c, uint64_t value);
int frame_bytes(struct channel *c, const void *bytes, size_t length);
int frame_string(struct channel *c, const char *text);

/* Writes the frame that was built; with an answer wanted, returns once the host has confirmed that it holds the frame. */
int frame_send(struct channel *c, int wait_for_answer);

#endif
