/* The payload's run, and the way in which its end is told. */
#ifndef LUO_PAYLOAD_H
#define LUO_PAYLOAD_H

#include "channel.h"
#include "setup.h"

/* The init port. */
extern struct channel channel;

/* Tells the host how the run ended, and switches the machine off. */
_Noreturn void report_end(enum exit_kind kind, int number, const char *text);
_Noreturn void power_off(void);

/* Runs the payload to its end. A service may be stopped: SIGTERM then ends the payload and this process, and not the run. */
_Noreturn void serve_payload(const struct payload *payload, int may_be_stopped);

/* Runs the payload as a service of the guest's own system; returns an exit status where it cannot. */
int serve_as_service(void);

#endif
