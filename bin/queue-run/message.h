/* An open message: taken from the queue, opened and locked, until its pass is
 * over. Its recipients are places; each has an attempt. */
#ifndef MESSAGE_H
#define MESSAGE_H

#include "destination.h"
#include "queue.h"
#include "spool/state.h"
#include "transaction.h"

enum attempt_state {
	ATTEMPT_FINAL,    /* nothing to do, or its result is noted */
	ATTEMPT_SKIPPED,  /* not in this pass: not due, or its destination backs
			   * off or has no room */
	ATTEMPT_TO_SEND,  /* waits for a worker */
	ATTEMPT_SENT,     /* a worker has it */
	ATTEMPT_ANSWERED, /* it has a result, */
	ATTEMPT_JUDGED,   /* which was logged, but not noted */
};

/* A message's own TLS demand. */
enum demand {
	DEMAND_UNKNOWN, /* not read yet */
	DEMAND_USUAL,
	DEMAND_TLS,     /* REQUIRETLS */
	DEMAND_NOTHING, /* TLS-Required: No */
};

/* The attempt for one recipient in this pass. */
struct attempt {
	uint8_t state;  /* enum attempt_state */
	uint8_t busy;   /* how often its destination was too busy */
	uint8_t deaths; /* workers that ended while possibly working on it */
	bool down;      /* the result is about its destination */
	uint32_t next;  /* recipient in its transaction */
	struct destination *destination; /* NULL: this host's; a reference */
	struct span sender; /* of its own (VERP), else the envelope's */
	struct span via;    /* words of the reply for the history */
};

/* The next step, once all its notes are synced. */
enum phase {
	PHASE_TRYING,    /* recipients are being tried */
	PHASE_SETTLED,   /* every attempt of this pass has its result noted */
	PHASE_DECIDED,   /* the report's id is noted: make it */
	PHASE_REPORTING, /* the helper makes it */
	PHASE_REPORTED,  /* noted that the report is in the spool */
	PHASE_KEPT,      /* the message can't be removed: noted that all is
			  * done */
};

/* Places of an address, reported by a worker and not noted yet. */
struct expansion {
	struct expansion *after;
	size_t index;             /* of the address */
	struct recipient *places; /* their spans are the envelope's */
	struct result *results;   /* of those that failed at once; verdict 0:
				   * not */
	size_t count, size;
};

struct message {
	struct message *next; /* in the list it is in, */
	struct message_list *list;
	struct message *behind; /* and in the line for workers of this host */
	bool in_line;
	enum phase phase;
	bool unsynced; /* it has unsynced lines in the journal */
	struct entry *entry;
	struct envelope envelope;
	struct spool_message file; /* locked as long as it is open */
	struct state state;
	struct attempt *attempts;
	size_t size;   /* of attempts, allocated */
	size_t sorted; /* attempts that are filled in */
	/* Those that have an answer which is not noted: ANSWERED or JUDGED. A
	 * step looks at these alone: there are as many steps as answers. */
	uint32_t *answered;
	size_t answered_count, answered_size;
	size_t placed;   /* so many recipients are noted to be there */
	size_t unheard;  /* all before this one have had a result */
	size_t cursor;   /* no local recipient to send before this one */
	size_t to_send;  /* local ones */
	size_t open;     /* recipients without an answer */
	unsigned deaths; /* workers that ended while they had it */
	int64_t birth;   /* seconds of the epoch */
	enum demand demand;
	struct transaction_line transactions; /* that are in no line yet */
	struct expansion *expansions;
	struct destination *full; /* one that had no room */
	int64_t skipped;          /* when the first skipped one is due */
	bool tried;               /* some recipient was, in this pass */
	bool remote;              /* counted as one for other hosts */
	bool noted;               /* a state file may exist */
	bool asked;               /* the helper is making the report */
	bool made;                /* and has made it */
	struct entry *held;       /* the report's own entry */
	int64_t stuck_ms;         /* when to note it again */
};

struct message_list {
	struct message *first, *last;
	size_t count;
};

/* All open messages, and memory for more. */
struct hand {
	struct message_list spare;
	size_t count, max;
	size_t remote, remote_max; /* of these, for other hosts */
};

void message_push(struct message_list *l, struct message *m);
/* NULL: the list is empty. */
struct message *message_pop(struct message_list *l);
/* Put it on the list, unless it is on one. */
void message_step(struct message_list *l, struct message *m);
/* The line of those that have something to send here: once. */
void line_push(struct message_list *l, struct message *m);
struct message *line_pop(struct message_list *l);

struct message *message_new(struct hand *h, struct entry *e);
/* Take it off all lists and lines, and drop its attempts' destinations. */
void message_release(struct hand *h, struct message *m);
/* The envelope has more recipients: add an attempt for each. */
void message_grow(struct message *m);
/* Its domain, as written. */
struct span recipient_domain(const struct message *m, size_t i);
/* How many expansions led to it. */
unsigned recipient_depth(const struct message *m, size_t i);
/* The administrator wants it held or removed: stop handing it out. */
bool message_is_called_back(const struct message *m);
/* It has recipients left to try. */
bool message_is_open(const struct message *m);
/* The result of an attempt, in this pass; its texts are copied. The message
 * may be settled then: see message_answered(). */
void attempt_answer(struct message *m, size_t i, const struct result *result);
/* It has a result that is to be noted: attempt_answer() has done this. */
void attempt_list(struct message *m, size_t i);
/* The same as attempt_answer(), with an answer of our own. */
void attempt_make(struct message *m, size_t i, int verdict, struct span status,
    struct span text);
/* Skip the attempt in this pass; it is due then. */
void attempt_skip(struct message *m, size_t i, int64_t due);

#endif
