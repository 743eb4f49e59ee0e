/* The state of verifyd. */
#ifndef SERVICE_H
#define SERVICE_H

#include "net/dns.h"
#include "os/conf.h"

struct service {
	int etc; /* -1: no configuration */
	struct dns *dns;
	struct str me;
	int64_t dns_ms; /* for all answers about one message */
};

/* confine.c: the sandbox; before the first message, and in the process of each. */
void service_confine(void);
void service_narrow(void);

/* One question on descriptor 0: an exit code.
 *
 *	→ verify id=… client=… helo=… sender=… user=… offset=… size=…
 *	  and the descriptor of the message
 *	← answer verdict=0 text=… junk=0 LF Authentication-Results: …
 *
 * Without an answer the message waits. */
int question_answer(struct service *s);

#endif
