/* What became of a recipient, or of the try to reach a host. */
#ifndef SEND_RESULT_H
#define SEND_RESULT_H

#include "base/arena.h"
#include "base/die.h"
#include "reply.h"

/* Where in the conversation a reply came: what a code means depends on it. */
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
	bool down;        /* not about the message: nobody takes mail there */
	bool busy;        /* it wants fewer connections */
	bool dsn;         /* it will send what reports were asked for */
	bool action;      /* it won't: we report "relayed" */
	/* Who it was; empty: nobody was reached. */
	struct span host, ip, tls, rule;
};

/* Our own words. */
__attribute__((format(printf, 5, 6))) void result_set(struct result *r,
    struct arena *a, int verdict, const char *status, const char *format, ...);
/* Theirs: the verdict is that of the code, the status theirs if it fits. */
void result_reply(struct result *r, struct arena *a, const struct reply *reply,
    enum stage stage);
/* However final it sounds, it is only so today: the class becomes 4. */
void result_soften(struct result *r);

#endif
