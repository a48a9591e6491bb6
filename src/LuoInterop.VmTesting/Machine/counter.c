/*
 * Measures the frequency of this processor's time stamp counter, and prints it in kHz; 0 where the counter is not invariant.
 *
 *   luo-counter
 *
 * Each reading of the clock is taken between two of the counter. The narrowest pair of many is kept: one that the scheduler or a
 * hypervisor broke into is wide.
 */
#include <cpuid.h>
#include <stdio.h>
#include <time.h>
#include <x86intrin.h>

struct reading {
    unsigned long long counter;
    unsigned long long nanoseconds;
};

static struct reading read_both(void)
{
    struct reading best = { 0, 0 };
    unsigned long long narrowest = ~0ull;
    for (int i = 0; i < 200; i++) {
        struct timespec now;
        unsigned long long before = __rdtsc();
        clock_gettime(CLOCK_MONOTONIC_RAW, &now);
        unsigned long long after = __rdtsc();
        if (after - before < narrowest) {
            narrowest = after - before;
            best.counter = before + narrowest / 2;
            best.nanoseconds = (unsigned long long)now.tv_sec * 1000000000ull + (unsigned long long)now.tv_nsec;
        }
    }
    return best;
}

int main(void)
{
    unsigned int eax, ebx, ecx, edx;

    /* CPUID 0x80000007, EDX bit 8: the counter runs at one rate in all states (AMD APM volume 3, E.4.6; Intel SDM 18.17.1). */
    if (!__get_cpuid(0x80000007, &eax, &ebx, &ecx, &edx) || !(edx & (1u << 8)))
        return puts("0") < 0;
    struct reading from = read_both();
    const struct timespec window = { 0, 100000000 };
    clock_nanosleep(CLOCK_MONOTONIC, 0, &window, NULL);
    struct reading to = read_both();
    unsigned long long elapsed = to.nanoseconds - from.nanoseconds;
    return printf("%llu\n", ((to.counter - from.counter) * 1000000ull + elapsed / 2) / elapsed) < 0;
}
