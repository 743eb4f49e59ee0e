/* A message's envelope: who sent it, to whom, and how it came. In memory its
 * words are spans of the envelope's own arena; on disk they are the first
 * lines of the spool file (chainmail-spool(5)). Absent words are empty. */
#ifndef SPOOL_ENVELOPE_H
#define SPOOL_ENVELOPE_H

#include "base/arena.h"
#include "base/str.h"

/* What a recipient stands for. */
enum recipient_kind {
	RECIPIENT_ADDRESS, /* wherever the address leads */
	RECIPIENT_MAILBOX, /* the account's own mailbox */
	RECIPIENT_PIPE,    /* a command of the entry */
};
const char *recipient_kind_word(enum recipient_kind k);

struct recipient {
	struct span address;
	struct span notify; /* RFC 3461: NEVER, or SUCCESS,FAILURE,DELAY */
	struct span orcpt;  /* RFC 3461: type;address, decoded */
	/* Only for places that another recipient was expanded to
	 * (spool/state.h); never in the spool file itself: */
	enum recipient_kind kind;
	struct span through; /* the address it came by; empty: itself */
	uint32_t of;         /* index of that recipient */
	uint32_t order;      /* index of a command in its entry */
	struct span command;
};

struct envelope {
	struct span from;  /* without <>; empty is the null sender */
	struct span ret;   /* RFC 3461: FULL or HDRS */
	struct span envid; /* RFC 3461, decoded */
	struct span body;  /* 8BITMIME, or 7BIT, or BINARYMIME */
	bool smtputf8;
	bool requiretls;     /* RFC 8689 */
	struct span verp;    /* "-=": each recipient gets a sender of its own,
			   * list-bob=example.org@here; empty: no */
	struct span client;  /* address of the peer */
	struct span helo;    /* its HELO name */
	struct span auth;    /* who logged in */
	struct span tls;     /* protocol of the connection, TLSv1.3 */
	struct span service; /* smtp, submission, lmtp, ...; enqueue, bounce */
	struct recipient *recipients;
	size_t count, size; /* recipients in use, recipients allocated */
	struct arena text;
};

void envelope_init(struct envelope *e);
void envelope_free(struct envelope *e);
/* Empty it, keeping memory for the next one. */
void envelope_clear(struct envelope *e);

/* A copy of s that lives as long as the envelope's content. */
struct span envelope_keep(struct envelope *e, struct span s);
/* Add a recipient; the words are copied. */
void envelope_to(struct envelope *e, const struct recipient *r);

/* Append the lines after the first, and the empty line that ends them. */
void envelope_write(const struct envelope *e, struct str *out);
/* Read such lines (all of text, with the empty line); the content before is
 * cleared. False when a line is malformed or no recipient is named; unknown
 * words are ignored. */
bool envelope_parse(struct envelope *e, struct span text);

#endif
