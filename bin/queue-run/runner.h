/* The state of queue-run, and the parts of its work:
 *	start.c      what an earlier process left
 *	entry.c      a message that is not in hand
 *	work.c       one taken from the queue: its jobs are handed out
 *	recipient.c  who serves its recipients, and which of them now
 *	job.c        the records of its jobs
 *	remote.c     jobs for other hosts, by destination
 *	demand.c   what a message wants of TLS, a part of its destination
 *	part.c       recipients that go in one transaction
 *	share.c      the workers that send, shared among destinations
 *	answer.c     what workers say
 *	judge.c      what an answer means
 *	settle.c     all answers are there: noted, reported, unlinked or put off
 *	control.c    requests of the administrator
 *	loop.c       events */
#ifndef RUNNER_H
#define RUNNER_H

#include "dest.h"
#include "history.h"
#include "net/route.h"
#include "net/tls_policy.h"
#include "os/conf.h"
#include "pool.h"
#include "queue.h"
#include "reply.h"
#include "spool/state.h"
#include "users/users.h"

enum pool_name { LOCAL, REMOTE, REPORT, POOLS };
enum slot_state {
	SLOT_FINAL,    /* finished by an earlier pass */
	SLOT_SKIPPED,  /* not in this pass: it is not due, or its destination
			* rests or has no room */
	SLOT_TO_SEND,  /* waits for a worker */
	SLOT_SENT,     /* a worker has it */
	SLOT_ANSWERED, /* by this pass, not noted yet */
};

/* Larger files are removed, not kept as blanks. */
enum { BLANK_SIZE_MAX = 65536 };

/* What a message itself wants of TLS. */
enum demand {
	DEMAND_UNKNOWN, /* not looked at yet */
	DEMAND_USUAL,
	DEMAND_TLS,     /* REQUIRETLS */
	DEMAND_NOTHING, /* TLS-Required: No */
};

/* A recipient of a message in hand. */
struct slot {
	uint8_t state; /* enum slot_state */
	uint8_t busy; /* how often its destination was too busy, in this pass */
	bool down;    /* the answer is about its destination */
	uint32_t next;      /* in its part */
	struct dest *dest;  /* NULL: this host's; holds a reference */
	struct span sender; /* of its own (VERP), else the envelope's */
	struct span via;    /* words of the answer for the history */
};

/* Recipients of one message that go out in one transaction. Lives in the
 * envelope's arena. */
struct part {
	struct part *after;
	struct work *work;
	struct dest *dest;
	uint32_t first, last; /* a chain of slots */
	size_t count, size;   /* recipients; bytes of their lines, at most */
	size_t open;          /* sent, not answered */
};

/* A message in hand. */
struct work {
	struct work *after; /* in the runner's list it is in */
	struct entry *entry;
	struct envelope envelope;
	struct spool_message message;
	struct result *results; /* one per recipient, as are */
	struct slot *slots;
	size_t size;     /* allocated */
	size_t sorted;   /* slots that are filled in */
	size_t cursor;   /* no local recipient to send before */
	size_t to_send;  /* local ones */
	size_t open;     /* recipients without an answer */
	unsigned deaths; /* workers that ended with it */
	int64_t birth;   /* seconds of the epoch */
	enum demand demand;
	struct part_line parts;   /* while it is sorted */
	struct dest *full;        /* one that had no room */
	int64_t skipped;          /* when the first that was skipped is due */
	bool tried;               /* some recipient was, in this pass */
	bool remote;              /* counted as one for other hosts */
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
	struct routes *routes;
	struct tls_policy *policy;
	struct dests dests;
	struct history history;
	struct limits limits;
	struct work_list to_send; /* to workers of this host, in turn */
	struct work_list stuck;
	struct work_list spare;
	size_t in_hand; /* works that are neither stuck nor spare */
	size_t in_hand_max;
	size_t remote, remote_max; /* of these, for other hosts */
	int inotify, signals;
	struct control *control; /* NULL: nobody can ask */
	bool once;               /* -1 */
	bool blanks;             /* some may lie there */
	bool closing;            /* hand out nothing more */
	int exit;                /* code */
	int64_t closing_ms;
	int64_t cleaned_ms;
	int64_t blank_ms;     /* when the last blank was made */
	int64_t clock_s;      /* wall clock less the steady one */
	int64_t alone_ms;     /* a worker was there last */
	struct answer answer; /* scratch, as are */
	struct arena arena;
	struct str record, packet;
	struct str text;
};

enum {
	DESTS_TOLD = 8,        /* of a message that goes to many */
	PART_RECIPIENTS = 100, /* RFC 5321 4.5.3.1.8: any host takes as many */
};

/* start.c */
/* Open the lock: another runner on this spool ends this one. */
void start_lock(void);
void start_scan(struct runner *r);
/* Names in new/ that the queue doesn't know yet. */
void start_new(struct runner *r, bool again);
/* Remove what is older than 36 hours from tmp/, and old history. */
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
/* Put the message among those that have something to send here. */
void work_send_later(struct runner *r, struct work *w);

/* recipient.c */
/* Its domain, as it was written. */
struct span recipient_domain(const struct work *w, size_t i);
/* Those that are not finished are sorted by who serves them. Settles the message
 * if nothing is to be done in this pass. */
void recipients_sort(struct runner *r, struct work *w);

/* job.c: n is the job's number, i the recipient. */
/* A job of this host. */
void job_write(struct str *out, const struct work *w, uint64_t n, size_t i);
/* The lines of a job for another host: what goes for the whole transaction (that
 * of recipient i), and of each recipient. */
void job_write_sender(struct str *out, const struct work *w, size_t i);
void job_write_recipient(
    struct str *out, const struct work *w, uint64_t n, size_t i);
/* The report that is due, to r->record. */
void job_write_report(struct runner *r, const struct work *w, uint64_t n);

/* entry.c */
/* All that is left of the message goes there (NULL: not known). */
void entry_set_dest(struct runner *r, struct entry *e, struct dest *d);
/* Note where goes what is left of a message whose recipients are sorted. */
void entry_note_dests(struct runner *r, struct work *w);
/* Out of the queue. */
void entry_forget(struct runner *r, struct entry *e);
/* It is in no worker's hands any more, and due then: unless the administrator
 * wants something else of it. */
void entry_wait(struct runner *r, struct entry *e, int64_t due);
/* The same; due as soon as this destination has room. */
void entry_park(struct runner *r, struct entry *e, struct dest *d);
/* Do what the administrator wants; false: nothing. */
bool entry_wish(struct runner *r, struct entry *e);
/* Remove a message, and say so in the history; -1 and errno. */
int entry_remove(struct runner *r, const char *id);
/* An entry that has its turn: false when it goes on waiting, unopened. */
bool entry_turn(struct runner *r, struct entry *e);
/* Of all entries: where they go isn't known any more. */
void entries_forget_dests(struct runner *r);
/* Everything is due now, and no destination rests. */
void entries_wake(struct runner *r);

/* remote.c */
/* Find the destination of a recipient for slots[i].dest; false: its domain is
 * none. */
bool remote_dest(struct runner *r, struct work *w, size_t i);
/* Recipient i is to be sent: put it into a part. */
void remote_add(struct runner *r, struct work *w, size_t i);
/* All recipients are sorted: their parts join the destinations' lines. */
void remote_join(struct runner *r, struct work *w);
/* Put a recipient that was sent in vain into its destination's line again. */
void remote_again(struct runner *r, struct work *w, size_t i);
/* The part's worker has answered for one recipient, or is gone; to be called
 * after the job was taken off the connection. */
void remote_answered(struct runner *r, struct connection *c, struct part *p);
/* The destination rests: so do all its messages. */
void remote_rest(struct runner *r, struct dest *d);
bool remote_room(const struct runner *r, const struct dest *d);
/* The answer for a recipient, or for all that wait in destinations' lines: there
 * is no program that sends. */
void absent_answer(struct runner *r, struct work *w, size_t i);
void remote_absent(struct runner *r);

/* demand.c */
/* To be called once a message, for others than ours: it reads the header. */
enum demand demand_find(struct runner *r, const struct work *w);
/* The key of the destination; in the arena, or the route's own. */
struct span demand_key(struct runner *r, struct arena *a,
    const struct route *route, struct span domain, enum demand demand);

/* part.c */
/* A part without recipients, at the line's end. */
struct part *part_new(struct work *w, struct dest *d, struct part_line *line);
/* Recipient i can go with those of the part (NULL: with none). */
bool part_has_room(const struct part *p, const struct work *w, size_t i);
void part_add(struct part *p, struct work *w, size_t i);
void part_push(struct part_line *l, struct part *p);
void part_push_front(struct part_line *l, struct part *p);
/* NULL: the line is empty. */
struct part *part_pop(struct part_line *l);
/* The next part of this message for the destination, off the message's line;
 * NULL if there is none. */
struct part *part_reserve(struct work *w, const struct dest *d);
/* Its packet, to r->record. */
void part_write(struct runner *r, const struct part *p);

/* share.c */
/* Hand out what waits, as far as there are workers. */
void share_go(struct runner *r);
/* Something waits for a worker or for its turn. */
bool share_waits(const struct runner *r);
/* The connection is about to be ended. */
void share_lost(struct runner *r, struct connection *c);

/* answer.c */
void answer_take(struct runner *r, struct work *w, size_t index,
    const struct result *result);
/* The same of an answer of our own. */
void answer_make(struct runner *r, struct work *w, size_t index, int verdict,
    struct span status, struct span text);
/* Read what a worker said; the connection is gone when it ended. */
void answer_read(struct runner *r, struct pool *p, struct connection *c);
void answer_lost(struct runner *r, struct pool *p, struct connection *c);

/* judge.c */
/* Judge all answers of this pass, and the time of those that were skipped. */
void answers_judge(struct runner *r, struct work *w);
/* The message is so old that its sender should hear of it, or have it back. */
bool judge_late(const struct runner *r, const struct entry *e, int64_t now);
/* When that will be; INT64_MAX: not any more. */
int64_t judge_late_at(
    const struct runner *r, const struct entry *e, int64_t now);

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
const char *report_name(enum state_report kind);
/* Start deliver or send on a socket pair; -1: there is no such program. */
int worker_start(const char *program);

/* control.c */
/* Listen on CHAINMAIL_RUN/queue. */
struct control *control_start(void);
enum { CONTROL_FDS = 9 };
/* Its descriptors for poll(2), -1 where there is none. */
void control_fds(const struct control *c, int fds_r[CONTROL_FDS]);
/* Something came on the n-th of them. */
void control_read(struct runner *r, size_t n);

/* loop.c */
int loop(struct runner *r);

#endif
