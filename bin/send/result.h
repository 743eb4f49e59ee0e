/* The result for a recipient, or of an attempt to reach a host. */
#ifndef SEND_RESULT_H
#define SEND_RESULT_H

#include "base/arena.h"
#include "base/die.h"
#include "reply.h"

/* The stage at which a reply came, on which the meaning of its code depends. */
enum stage {
	STAGE_GREETING,
	STAGE_HELLO,
	STAGE_TLS,
	STAGE_AUTH,
	STAGE_MAIL,
	STAGE_RCPT,
	STAGE_DATA, /* the answer to DATA or BDAT, and to the dot */
};

struct result {
	bool set;
	int verdict; /* DONE, TEMP; else permanent */
	char status[STATUS_MAX];
	struct span text; /* lives in the job's memory */
	bool reply;       /* text is the other host's own */
	bool down;        /* not about the message: the host can't be used */
	bool busy;        /* it wants fewer connections */
	bool self;        /* refused, for the address is this host's own */
	bool dsn;         /* it will send the requested DSNs */
	bool action;      /* it won't: we report "relayed" */
	/* The host's identity; empty: none was reached. */
	struct span host, ip, tls, rule;
};

/* Set our own text. */
__attribute__((format(printf, 5, 6))) void result_set(struct result *r,
    struct arena *a, int verdict, const char *status, const char *format, ...);
/* Set the host's reply: the verdict by its code, its status if it matches. */
void result_reply(struct result *r, struct arena *a, const struct reply *reply,
    enum stage stage);
/* Make it temporary, whatever the code: the class becomes 4. */
void result_soften(struct result *r);

#endif
