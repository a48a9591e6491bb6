/* The first and only program of MiniVmm's Linux guest: it works, checks itself, and answers on the console. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "guest.h"

#define LINES_WORD "minivmm.lines="
#define DEFAULT_LINES 10
#define MOST_LINES 1000000
#define MODE_WORD "minivmm.mode="
#define FILL_WORD "minivmm.fill="

_Atomic enum mode guest_mode = MODE_BUSY;
_Atomic unsigned long guest_errors;

static const char *const mode_names[] = {
	[MODE_BUSY] = "busy", [MODE_QUIET] = "quiet", [MODE_SLEEP] = "sleep", [MODE_FAULT] = "fault",
};

/* Says what failed, and ends the machine: there is nothing else that could go on. */
void fatal(const char *what)
{
	int error = errno;
	char text[200];
	int length = snprintf(text, sizeof text, "\nfatal %s: %s\n", what, strerror(error));
	if (write(STDERR_FILENO, text, (size_t)length) < 0)
		length = 0;
	console_drain();
	reboot(RB_AUTOBOOT);
	for (;;)
		pause();
}

void start_thread(void *(*run)(void *), void *argument)
{
	pthread_t thread;
	errno = pthread_create(&thread, NULL, run, argument);
	if (errno != 0)
		fatal("pthread_create");
	pthread_detach(thread);
}

void sleep_ms(long ms)
{
	struct timespec time = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	nanosleep(&time, NULL);
}

static void mount_at(const char *type, const char *folder)
{
	mkdir(folder, 0755);
	if (mount(type, folder, type, 0, NULL) < 0 && errno != EBUSY)
		fatal(folder);
}

static bool set_mode(const char *name)
{
	for (size_t i = 0; i < sizeof mode_names / sizeof mode_names[0]; i++)
		if (strcmp(name, mode_names[i]) == 0) {
			guest_mode = (enum mode)i;
			return true;
		}
	return false;
}

/* Reads the kernel's command line: the mode to begin with, the MiB of memory to fill, and the lines per second. */
static unsigned long read_command_line(void)
{
	char line[4096];
	FILE *file = fopen("/proc/cmdline", "r");
	if (!file || !fgets(line, sizeof line, file))
		fatal("read of /proc/cmdline");
	fclose(file);

	unsigned long rate = DEFAULT_LINES;
	for (char *word = strtok(line, " \n"); word; word = strtok(NULL, " \n")) {
		if (strncmp(word, LINES_WORD, strlen(LINES_WORD)) == 0) {
			char *end;
			rate = strtoul(word + strlen(LINES_WORD), &end, 10);
			if (end == word + strlen(LINES_WORD) || *end != 0 || rate > MOST_LINES) {
				console_print("warning '%s' is not a number of lines per second, 0 to %d", word, MOST_LINES);
				rate = DEFAULT_LINES;
			}
		} else if (strncmp(word, FILL_WORD, strlen(FILL_WORD)) == 0) {
			work_fill(strtoul(word + strlen(FILL_WORD), NULL, 10) << 20);
		} else if (strncmp(word, MODE_WORD, strlen(MODE_WORD)) == 0 && !set_mode(word + strlen(MODE_WORD))) {
			console_print("warning '%s' is not busy, quiet, sleep or fault", word);
		}
	}

	return rate;
}

static double uptime(void)
{
	struct timespec time;
	clock_gettime(CLOCK_BOOTTIME, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

static void print_status(void)
{
	struct clock_report clocks = clocks_report();
	console_print("status uptime=%.3f mode=%s lines=%lu chain=%lu faults=%lu ticks=%lu late_max_ms=%.1f mono_back=%lu tsc_back=%lu "
		      "blackouts=%lu blackout_tsc_ms=%.0f blackout_clock_ms=%.0f blackout_wall_ms=%.0f complaints=%lu errors=%lu",
		      uptime(), mode_names[guest_mode], console_lines(), work_passes(), work_faults(), clocks.ticks,
		      clocks.late_max_ms, clocks.backward, clocks.tsc_backward, clocks.blackouts, clocks.blackout_tsc_ms,
		      clocks.blackout_clock_ms, clocks.blackout_wall_ms, kmsg_complaints(), guest_errors);
}

static void power_off(void)
{
	guest_mode = MODE_QUIET;
	console_print("poweroff after %.3f s, %lu lines, %lu errors", uptime(), console_lines(), guest_errors);
	console_drain();
	reboot(RB_AUTOBOOT);
	fatal("reboot");
}

static void obey(const char *command)
{
	if (*command == 0)
		return;
	if (strcmp(command, "status") == 0)
		print_status();
	else if (strcmp(command, "uptime") == 0)
		console_print("uptime %.3f s", uptime());
	else if (strcmp(command, "dmesg") == 0)
		kmsg_print();
	else if (strcmp(command, "poweroff") == 0)
		power_off();
	else if (strcmp(command, "help") == 0)
		console_print("status, uptime, dmesg (warnings of the kernel), busy (numbered lines), quiet, sleep (all processors halt), "
			      "fault (new memory all the time), poweroff, help");
	else if (set_mode(command))
		console_print("mode %s", command);
	else
		console_print("unknown command '%s'; try help", command);
}

int main(void)
{
	mount_at("proc", "/proc");
	mount_at("sysfs", "/sys");
	mount_at("devtmpfs", "/dev");
	console_open();
	kmsg_open();
	unsigned long rate = read_command_line();
	struct utsname kernel;
	uname(&kernel);
	console_print("guest Linux %s on %d processors, %lu lines per second; type help", kernel.release, clocks_cpus(), rate);
	clocks_start();
	work_start(rate);

	for (double next = uptime() + 1;;) {
		console_prompt();
		double now = uptime();
		if (now >= next) {
			if (guest_mode == MODE_BUSY)
				print_status();
			next = now + 1;
		}

		char *command = console_read_line(guest_mode == MODE_SLEEP ? 1000 : (int)((next - now) * 1000) + 1);
		if (command)
			obey(command);
	}
}
