#include "channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define BUSY_LIMIT_MS 10000
#define ANSWER_LIMIT_MS 60000

static long long now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

unsigned read_stage(void)
{
    char line[4096];
    int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, line, sizeof(line) - 1);
    close(fd);
    if (n < 0)
        return 0;
    line[n] = 0;
    unsigned long stage = 1;
    for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
        if (strncmp(word, "luo.stage=", 10) != 0)
            continue;
        char *end;
        stage = strtoul(word + 10, &end, 10);
        if (*end || stage == 0 || stage > 65535)
            return 0;
    }
    return (unsigned)stage;
}

int channel_open(struct channel *c, const char *device, unsigned stage)
{
    memset(c, 0, sizeof(*c));
    c->stage = (uint16_t)stage;
    if (getrandom(&c->sequence, sizeof(c->sequence), 0) != sizeof(c->sequence))
        return -1;
    /* One opener at a time is the kernel's rule: wait for the present one to finish. */
    long long limit = now_ms() + BUSY_LIMIT_MS;
    while ((c->fd = open(device, O_RDWR | O_CLOEXEC)) < 0) {
        if (errno != EBUSY || now_ms() > limit)
            return -1;
        usleep(2000);
    }
    return 0;
}

void frame_start(struct channel *c, enum frame_type type)
{
    struct frame_header h = { FRAME_MAGIC, (uint16_t)type, c->stage, ++c->sequence, 0 };
    memcpy(c->buffer, &h, sizeof(h));
    c->used = sizeof(h);
}

int frame_bytes(struct channel *c, const void *bytes, size_t length)
{
    if (length > sizeof(c->buffer) - c->used) {
        errno = E2BIG;
        return -1;
    }
    memcpy(c->buffer + c->used, bytes, length);
    c->used += length;
    return 0;
}

int frame_u32(struct channel *c, uint32_t value)
{
    return frame_bytes(c, &value, sizeof(value));
}

int frame_u64(struct channel *c, uint64_t value)
{
    return frame_bytes(c, &value, sizeof(value));
}

int frame_string(struct channel *c, const char *text)
{
    size_t length = strlen(text);
    if (length > FRAME_BODY_MAX) {
        errno = E2BIG;
        return -1;
    }
    return frame_u32(c, (uint32_t)length) < 0 ? -1 : frame_bytes(c, text, length);
}

static int read_exactly(int fd, void *to, size_t length, long long limit)
{
    unsigned char *at = to;
    while (length > 0) {
        struct pollfd p = { .fd = fd, .events = POLLIN };
        long long left = limit - now_ms();
        int ready = left <= 0 ? 0 : poll(&p, 1, (int)left);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready == 0)
            errno = ETIMEDOUT;
        if (ready <= 0)
            return -1;
        ssize_t n = read(fd, at, length);
        if (n < 0 && (errno == EINTR || errno == EAGAIN))
            continue;
        if (n == 0)
            errno = EPIPE; /* the host has gone */
        if (n <= 0)
            return -1;
        at += n;
        length -= (size_t)n;
    }
    return 0;
}

static int wait_for_ack(struct channel *c)
{
    long long limit = now_ms() + ANSWER_LIMIT_MS;
    for (;;) {
        struct frame_header h;
        if (read_exactly(c->fd, &h, sizeof(h), limit) < 0)
            return -1;
        if (h.magic != FRAME_MAGIC || h.type != FRAME_ACK || h.length != 0) {
            errno = EBADMSG;
            return -1;
        }
        if (h.sequence == c->sequence)
            return 0;
    }
}

int frame_send(struct channel *c, int wait_for_answer)
{
    uint32_t length = (uint32_t)(c->used - sizeof(struct frame_header));
    memcpy(c->buffer + offsetof(struct frame_header, length), &length, sizeof(length));
    for (size_t at = 0; at < c->used;) {
        ssize_t n = write(c->fd, c->buffer + at, c->used - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        at += (size_t)n;
    }
    return wait_for_answer ? wait_for_ack(c) : 0;
}
