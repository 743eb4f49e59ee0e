/* What lies in the spool, and when it is due. Holds ids and times only: some
 * 100 bytes a message, all of it rebuilt by reading the spool. */
#ifndef QUEUE_H
#define QUEUE_H

#include "base/id.h"

enum place {
	PLACE_NEW,     /* due, in the order of arrival */
	PLACE_PARKED,  /* due, in the line of a destination that has no room */
	PLACE_WAITING, /* due at a time */
	PLACE_WORKING, /* taken */
	PLACE_HELD,    /* a report that is being made */
};
/* What the administrator wants of a message that is in hand. */
enum wish { WISH_NONE, WISH_HOLD, WISH_REMOVE, WISH_REPORT };

struct entry;
struct dest;
struct entry_line {
	struct entry *first, *last;
	size_t count;
};

struct entry {
	union {
		struct { /* PLACE_NEW, PLACE_PARKED */
			struct entry *before, *after;
			struct entry_line *line;
		};
		struct {               /* PLACE_WAITING */
			int64_t due;   /* seconds of the epoch */
			uint32_t heap; /* place in the heap */
		};
	};
	struct dest *dest;     /* where all that is left of it goes, if known */
	struct dest **several; /* or its first few destinations, to tell them;
				* ends in NULL. NULL: none are known */
	uint16_t tries;        /* finished so far */
	uint8_t place;         /* enum place */
	uint8_t wish;          /* enum wish */
	bool again : 1;        /* may have been tried by an earlier process */
	bool forced : 1;       /* try it whatever its own times say */
	bool wakes : 1;        /* and those of its destinations */
	bool warned : 1;       /* its sender knows that it waits, or need not */
	bool many : 1;         /* parked, but others of it go elsewhere */
	char id[ID_LEN + 1];
};

struct queue {
	struct entry **slots; /* a hash table; size is a power of two */
	size_t size, count;
	struct entry **heap; /* the waiting ones, the first due at 0 */
	size_t waiting, room;
	struct entry_line fresh; /* the new ones */
	size_t parked;
	bool old_next; /* whose turn it is */
};

void queue_init(struct queue *q);
void queue_free(struct queue *q);
/* NULL when the id is not known. */
struct entry *queue_find(const struct queue *q, struct span id);
/* A new entry in PLACE_NEW; NULL when the id is known already, or is none. */
struct entry *queue_add(struct queue *q, struct span id);
void queue_remove(struct queue *q, struct entry *e);
/* Move an entry from wherever it is. */
void queue_renew(struct queue *q, struct entry *e);
void queue_wait(struct queue *q, struct entry *e, int64_t due);
/* At the end of this line, which is not the queue's. */
void queue_park(struct queue *q, struct entry *e, struct entry_line *line);
void queue_take_out(struct queue *q, struct entry *e, enum place to);
/* The next one to work on, moved to PLACE_WORKING; new and old ones take
 * turns. NULL when none is due. */
struct entry *queue_next(struct queue *q, int64_t now);
/* Seconds until the next is due: 0 now, -1 never. */
int64_t queue_pause(const struct queue *q, int64_t now);
/* The clock was set: what waits is due this many seconds later, whatever is
 * noted elsewhere. */
void queue_shift(struct queue *q, int64_t seconds);
/* Everything that waits is due now, and forced. */
void queue_wake(struct queue *q, int64_t now);

#endif
