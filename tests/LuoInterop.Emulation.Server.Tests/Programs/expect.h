/* Compares what calls answer, says where it differs, and counts. */
#include "luo.h"

static int failures;

static inline void expect(long result, int error, const char *what, int line)
{
    int got = result < 0 ? errno : 0;
    if (got != error) {
        fprintf(stderr, "line %d: %s is %s, not %s\n", line, what, strerror(got), strerror(error));
        failures++;
    }
}

static inline void expect_text(const char *got, const char *wanted, int line)
{
    if (strcmp(got, wanted) != 0) {
        fprintf(stderr, "line %d: '%s', not '%s'\n", line, got, wanted);
        failures++;
    }
}

#define EXPECT(call, error) expect(call, error, #call, __LINE__)
#define EXPECT_TEXT(got, wanted) expect_text(got, wanted, __LINE__)

static inline void expect_link(int fd, const char *wanted, int line)
{
    char path[64], text[256];
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    ssize_t length = readlink(path, text, sizeof(text) - 1);
    text[length < 0 ? 0 : length] = 0;
    expect_text(text, wanted, line);
    /* By another path to the same link, into less room. */
    snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
    length = readlinkat(AT_FDCWD, path, text, 5);
    text[length < 0 ? 0 : length] = 0;
    char cut[6] = { 0 };
    memcpy(cut, wanted, strlen(wanted) < 5 ? strlen(wanted) : 5);
    expect_text(text, cut, line);
}

#define EXPECT_LINK(fd, wanted) expect_link(fd, wanted, __LINE__)
