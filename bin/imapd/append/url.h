/* IMAP URLs of the user's own messages (RFC 5092), as CATENATE has them. */
#ifndef IMAPD_URL_H
#define IMAPD_URL_H

#include "base/arena.h"
#include "base/span.h"

/* "/MAILBOX[;UIDVALIDITY=n]/;UID=n[/;SECTION=s][/;PARTIAL=from[.count]]", or
 * without the mailbox (";UID=n…", "/;UID=n…"): of the selected one. */
struct url {
	struct span mailbox;  /* UTF-8; empty: the selected one */
	uint32_t uidvalidity; /* 0: any */
	uint32_t uid;
	struct span section; /* as in BODY[section]; empty: the message */
	bool partial;
	uint64_t from, count; /* UINT64_MAX: to the end */
};

/* Decoded parts live in the arena. False: it is not such a URL. */
bool url_parse(struct span text, struct arena *a, struct url *u_r);

#endif
