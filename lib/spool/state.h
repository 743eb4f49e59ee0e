/* Results of a message that was not finished in one go: CHAINMAIL_SPOOL/
 * state/ID, one line each, appended. The last line of a recipient counts. */
#ifndef SPOOL_STATE_H
#define SPOOL_STATE_H

#include "base/arena.h"
#include "spool/spool.h"

/* RFC 3464 2.3.3, of a recipient that is done. */
enum state_action {
	ACTION_DELIVERED, /* it is in the mailbox, or handed on to a host that
			   * will report by itself (then it is reported) */
	ACTION_RELAYED,   /* to a host that knows no DSN */
	ACTION_EXPANDED,  /* to the members of a list */
};
/* Its word there: "delivered". */
const char *state_action_word(enum state_action a);
/* What became of one recipient. */
struct result {
	int64_t at;         /* seconds since the epoch */
	uint64_t index;     /* which to= line, from 0 */
	int verdict;        /* exit code: 0 done, 75 later, else failed */
	struct span status; /* RFC 3463, "4.4.1" */
	int64_t next;       /* when to try again; only for verdict 75 */
	struct span text;   /* for a person to read */
	struct span host;   /* who answered; empty: this host */
	bool reply;         /* text is that host's own reply, "550 5.1.1 …" */
	enum state_action action; /* what became of it, when verdict is 0 */
	bool reported;     /* the sender has been told of this, finally */
	bool warn;         /* the sender is to be told that it waits, and */
	bool warned;       /* has been; both stay set in later lines */
	bool more;         /* writing: other recipients have no line yet */
	unsigned attempts; /* reading: lines of this recipient so far */
};

/* A report that the sender is to get, each kind by itself: what queue-run's
 * ids are derived from, and what bounce writes about. */
enum state_report {
	REPORT_NONE,
	REPORT_FAILED,
	REPORT_DELIVERED,
	REPORT_DELAYED,
};
/* This recipient belongs in that report, which has not been made. */
bool state_due(enum state_report kind, const struct result *r);

/* Append n results and make them durable (fdatasync; the directory too when
 * the file is new); -1 and errno. */
int state_add(
    const struct spool *s, const char *name, const struct result *r, size_t n);
/* Read what is known of the recipients 0 to count - 1 into results_r, which
 * has count elements; those without a line have attempts 0. Texts are copied
 * into the arena. 0, also without a file; -1 and errno. Lines that make no
 * sense are skipped. */
int state_read(const struct spool *s, const char *name, struct arena *a,
    struct result *results_r, size_t count);
/* What is known without the spool file: those that have a line, and a few
 * without below them. The elements live in the arena. more_r: the last line
 * says that there are others. 0; -1 and errno. */
int state_known(const struct spool *s, const char *name, struct arena *a,
    struct result **results_r, size_t *count_r, bool *more_r);
/* The same as state_read() from text in memory. */
void state_parse(
    struct span text, struct arena *a, struct result *results_r, size_t count);

#endif
