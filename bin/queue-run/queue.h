/* The messages in the spool, and when they are due. Holds only ids and times,
 * some 100 bytes a message, rebuilt at the start by reading the spool. */
#ifndef QUEUE_H
#define QUEUE_H

#include "base/hash.h"
#include "base/id.h"

enum place {
	PLACE_NEW,     /* due, in the order of arrival */
	PLACE_PARKED,  /* due, in the line of a full destination */
	PLACE_WAITING, /* due at a time */
	PLACE_WORKING, /* taken */
	PLACE_HELD,    /* a report that is being made */
};
struct entry;
struct destination;
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
	/* The destination of all its remaining recipients, if known; */
	struct destination *destination;
	/* or its first few destinations, for display; ends with NULL. NULL:
	 * unknown */
	struct destination **several;
	uint16_t tries;  /* finished so far */
	uint8_t place;   /* enum place */
	uint8_t wish;    /* enum state_wish */
	bool again : 1;  /* an earlier process may have tried it */
	bool forced : 1; /* try it regardless of its own times */
	bool wakes : 1;  /* and of its destinations' back-offs */
	bool warned : 1; /* the delay warning was sent, or is not needed */
	bool many : 1;   /* parked, but has other destinations too */
	bool locked : 1; /* a worker of an earlier process had it */
	char id[ID_LEN + 1];
};

struct queue {
	struct hash known;   /* by their ids */
	struct entry **heap; /* the waiting ones, the first due at 0 */
	size_t waiting, room;
	struct entry_line fresh; /* the new ones */
	size_t parked;
	bool old_next; /* an old one is next */
};

void queue_init(struct queue *q);
void queue_free(struct queue *q);
/* NULL when the id is unknown. */
struct entry *queue_find(const struct queue *q, struct span id);
/* A new entry in PLACE_NEW; NULL when the id is already known or invalid. */
struct entry *queue_add(struct queue *q, struct span id);
void queue_remove(struct queue *q, struct entry *e);
/* Move an entry from its present place. */
void queue_renew(struct queue *q, struct entry *e);
void queue_wait(struct queue *q, struct entry *e, int64_t due);
/* Append it to this line, which belongs to the caller. */
void queue_park(struct queue *q, struct entry *e, struct entry_line *line);
void queue_take_out(struct queue *q, struct entry *e, enum place to);
/* The next one to work on, moved to PLACE_WORKING; new and old ones take
 * turns. NULL when none is due. */
struct entry *queue_next(struct queue *q, int64_t now);
/* Seconds until the next is due: 0 now, -1 never. */
int64_t queue_pause(const struct queue *q, int64_t now);
/* The clock was set: shift the due times of waiting entries by this many
 * seconds. */
void queue_shift(struct queue *q, int64_t seconds);
/* Make all waiting entries due now, and forced. */
void queue_wake(struct queue *q, int64_t now);

#endif
