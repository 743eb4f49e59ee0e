/* Destinations: the state of each place that mail is sent to, shared by all its
 * messages. A destination is the key of a route (net/route.h) and the message's
 * TLS demand (demand.c).
 *
 * It has a window, the number of workers that may be busy with it: one until it
 * has answered, then three, more with success, halved at every "busy". When it
 * can't be used it backs off: a minute, then twice as long each time up to an
 * hour, for all its messages together. */
#ifndef DESTINATION_H
#define DESTINATION_H

#include "queue.h"
#include "spool/state.h"
#include "transaction.h"

enum {
	BACKOFF_FIRST_S = 60,
	BACKOFF_MAX_S = 3600,
};

/* How reliable it is; each class has its share of the workers, so that failing
 * or hanging destinations never occupy all. */
enum destination_class {
	DESTINATION_PROVEN,  /* answered, the last time */
	DESTINATION_UNKNOWN, /* not tried yet */
	DESTINATION_FAILING, /* retried after a back-off */
	DESTINATION_CLASSES,
};

struct destination {
	char *key;
	size_t key_len;
	size_t references;
	struct destination
	    *next; /* in a list of destinations with mail to send */
	bool listed;
	bool proven;
	unsigned failures; /* back-offs in a row */
	int64_t backoff;   /* epoch: not tried before; 0: none */
	/* Why it backs off; text is NULL when it does not: */
	char *text, *host; /* a reply and its host; host NULL: our own text */
	char status[16];   /* RFC 3463 */
	bool reply;        /* text is the host's own reply */
	unsigned window, success; /* workers; answers since it grew */
	uint64_t shrunk;          /* the last job before it shrank */
	unsigned busy;            /* workers that have a job for it */
	size_t sent;              /* transactions that workers have */
	struct transaction_line transactions; /* of open messages, to be sent */
	struct entry_line parked;             /* messages not open */
	size_t messages; /* with mail for it, while counting */
	/* Of the message that is being sorted: */
	struct transaction *last_transaction; /* the last that was made */
	const struct entry *joined; /* one of its transactions is in the line */
};

struct destination_list {
	struct destination *first, *last;
	size_t count;
};

struct destinations {
	struct hash known; /* by their keys */
	unsigned window_max;
	unsigned busy
	    [DESTINATION_CLASSES]; /* workers, by their destination's class */
	struct destination_list ready[DESTINATION_CLASSES];
	unsigned turn; /* the class to begin with */
};

void destinations_init(struct destinations *all, unsigned window_max);
void destinations_free(struct destinations *all);
/* The destination of this key, created if needed, with a new reference. */
struct destination *destination_get(struct destinations *all, struct span key);
/* NULL: not known. */
struct destination *destination_find(
    const struct destinations *all, struct span key);
void destination_keep(struct destination *d);
/* Drop a reference; an unreferenced destination is freed, unless it has
 * failed. */
void destination_drop(struct destinations *all, struct destination *d);
/* Free unreferenced ones that no longer back off. */
void destinations_clean(struct destinations *all, int64_t now);
/* Every destination; return false to end. */
void destinations_each(struct destinations *all,
    bool (*each)(struct destination *d, void *arg), void *arg);

enum destination_class destination_class(const struct destination *d);
bool destination_backs_off(const struct destination *d, int64_t now);
/* A worker becomes, or is no longer, busy with it. */
void destination_busy(
    struct destinations *all, struct destination *d, bool one_more);
/* It answered, whatever the reply. True: it had failed before. */
bool destination_answered(struct destinations *all, struct destination *d);
/* It wants fewer connections: halve its window, once for all jobs up to last.
 * False: it can't shrink further. */
bool destination_shrink(struct destination *d, uint64_t job, uint64_t last);
/* It can't be used: back off. False: it already backs off, nothing changes. */
bool destination_fail(struct destinations *all, struct destination *d,
    int64_t now, uint32_t random, const struct result *why);
/* Why it backs off, as the result of a recipient; the spans are the destination's. */
void destination_why(const struct destination *d, struct result *r);
/* End its back-off. */
void destination_wake(struct destinations *all, struct destination *d);

/* Parts per worker at once. */
unsigned destination_depth(const struct destination *d);
/* It may have one more open message: never more than its workers need, so that
 * others get their share. */
bool destination_has_room(const struct destination *d);
/* It has mail to send: put it on the list of its class, once. */
void destination_list(struct destinations *all, struct destination *d);
/* Take the next one off the list of this class. */
struct destination *destination_next(
    struct destinations *all, enum destination_class class);

#endif
