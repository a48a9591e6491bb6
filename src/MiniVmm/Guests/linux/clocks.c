/* The clocks: do they run on, never back, and how long did they or the guest stand still. */
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include "guest.h"

#define SECOND_NS 1000000000LL
#define TICK_MS 100
#define SLEEPING_TICK_MS 500
#define STAMPS_PER_TICK 20

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double tsc_per_ns;
static struct clock_report report;

/* What all clocks showed when a thread last looked; the lock orders the looks of all processors. */
static struct moment {
	uint64_t tsc;
	int64_t mono, wall;
} last;

static int64_t now(clockid_t clock)
{
	struct timespec time;
	if (clock_gettime(clock, &time) < 0)
		fatal("clock_gettime");
	return time.tv_sec * SECOND_NS + time.tv_nsec;
}

static struct moment look(void)
{
	return (struct moment){ .tsc = __rdtsc(), .mono = now(CLOCK_MONOTONIC), .wall = now(CLOCK_REALTIME) };
}

/* Measures the TSC's rate until two measurements agree: none of them then had a pause in it. */
static double measure_tsc(void)
{
	double before = 0;
	for (;;) {
		struct moment start = look();
		sleep_ms(150);
		struct moment end = look();
		double rate = (double)(end.tsc - start.tsc) / (double)(end.mono - start.mono);
		if (before > 0 && rate > before * 0.99 && rate < before * 1.01)
			return rate;
		before = rate;
	}
}

/* Looks at all clocks. The thread that comes first after a gap finds it, and no other does. */
void clocks_stamp(void)
{
	pthread_mutex_lock(&lock);
	struct moment before = last;
	last = look();
	double tsc_ms = last.tsc < before.tsc ? 0 : (double)(last.tsc - before.tsc) / tsc_per_ns / 1e6;
	double clock_ms = (double)(last.mono - before.mono) / 1e6;
	double wall_ms = (double)(last.wall - before.wall) / 1e6;
	bool backward = last.mono < before.mono;
	bool blackout = before.tsc != 0 && (tsc_ms > 1000 || clock_ms > 1000 || wall_ms > 1000);
	report.backward += backward;
	report.tsc_backward += last.tsc < before.tsc;
	if (blackout) {
		report.blackouts++;
		report.late_max_ms = 0;
		if (tsc_ms > report.blackout_tsc_ms)
			report.blackout_tsc_ms = tsc_ms;
		if (clock_ms > report.blackout_clock_ms)
			report.blackout_clock_ms = clock_ms;
		if (wall_ms > report.blackout_wall_ms)
			report.blackout_wall_ms = wall_ms;
	}
	pthread_mutex_unlock(&lock);

	if (backward) {
		guest_errors++;
		console_print("error clock ran back by %.6f ms", -clock_ms);
	}
	if (blackout)
		console_print("blackout %.0f ms by tsc, %.0f ms by clock, %.0f ms by wall clock", tsc_ms, clock_ms, wall_ms);
}

/* Sleeps and looks, on one processor: by turns with those of the others. */
static void *tick(void *argument)
{
	cpu_set_t cpus;
	CPU_ZERO(&cpus);
	CPU_SET((int)(intptr_t)argument, &cpus);
	if (sched_setaffinity(0, sizeof cpus, &cpus) < 0)
		fatal("sched_setaffinity");

	for (;;) {
		long period = guest_mode == MODE_SLEEP ? SLEEPING_TICK_MS : TICK_MS;
		unsigned long blackouts = clocks_report().blackouts;
		int64_t start = now(CLOCK_MONOTONIC);
		sleep_ms(period);
		double late = (double)(now(CLOCK_MONOTONIC) - start) / 1e6 - (double)period;
		for (int i = 0; i < STAMPS_PER_TICK; i++)
			clocks_stamp();

		pthread_mutex_lock(&lock);
		report.ticks++;
		if (report.blackouts == blackouts && late > report.late_max_ms)
			report.late_max_ms = late;
		pthread_mutex_unlock(&lock);
	}

	return NULL;
}

struct clock_report clocks_report(void)
{
	pthread_mutex_lock(&lock);
	struct clock_report copy = report;
	pthread_mutex_unlock(&lock);
	return copy;
}

int clocks_cpus(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	if (count < 1)
		fatal("sysconf of the processors");
	return (int)count;
}

void clocks_start(void)
{
	tsc_per_ns = measure_tsc();
	for (int cpu = 0; cpu < clocks_cpus(); cpu++)
		start_thread(tick, (void *)(intptr_t)cpu);
}
