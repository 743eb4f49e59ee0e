/* What lies in the spool, and when it is due. Holds ids and times only: some
 * 100 bytes a message, all of it rebuilt by reading the spool. */
#ifndef QUEUE_H
#define QUEUE_H

#include "base/id.h"

enum place {
	PLACE_NEW,     /* due, in the order of arrival */
	PLACE_WAITING, /* due at a time */
	PLACE_WORKING, /* taken */
	PLACE_HELD,    /* a report that is being made */
};

struct entry {
	struct entry *before, *after; /* neighbours in PLACE_NEW */
	int64_t due;                  /* PLACE_WAITING: seconds of the epoch */
	uint32_t heap;                /* PLACE_WAITING: place in the heap */
	uint16_t tries;               /* finished so far */
	uint8_t place;                /* enum place */
	bool again; /* may have been tried by an earlier process */
	char id[ID_LEN + 1];
};

struct queue {
	struct entry **slots; /* a hash table; size is a power of two */
	size_t size, count;
	struct entry **heap; /* the waiting ones, the first due at 0 */
	size_t waiting, room;
	struct entry *first, *last; /* the new ones */
	bool old_next;              /* whose turn it is */
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
void queue_take_out(struct queue *q, struct entry *e, enum place to);
/* The next one to work on, moved to PLACE_WORKING; new and old ones take
 * turns. NULL when none is due. */
struct entry *queue_next(struct queue *q, int64_t now);
/* Seconds until the next is due: 0 now, -1 never. */
int64_t queue_pause(const struct queue *q, int64_t now);
/* The clock was set: what waits is due this many seconds later. */
void queue_shift(struct queue *q, int64_t seconds);
/* Everything that waits is due now. */
void queue_wake(struct queue *q, int64_t now);

#endif
