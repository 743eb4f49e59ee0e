/* The state of queue-run that its layers share (doc/architecture.md, Layers). A
 * lower layer never calls a higher one: it puts messages on the lists below,
 * which the loop processes. */
#ifndef RUNNER_H
#define RUNNER_H

#include "base/clock.h"
#include "history.h"
#include "message.h"
#include "notes.h"
#include "os/conf.h"
#include "router.h"
#include "spool/journal.h"
#include "wire.h"
#include "worker.h"

enum {
	/* Wait this long for answers before exit: RFC 5321 4.5.3.2.6 gives
	 * another host ten minutes for the last one. */
	CLOSING_MS = 11 * 60 * 1000,
};
enum pool_name { LOCAL, REMOTE, REPORT, POOLS };

struct control;
struct runner {
	struct spool spool;
	struct queue queue;
	struct hand hand;
	struct pool pools[POOLS];
	uint64_t number; /* of the last job */
	struct router router;
	struct destinations destinations;
	struct history history;
	struct journal journal;
	struct notes notes;
	struct limits limits;
	struct message_list line;     /* with jobs for local workers */
	struct message_list ready;    /* with a next step in finish */
	struct message_list noted;    /* once the journal is synced */
	struct message_list unsorted; /* with new places */
	struct message_list reports;  /* waiting for the helper */
	struct message_list stuck;    /* whose results can't be written */
	int inotify, signals;
	struct control *control; /* NULL: no requests */
	bool once;               /* -1 */
	bool blanks;             /* there may be some */
	bool closing;            /* hand out nothing more */
	bool unsafe;             /* syncing failed, which was logged */
	int exit;                /* code */
	int64_t closing_ms;      /* stop waiting for answers then */
	int64_t cleaned_ms;
	int64_t blank_ms;   /* when the last blank was made */
	int64_t clock_s;    /* wall clock minus monotonic clock */
	int64_t alone_ms;   /* when there was last a worker */
	int64_t locked_ms;  /* when a message was last found locked */
	int64_t noted_ms;   /* when older notes were last read */
	struct reply reply; /* scratch, as are */
	struct arena arena;
	struct str record, packet;
	struct str text;
};

/* Stop handing out, and end when all answers are in, or after wait_ms. */
static inline void
runner_close(struct runner *r, int64_t wait_ms)
{
	r->closing = true;
	r->closing_ms = clock_mono_ms() + wait_ms;
}

/* Every answer received is noted and safe. */
static inline bool
runner_is_safe(const struct runner *r)
{
	return r->ready.count + r->noted.count + r->unsorted.count +
		r->stuck.count ==
	    0 &&
	    !r->journal.failed;
}

/* Results can't be written or made safe, so nothing may be handed out. */
static inline bool
runner_is_blocked(const struct runner *r)
{
	return r->stuck.count > 0 || r->journal.failed;
}

#endif
