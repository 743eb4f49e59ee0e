/* A job of queue-run: one message, one destination, some recipients. See
 * doc/architecture.md for the packet. */
#ifndef SEND_JOB_H
#define SEND_JOB_H

#include "base/arena.h"
#include "message.h"
#include "result.h"

enum { JOB_RECIPIENTS_MAX = 10000 };

struct job_recipient {
	uint64_t n; /* queue-run's number */
	uint64_t attempt;
	struct span to;
	struct span notify, orcpt; /* RFC 3461, decoded */
	uint64_t index;            /* for the notes: which recipient it is, */
	struct span token;         /* and its token */
	struct result result;
	bool accepted; /* in the current transaction */
	bool later;    /* too many recipients: in the next transaction */
};

struct job {
	struct arena memory;
	struct span id, from, domain;
	struct span via;        /* for=: the address they were expanded from */
	struct span ret, envid; /* RFC 3461, decoded */
	bool smtputf8, requiretls;
	struct job_recipient *to;
	size_t count, size;
	struct message message;
	int fd;          /* owned; -1: none */
	int64_t started; /* clock_mono_ms() */
};

struct job *job_new(void);
void job_free(struct job *j);
/* The message is no longer read: release its lock. */
void job_close(struct job *j);
/* Add a recipient; t is copied, its spans are not. */
void job_add(struct job *j, const struct job_recipient *t);
/* Read a packet. False: malformed; recipients already read stay, to be
 * answered. */
bool job_parse(struct job *j, struct span packet);
/* Every recipient without a result gets this one. */
void job_result(struct job *j, const struct result *r);
/* There is a recipient without a result. */
bool job_is_open(const struct job *j);

/* Append the line "done ..." of one recipient. */
void job_answer(const struct job_recipient *t, struct str *packet);
/* The recipient's line in the log. */
void job_log(const struct job *j, const struct job_recipient *t);

#endif
