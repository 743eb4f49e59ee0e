/* The results for recipients of a message that was not finished at once:
 * CHAINMAIL_SPOOL/state/ID, an append-only list of lines (doc/formats.md,
 * Results). Expanded addresses are listed with the places they led to. */
#ifndef SPOOL_STATE_H
#define SPOOL_STATE_H

#include "base/arena.h"
#include "spool/spool.h"

/* RFC 3464 2.3.3, of a recipient that is done. */
enum state_action {
	ACTION_DELIVERED, /* in the mailbox, or relayed to a host that sends
			   * DSNs itself (then it is reported) */
	ACTION_RELAYED,   /* to a host without DSN */
	ACTION_EXPANDED,  /* to places, recipients of their own */
};
/* Its word there: "delivered". */
const char *state_action_word(enum state_action a);
/* The result for one recipient. */
struct result {
	int64_t at;         /* seconds since the epoch */
	uint64_t index;     /* which recipient, from 0 */
	int verdict;        /* exit code: 0 done, 75 later, else failed */
	struct span status; /* RFC 3463, "4.4.1" */
	int64_t next;       /* when to try again; only for verdict 75 */
	struct span text;   /* human-readable */
	struct span host;   /* who answered; empty: this host */
	bool reply;         /* text is that host's own reply, "550 5.1.1 …" */
	enum state_action action; /* the action, when verdict is 0 */
	uint64_t places;          /* number of places of an expanded one */
	bool reported;            /* the final report to the sender was made */
	bool warn;                /* a delay warning is due, and */
	bool warned;              /* was sent; both stay set in later lines */
	bool more;         /* writing: other recipients have no line yet */
	unsigned attempts; /* reading: lines of this recipient so far */
	uint32_t report;   /* reading: the unmade report, from 1, that it is in;
			    * 0: none */
};
/* The recipient is finished. */
bool result_is_final(const struct result *r);

/* A report for the sender. */
enum state_report {
	REPORT_NONE,
	REPORT_FAILED,
	REPORT_DELIVERED,
	REPORT_DELAYED,
};
/* "failed" */
const char *state_report_word(enum state_report kind);
/* This recipient belongs in a report of this kind, and is not in one yet. */
bool state_due(enum state_report kind, const struct result *r);

/* A report that was decided on. */
struct state_made {
	struct id id;
	enum state_report kind;
	bool made; /* it is in the spool */
};

/* The administrator's request for a message that a worker was processing. */
enum state_wish {
	WISH_NONE,
	WISH_HOLD,
	WISH_REMOVE,
	WISH_FAIL,    /* unfinished recipients fail, and the sender gets a
		       * report */
	WISH_RELEASE, /* from hold/ */
};

enum {
	RECIPIENTS_MAX = 1 << 18 /* of a message, with all its places */
};
struct state {
	struct result *results; /* one for each recipient */
	size_t count, size;
	struct state_made *reports; /* in the order in which they were due */
	size_t report_count, report_size;
	enum state_wish wish;
	bool more; /* of the last line */
};

void state_init(struct state *st);
void state_free(struct state *st);
/* Reset for count recipients without results. Keeps memory. */
void state_clear(struct state *st, size_t count);
/* Grow to count recipients, the new ones without results. */
void state_grow(struct state *st, size_t count);
/* The first report that was decided on and is not made, from 1; 0: none. */
uint32_t state_open_report(const struct state *st);
/* Put all recipients due for this kind into the unmade report with this id, or
 * a new one. */
void state_take_report(
    struct state *st, enum state_report kind, const struct id *id);
/* Report number report, from 1, is in the spool: mark its recipients as
 * reported. */
void state_made_report(struct state *st, uint32_t report);

/* Read the lines of a file. The envelope has the recipients of the spool file,
 * and gets the places; texts are copied into its arena. Malformed lines are
 * ignored. */
void state_parse(struct span text, struct envelope *e, struct state *st_r);
/* The same from an open file, a piece at a time: it may be of any length, and
 * memory is needed for what counts at its end. 0; -1 and errno. */
int state_parse_file(int fd, struct envelope *e, struct state *st_r);
/* The same by name; 0, also without a file. */
int state_read(const struct spool *s, const char *name, struct envelope *e,
    struct state *st_r);
/* The results without the spool file: recipients up to the last one that has a
 * line. Texts live in the arena. */
int state_known(const struct spool *s, const char *name, struct arena *a,
    struct state *st_r);
/* The file, to be read; -1 and errno, ENOENT when there is none. */
int state_open(const struct spool *s, const char *name);
/* The last bytes of a file, at least so many if it has them; empty without a
 * file; -1 and errno. */
int state_tail(const struct spool *s, const char *name, uint64_t bytes,
    struct str *text_r);

/* Append a line to out. */
void state_write_result(struct str *out, const struct result *r);
/* A place; its index is that of the recipient it becomes. */
void state_write_place(
    struct str *out, uint64_t index, const struct recipient *to);
void state_write_report(
    struct str *out, enum state_report kind, const struct id *id);
void state_write_reported(struct str *out, const struct id *id);
void state_write_wish(struct str *out, enum state_wish wish);

/* Append whole lines by one write(2), optionally synced (the directory too when
 * the file is new); -1 and errno. */
int state_append(
    const struct spool *s, const char *name, struct span lines, bool sync);

#endif
