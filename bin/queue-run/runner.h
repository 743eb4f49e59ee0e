/* The state of queue-run, and the parts of its work:
 *	start.c   what an earlier process left
 *	work.c    a message taken from the queue: its jobs are handed out
 *	answer.c  what workers say
 *	settle.c  all answers are there: noted, reported, unlinked or put off
 *	loop.c    events */
#ifndef RUNNER_H
#define RUNNER_H

#include "os/conf.h"
#include "pool.h"
#include "queue.h"
#include "spool/state.h"
#include "users/users.h"

enum pool_name { LOCAL, REMOTE, REPORT, POOLS };
enum slot {
	SLOT_FINAL,    /* finished by an earlier pass */
	SLOT_TO_SEND,  /* waits for a worker */
	SLOT_SENT,     /* a worker has it */
	SLOT_ANSWERED, /* by this pass, not noted yet */
};

/* Larger files are removed, not kept as blanks. */
enum { BLANK_SIZE_MAX = 65536 };

/* A message in hand. */
struct work {
	struct work *after; /* in the runner's list it is in */
	struct entry *entry;
	struct envelope envelope;
	struct spool_message message;
	struct result *results; /* one per recipient, as are the next two */
	unsigned char *slots;
	unsigned char *pools;
	size_t size;          /* allocated */
	size_t cursor[POOLS]; /* no recipient to send before */
	size_t to_send;
	size_t open;              /* recipients without an answer */
	unsigned deaths;          /* workers that ended with it */
	int64_t birth;            /* seconds of the epoch */
	bool noted;               /* a state file may exist */
	bool waits;               /* in the list of what can be sent */
	bool report_sent;         /* to the helper process */
	enum state_report report; /* wanted now */
	struct entry *held;       /* the report's own entry */
	int64_t stuck_ms; /* settle again then: the state can't be written */
};

struct work_list {
	struct work *first, *last;
	size_t count;
};

struct runner {
	struct spool spool;
	struct queue queue;
	struct pool pools[POOLS];
	uint64_t number; /* of the last job */
	struct users users;
	struct limits limits;
	struct work_list to_send; /* in turn */
	struct work_list stuck;
	struct work_list spare;
	size_t in_hand; /* works that are neither stuck nor spare */
	int inotify, signals;
	bool once;    /* -1 */
	bool blanks;  /* some may lie there */
	bool closing; /* hand out nothing more */
	int exit;     /* code */
	int64_t closing_ms;
	int64_t cleaned_ms;
	int64_t blank_ms;  /* when the last blank was made */
	int64_t clock_s;   /* wall clock less the steady one */
	int64_t alone_ms;  /* a worker was there last */
	struct str record; /* scratch */
};

/* start.c */
/* Open the lock: another runner on this spool ends this one. */
void start_lock(void);
void start_scan(struct runner *r);
/* Names in new/ that the queue doesn't know yet. */
void start_new(struct runner *r, bool again);
/* Remove what is older than 36 hours from tmp/. */
void start_clean(struct runner *r);

/* work.c */
void list_push(struct work_list *l, struct work *w);
struct work *list_pop(struct work_list *l);
/* Read the message of an entry in PLACE_WORKING and get its jobs ready. */
void work_begin(struct runner *r, struct entry *e);
/* Hand out what can be handed out: jobs in turn, then a few new messages. */
void work_go_on(struct runner *r);
/* More messages can be taken in hand now. */
bool work_room(const struct runner *r);
void work_release(struct runner *r, struct work *w);
/* Put the message among those that have something to send. */
void work_send_later(struct runner *r, struct work *w);

/* answer.c */
void answer_take(struct runner *r, struct work *w, size_t index, int verdict,
    struct span status, struct span text);
/* Read what a worker said; the connection is gone when it ended. */
void answer_read(struct runner *r, struct pool *p, struct connection *c);
void answer_lost(struct runner *r, struct pool *p, struct connection *c);

/* settle.c */
void work_settle(struct runner *r, struct work *w);
void work_reported(struct runner *r, struct work *w, bool done);
/* The id of the report that is due on this message. */
struct id report_id(const char *id, enum state_report kind,
    const struct result *results, size_t count);
/* Note the answers that are there, at the end. */
void work_abandon(struct runner *r, struct work *w);

/* report.c: the helper process; the connection to it. */
int report_start(const struct spool *s);
/* Start deliver on a socket pair. */
int worker_start(void);

/* loop.c */
int loop(struct runner *r);

#endif
