/* The work: numbered lines, a chain of checksums in memory, and new memory all the time. */
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "guest.h"

#define BLOCK_WORDS 8192UL
#define BLOCKS 32UL
#define BLOCK_PAUSE_MS 5
#define FAULT_BYTES (8UL << 20)
#define PAGE 4096UL

static _Atomic unsigned long passes, faults;
static unsigned long lines_per_second;

static uint64_t mix(uint64_t value)
{
	value += 0x9e3779b97f4a7c15;
	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
	value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
	return value ^ (value >> 31);
}

static void *write_lines(void *unused)
{
	(void)unused;
	struct timespec next;
	clock_gettime(CLOCK_MONOTONIC, &next);
	for (;;) {
		if (guest_mode != MODE_BUSY) {
			sleep_ms(guest_mode == MODE_SLEEP ? 500 : 20);
			clock_gettime(CLOCK_MONOTONIC, &next);
			continue;
		}

		console_number();
		if (lines_per_second > 0) {
			next.tv_nsec += 1000000000L / (long)lines_per_second;
			if (next.tv_nsec >= 1000000000L) {
				next.tv_nsec -= 1000000000L;
				next.tv_sec++;
			}
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);

			/* What a pause has cost is not made up for. */
			struct timespec now;
			clock_gettime(CLOCK_MONOTONIC, &now);
			if (now.tv_sec > next.tv_sec + 1)
				next = now;
		}
	}

	return NULL;
}

/* Writes one pass over the memory and checks the pass before on the way. A block's words come from the block before it, as it is
 * in memory, and from the pass: one wrong bit makes all that follows wrong. */
static bool write_pass(uint64_t *memory, unsigned long pass)
{
	uint64_t old = mix(pass - 1), new = mix(pass);
	for (unsigned long block = 0; block < BLOCKS; block++) {
		uint64_t *words = memory + block * BLOCK_WORDS;
		uint64_t old_sum = 0, new_sum = 0;
		for (unsigned long i = 0; i < BLOCK_WORDS; i++) {
			uint64_t expected = mix(old + i);
			if (pass > 1 && words[i] != expected) {
				guest_errors++;
				console_print("error chain pass %lu block %lu word %lu has %016lx instead of %016lx",
					      pass - 1, block, i, words[i], expected);
				return false;
			}
			old_sum = (old_sum ^ words[i]) * 0x100000001b3;
			words[i] = mix(new + i);
			new_sum = (new_sum ^ words[i]) * 0x100000001b3;
		}
		old = mix(old_sum ^ (pass - 1));
		new = mix(new_sum ^ pass);
		clocks_stamp();
		sleep_ms(BLOCK_PAUSE_MS);
	}

	return true;
}

static void *write_chain(void *unused)
{
	(void)unused;
	uint64_t *memory = malloc(BLOCKS * BLOCK_WORDS * sizeof *memory);
	if (!memory)
		fatal("malloc of the chain");
	for (;;) {
		if (guest_mode == MODE_SLEEP) {
			sleep_ms(500);
			continue;
		}

		/* After an error what is in memory is no pass: the chain begins anew, with the error counted. */
		passes = write_pass(memory, passes + 1) ? passes + 1 : 0;
	}

	return NULL;
}

static void *touch_memory(void *unused)
{
	(void)unused;
	for (;;) {
		if (guest_mode != MODE_FAULT) {
			sleep_ms(guest_mode == MODE_SLEEP ? 500 : 50);
			continue;
		}

		unsigned char *memory = mmap(NULL, FAULT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			fatal("mmap of new memory");
		for (unsigned long i = 0; i < FAULT_BYTES && guest_mode == MODE_FAULT; i += PAGE) {
			if (memory[i] != 0) {
				guest_errors++;
				console_print("error new memory at %lu has %u", i, memory[i]);
			}
			memory[i] = 1;
			faults++;
		}
		munmap(memory, FAULT_BYTES);
	}

	return NULL;
}

/* Takes memory that stays, with a number of its own in each page: a guest that has used its RAM. */
void work_fill(unsigned long bytes)
{
	unsigned char *memory = bytes == 0 ? NULL : mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		fatal("mmap of memory to fill");
	for (unsigned long i = 0; i < bytes; i += sizeof(uint64_t))
		*(uint64_t *)(memory + i) = i + 1;
}

unsigned long work_passes(void)
{
	return passes;
}

unsigned long work_faults(void)
{
	return faults;
}

void work_start(unsigned long rate)
{
	lines_per_second = rate;
	start_thread(write_lines, NULL);
	start_thread(write_chain, NULL);
	start_thread(touch_memory, NULL);
}
