/* One message for one recipient, what that comes to, and what became of it. */
#ifndef DELIVER_JOB_H
#define DELIVER_JOB_H

#include "base/arena.h"
#include "base/die.h"
#include "base/id.h"
#include "base/str.h"

enum part_kind {
	PART_MAILDIR,
	PART_MBOX,
	PART_FORWARD, /* address: somewhere else */
	PART_PIPE,    /* place: the command */
};
/* One place the message has to go to. */
struct part {
	enum part_kind kind;
	struct span address;   /* the account, the entry, or where to forward */
	struct span extension; /* of a mailbox: names a folder */
	struct span place;     /* Maildir, mbox or command; NUL-ended */
	struct span home;      /* folder of the account */
	uint64_t quota;
	bool own_uid;
	uint32_t uid, gid;
	struct part *next;
};

struct job {
	uint64_t n; /* the queue's number of it */
	struct span id, to, from, notify, orcpt;
	struct span wanted; /* the recipient, folded */
	uint64_t attempt;
	int fd;          /* the spool file, or the message alone */
	uint64_t offset; /* where the message begins in it */
	uint64_t size;   /* bytes of the message */
	struct arena memory;
	struct part *parts, *last;
	size_t count;
	bool resolved;    /* parts are known */
	bool others;      /* parts that are not Maildirs */
	unsigned waiting; /* programs running for it */
	int64_t started;  /* clock_mono_ms() */
	int verdict;
	char status[12]; /* RFC 3463 */
	struct str text;
	struct span mailbox; /* for the log: where it went first */
	struct job *next;
};

struct job *job_new(void);
/* Closes its descriptor too. */
void job_free(struct job *j);
/* Read "job n=… id=… to=… …". False: it makes no sense (n is set if it is
 * known). The spool file is checked and looked into. */
bool job_parse(struct job *j, struct span record);
/* Sender and recipient may stand in a header line. */
bool job_is_clean(const struct job *j);
/* The seconds in the message's name: when it was born. */
int64_t job_birth(const struct job *j);

struct part *job_part(struct job *j, enum part_kind kind, struct span address);
/* Note what became of one part: "later" outweighs "failed", which outweighs
 * "done". what may be empty; it goes before the text. */
void job_result(struct job *j, int verdict, const char *status,
    struct span what, const char *text);
/* The verdict of a failed call: always "later", in the words of errno. */
void job_errno(struct job *j, struct span what, int error);
void job_log(const struct job *j);
/* "done n=… verdict=… status=… text=…" */
void job_answer(const struct job *j, struct str *record_r);

#endif
