/* The console: whole lines out, one writer after the other; lines in, echoed here, so that no echo lands in a line of output. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

#define PROMPT "# "

static pthread_mutex_t turn_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turn_came = PTHREAD_COND_INITIALIZER;
static unsigned long turn_next, turn_now;

/* Below only in one's turn. */
static unsigned long lines;
static char input[256];
static size_t input_length;
static bool prompt_shown;

/* In the order of coming: a writer that never pauses starves nobody. */
static void take_turn(void)
{
	pthread_mutex_lock(&turn_lock);
	unsigned long mine = turn_next++;
	while (turn_now != mine)
		pthread_cond_wait(&turn_came, &turn_lock);
	pthread_mutex_unlock(&turn_lock);
}

static void end_turn(void)
{
	pthread_mutex_lock(&turn_lock);
	turn_now++;
	pthread_cond_broadcast(&turn_came);
	pthread_mutex_unlock(&turn_lock);
}

static void put(const char *bytes, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, length);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			fatal("write to the console");
		bytes += written;
		length -= (size_t)written;
	}
}

static void put_text(const char *text)
{
	put(text, strlen(text));
}

static void show_prompt(void)
{
	put_text(PROMPT);
	put(input, input_length);
	prompt_shown = true;
}

/* Writes a line on a line of its own; what a person has typed so far follows it again. */
static void put_line(const char *line)
{
	bool shown = prompt_shown;
	if (shown)
		put_text("\n");
	put_text(line);
	if (shown)
		show_prompt();
}

void console_open(void)
{
	int fd = open("/dev/ttyS0", O_RDWR | O_NOCTTY);
	if (fd < 0)
		fatal("open /dev/ttyS0");
	for (int i = 0; i < 3; i++)
		if (dup2(fd, i) < 0)
			fatal("dup2 of the console");
	if (fd > 2)
		close(fd);

	struct termios settings;
	if (tcgetattr(STDIN_FILENO, &settings) < 0)
		fatal("tcgetattr of the console");
	settings.c_iflag = 0;
	settings.c_oflag = OPOST | ONLCR;
	settings.c_lflag = 0;
	settings.c_cc[VMIN] = 1;
	settings.c_cc[VTIME] = 0;
	cfsetspeed(&settings, B115200);
	if (tcsetattr(STDIN_FILENO, TCSANOW, &settings) < 0)
		fatal("tcsetattr of the console");
}

void console_print(const char *format, ...)
{
	char line[1200];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof line - 1, format, arguments);
	va_end(arguments);
	strcat(line, "\n");
	take_turn();
	put_line(line);
	end_turn();
}

void console_number(void)
{
	char line[40];
	take_turn();
	snprintf(line, sizeof line, "line %lu\n", ++lines);
	put_line(line);
	end_turn();
}

unsigned long console_lines(void)
{
	take_turn();
	unsigned long count = lines;
	end_turn();
	return count;
}

void console_prompt(void)
{
	take_turn();
	if (guest_mode != MODE_BUSY && !prompt_shown)
		show_prompt();
	end_turn();
}

/* Waits until all that was written has left the machine. */
void console_drain(void)
{
	tcdrain(STDOUT_FILENO);
}

/* Takes a byte that was typed; true at the end of a line. */
static bool type(char byte)
{
	if (byte == '\r' || byte == '\n') {
		input[input_length] = 0;
		if (prompt_shown) {
			put_text("\n");
		} else if (input_length > 0) {
			put_text("> ");
			put_text(input);
			put_text("\n");
		}
		prompt_shown = false;
		input_length = 0;
		return true;
	}

	if (byte == 0x7f || byte == '\b') {
		if (input_length > 0) {
			input_length--;
			if (prompt_shown)
				put_text("\b \b");
		}
	} else if (byte == 0x15 || byte == 0x03) {
		input_length = 0;
		if (prompt_shown) {
			put_text("\n");
			show_prompt();
		}
	} else if (byte >= ' ' && byte < 0x7f && input_length < sizeof input - 1) {
		input[input_length++] = byte;
		if (prompt_shown)
			put(&byte, 1);
	}

	return false;
}

/* Gives a line that was typed, or null when the time is over. */
char *console_read_line(int timeout_ms)
{
	static char line[sizeof input];
	struct pollfd ready = { .fd = STDIN_FILENO, .events = POLLIN };
	int count = poll(&ready, 1, timeout_ms);
	if (count < 0 && errno != EINTR)
		fatal("poll of the console");
	if (count <= 0)
		return NULL;

	char byte;
	ssize_t got = read(STDIN_FILENO, &byte, 1);
	if (got < 0 && errno != EINTR)
		fatal("read of the console");
	if (got == 0) {
		/* A hangup, which this line does not have: no busy loop all the same. */
		sleep_ms(timeout_ms);
		return NULL;
	}
	if (got < 0)
		return NULL;

	take_turn();
	bool ended = type(byte);
	if (ended)
		strcpy(line, input);
	end_turn();
	return ended ? line : NULL;
}
