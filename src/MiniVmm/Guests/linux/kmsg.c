/* The kernel's log: its warnings, and those among them that a guest must not have after a pause. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <unistd.h>

#include "guest.h"

#define LEVEL_WARNING 4
#define SYSLOG_ACTION_CONSOLE_LEVEL 8

static const char *const complaints[] = {
	"soft lockup", "stall", "unstable", "blocked for more than", "BUG:", "WARNING:", "Oops", "nobody cared", "too much work",
	"timekeeping", "lost interrupt",
};

static int follow = -1;
static unsigned long count;

static int open_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		fatal("open /dev/kmsg");
	return fd;
}

/* Reads the next warning: "level,sequence,microseconds,flags;text". False at the end of the log. */
static bool next_warning(int fd, char *record, size_t size, unsigned long long *microseconds, char **text)
{
	for (;;) {
		ssize_t length = read(fd, record, size - 1);
		if (length < 0 && (errno == EPIPE || errno == EINTR))
			continue;
		if (length < 0 && errno == EAGAIN)
			return false;
		if (length < 0)
			fatal("read of /dev/kmsg");

		record[length] = 0;
		unsigned int level;
		char *start = strchr(record, ';');
		if (!start || sscanf(record, "%u,%*u,%llu", &level, microseconds) != 2 || (level & 7) > LEVEL_WARNING)
			continue;

		*text = start + 1;
		(*text)[strcspn(*text, "\n")] = 0;
		return true;
	}
}

void kmsg_open(void)
{
	/* The log is asked for; in the middle of a line of the console it would break that line. */
	if (klogctl(SYSLOG_ACTION_CONSOLE_LEVEL, NULL, 1) < 0)
		fatal("klogctl");
	follow = open_log();
}

/* Counts what the kernel complains of since boot, and says it. Called by one thread only. */
unsigned long kmsg_complaints(void)
{
	char record[2048];
	unsigned long long microseconds;
	char *text;
	while (next_warning(follow, record, sizeof record, &microseconds, &text))
		for (size_t i = 0; i < sizeof complaints / sizeof complaints[0]; i++)
			if (strstr(text, complaints[i])) {
				count++;
				console_print("complaint %s", text);
				break;
			}
	return count;
}

void kmsg_print(void)
{
	int fd = open_log();
	char record[2048];
	unsigned long long microseconds;
	unsigned long printed = 0;
	char *text;
	while (next_warning(fd, record, sizeof record, &microseconds, &text)) {
		console_print("dmesg [%llu.%06llu] %s", microseconds / 1000000, microseconds % 1000000, text);
		printed++;
	}
	console_print("dmesg end, %lu warnings", printed);
	close(fd);
}
