/* Destinations: what is known of each place that mail goes out to, shared by
 * all its messages. A destination is the key of a route (net/route.h),
 * and what the message wants of TLS (demand.c).
 *
 * It has a window, the number of workers that may be busy with it: one until it
 * has answered, then three, more with success, half at every "busy". When it can't be used it rests: a minute, then twice as long
 * each time up to an hour, for all its messages together. */
#ifndef DEST_H
#define DEST_H

#include "queue.h"
#include "spool/state.h"

enum {
	DEST_REST_FIRST_S = 60,
	DEST_REST_MAX_S = 3600,
};

/* How much is known for good of it; each class has its share of the workers, so
 * that those that fail or hang never have all. */
enum dest_class {
	DEST_PROVEN,  /* answered, the last time */
	DEST_UNKNOWN, /* not tried yet */
	DEST_FAILING, /* tried again after a rest */
	DEST_CLASSES,
};

struct part;
struct part_line {
	struct part *first, *last;
	size_t count;
};

struct dest {
	char *key;
	size_t key_len;
	size_t references;
	struct dest *next; /* in a list of those that have something to send */
	bool listed;
	bool proven;
	unsigned failures; /* rests in a row */
	int64_t rest;      /* epoch: nobody tries it before; 0: none */
	/* Why it rests; text is NULL when it does not: */
	char *text, *host; /* what was said, by which host; NULL: by us */
	char status[16];   /* RFC 3463 */
	bool reply;        /* text is the host's own words */
	unsigned window, success; /* workers; answers since it grew */
	uint64_t shrunk;          /* the last job before it was made smaller */
	unsigned busy;            /* workers that have a job for it */
	size_t sent;              /* parts that workers have */
	struct part_line parts;   /* of messages in hand, to be sent */
	struct entry_line parked; /* messages that are not in hand */
	size_t messages; /* known to go there, while they are counted */
	/* Of the message that is being sorted: */
	struct part *last_part;     /* the last that was made */
	const struct entry *joined; /* one of its parts is in the line */
};

struct dest_list {
	struct dest *first, *last;
	size_t count;
};

struct dests {
	struct dest **slots; /* a hash table; size is a power of two */
	size_t size, count;
	unsigned window_max;
	unsigned busy[DEST_CLASSES]; /* workers, by their destination's class */
	struct dest_list ready[DEST_CLASSES];
	unsigned turn; /* the class to begin with */
};

void dests_init(struct dests *all, unsigned window_max);
void dests_free(struct dests *all);
/* The destination of this key, made if need be, with one reference more. */
struct dest *dest_get(struct dests *all, struct span key);
/* NULL: not known. */
struct dest *dest_find(const struct dests *all, struct span key);
void dest_keep(struct dest *d);
/* One reference less; without any it is forgotten, unless it has failed. */
void dest_drop(struct dests *all, struct dest *d);
/* Forget those that nobody refers to and that rest no longer. */
void dests_clean(struct dests *all, int64_t now);
/* Every destination; return false to end. */
void dests_each(
    struct dests *all, bool (*each)(struct dest *d, void *arg), void *arg);

enum dest_class dest_class(const struct dest *d);
bool dest_rests(const struct dest *d, int64_t now);
/* One more worker is, or no longer is, busy with it. */
void dest_busy(struct dests *all, struct dest *d, bool one_more);
/* It answered, whatever it said. True: after it had failed. */
bool dest_answered(struct dests *all, struct dest *d);
/* It wants fewer connections, half as many: once for all jobs up to last, one
 * of which said so. False: it can't have fewer. */
bool dest_shrink(struct dest *d, uint64_t job, uint64_t last);
/* It can't be used, and rests. False: it rests already, nothing changes. */
bool dest_fail(struct dests *all, struct dest *d, int64_t now, uint32_t random,
    const struct result *why);
/* Why it rests, as the result of a recipient; the spans are the destination's. */
void dest_why(const struct dest *d, struct result *r);
/* End its rest. */
void dest_wake(struct dests *all, struct dest *d);

/* Parts per worker at once. */
unsigned dest_depth(const struct dest *d);
/* It may have one more message in hand: never more than its workers need, so
 * that it holds up nobody. */
bool dest_has_room(const struct dest *d);
/* Something is there to be sent: put it on the list of its class, once. */
void dest_list(struct dests *all, struct dest *d);
/* The next that is ready of this class; it is on the list no longer. */
struct dest *dest_next(struct dests *all, enum dest_class class);

#endif
