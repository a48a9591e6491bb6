#ifndef LUO_SYSTEM_H
#define LUO_SYSTEM_H

struct payload;

/* Makes the root of this run the root of all, and becomes its PID 1. Returns the failed step only, with errno set. */
const char *start_system(const struct payload *payload);

#endif
