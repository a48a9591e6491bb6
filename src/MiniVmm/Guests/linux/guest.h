/* The init of MiniVmm's Linux guest: what its parts say to each other. */
#ifndef GUEST_H
#define GUEST_H

#include <stdbool.h>
#include <stdint.h>

/* What the guest does beside its timers. */
enum mode {
	MODE_BUSY,	/* numbered lines, the chain, a status each second */
	MODE_QUIET,	/* the chain */
	MODE_SLEEP,	/* nothing: all processors halt */
	MODE_FAULT,	/* the chain, and new memory all the time */
};

extern _Atomic enum mode guest_mode;

/* Errors of all parts: a byte of memory or a clock was not as it must be. */
extern _Atomic unsigned long guest_errors;

/* console.c: each call writes whole lines, and callers take turns. */
void console_open(void);
void console_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void console_number(void);
unsigned long console_lines(void);
char *console_read_line(int timeout_ms);
void console_prompt(void);
void console_drain(void);

/* clocks.c */
struct clock_report {
	unsigned long ticks;		/* of the timer threads */
	unsigned long backward;		/* CLOCK_MONOTONIC ran back, also from one processor to another */
	unsigned long tsc_backward;	/* so did the TSC */
	unsigned long blackouts;	/* gaps of more than a second */
	double late_max_ms;		/* of a timer, since the last blackout */
	double blackout_tsc_ms;		/* the longest gap, by each clock */
	double blackout_clock_ms;
	double blackout_wall_ms;
};

void clocks_start(void);
void clocks_stamp(void);
struct clock_report clocks_report(void);
int clocks_cpus(void);

/* work.c */
void work_fill(unsigned long bytes);
void work_start(unsigned long lines_per_second);
unsigned long work_passes(void);
unsigned long work_faults(void);

/* kmsg.c */
void kmsg_open(void);
unsigned long kmsg_complaints(void);
void kmsg_print(void);

/* init.c */
void fatal(const char *what) __attribute__((noreturn));
void start_thread(void *(*run)(void *), void *argument);
void sleep_ms(long ms);

#endif
