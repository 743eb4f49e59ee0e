/* One message for one recipient, its destination and its result. */
#ifndef DELIVER_JOB_H
#define DELIVER_JOB_H

#include "base/arena.h"
#include "base/die.h"
#include "base/id.h"
#include "base/str.h"

struct places;

/* The kind of delivery requested. */
enum job_kind {
	JOB_ADDRESS, /* deliver a single place, expand several */
	JOB_MAILBOX, /* the account's mailbox, whatever its other targets */
	JOB_PIPE,    /* one command of the entry */
};

/* Where a job's message goes. */
enum outlet_kind {
	OUTLET_NONE, /* it has a result, or must be expanded */
	OUTLET_MAILDIR,
	OUTLET_MBOX,
	OUTLET_PIPE,
	OUTLET_NULL,  /* dropped, per its entry */
	OUTLET_SPOOL, /* by hand: for other hosts */
};
struct outlet {
	enum outlet_kind kind;
	struct span address;   /* the entry of users.cdb that answers */
	struct span extension; /* of a mailbox: selects a folder */
	struct span place;     /* Maildir, mbox or command; NUL-ended */
	struct span home;      /* folder of the account */
	uint64_t quota;
	bool own_uid;
	uint32_t uid, gid;
};

struct job {
	uint64_t n; /* the queue's number of it */
	struct span id, to, from;
	struct span via; /* for=: the address that the place came through */
	enum job_kind kind;
	struct span command; /* of JOB_PIPE, and its number among the */
	uint64_t order;      /* entry's, in case its text has changed */
	uint64_t index;      /* for the notes: which recipient it is, */
	struct span token;   /* and its token */
	struct span wanted;  /* `to`, folded */
	uint64_t attempt;
	int fd;          /* the spool file, or the message alone; -1: closed */
	uint64_t offset; /* where the message begins in it */
	uint64_t size;   /* bytes of the message */
	struct arena memory;
	struct outlet outlet;
	struct span folder; /* folder of the mailbox it went to; "": none */
	bool expanded;      /* expanded to places; nothing was delivered */
	size_t places;
	const struct places *remote; /* of OUTLET_SPOOL */
	bool waiting;                /* a program runs for it */
	int64_t started;             /* clock_mono_ms() */
	int verdict;
	char status[12]; /* RFC 3463 */
	struct str text;
	struct job *next;
};

struct job *job_new(void);
/* Closes its descriptor too. */
void job_free(struct job *j);
/* The message is no longer read: release its lock. */
void job_close(struct job *j);
/* Read "job n=… id=… to=… …". False: malformed (n is set if known). The spool
 * file is checked and its envelope read. */
bool job_parse(struct job *j, struct span record);
/* Sender and recipient are safe in a header line. */
bool job_is_clean(const struct job *j);
/* The time in the message's id, in seconds. */
int64_t job_birth(const struct job *j);
/* The message's envelope has this address as a recipient. */
bool job_is_recipient(const struct job *j);
/* The address for its Delivered-To. */
struct span job_delivered_to(const struct job *j);

/* Set the job's result; the first that is not "done" is kept. what may be
 * empty; it precedes the text. */
void job_result(struct job *j, int verdict, const char *status,
    struct span what, const char *text);
/* The verdict of a failed call: always "later", with errno's text. */
void job_errno(struct job *j, struct span what, int error);
void job_log(const struct job *j);
/* "done n=… verdict=… status=… text=…" */
void job_answer(const struct job *j, struct str *record_r);

#endif
