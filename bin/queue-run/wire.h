/* The packets between queue-run and its workers (doc/architecture.md, Jobs). */
#ifndef WIRE_H
#define WIRE_H

#include "message.h"
#include "spool/note.h"

enum reply_kind {
	REPLY_NONE,    /* malformed */
	REPLY_DONE,    /* a result */
	REPLY_PLACE,   /* one place of an address that is being expanded */
	REPLY_BACK,    /* the worker ends, and has not begun with it */
	REPLY_SESSION, /* of TLS, for the reports on it */
};

/* A worker's reply on one job; its spans point into the strings below. */
struct reply {
	enum reply_kind kind;
	uint64_t n;
	struct result result; /* of a place: verdict 0 unless it has failed */
	bool down;            /* the destination can't be used now */
	bool busy;            /* it wants fewer connections */
	bool self;            /* the address literal is this machine's */
	struct recipient place;
	struct str status, text, host, to, command;
	struct str via;  /* ip, tls and rule, as words of a record */
	struct str word; /* scratch */
};

void reply_init(struct reply *a);
void reply_free(struct reply *a);
/* Read a line. A missing verdict means "later"; a status that does not match
 * the verdict is replaced. */
enum reply_kind reply_parse(struct span record, struct reply *a_r);

/* The context of a job; n is its number. */
struct wire {
	const struct note_key *key; /* of tokens */
	struct str *out;            /* replaced */
};
/* For a worker of this host. */
void wire_local(
    const struct wire *x, const struct message *m, uint64_t n, size_t i);
/* For one that sends: jobs n and those after. domain: in its ASCII form. */
void wire_remote(const struct wire *x, const struct transaction *t, uint64_t n,
    struct span domain);
/* For the helper: the report decided on. me: this host's name. */
void wire_report(
    const struct wire *x, const struct message *m, uint64_t n, struct span me);

#endif
