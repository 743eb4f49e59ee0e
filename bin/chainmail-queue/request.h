/* One call of the tool, and its commands. */
#ifndef REQUEST_H
#define REQUEST_H

#include "item.h"

struct request {
	struct filter filter;
	const char *verb; /* the command's name */
	bool all, json, report, whole;
	bool quiet; /* as sendmail -q: don't report what can't or need not be
		     * done */
	struct spool spool; /* only the needed parts are open, the rest -1 */
	int history;        /* folder of days; -1: there is none */
	int channel;        /* to queue-run; -1: it does not run */
	int lock;           /* queue-run's, held instead; -1: not */
	int64_t now;
	struct str out;
};

/* Each returns the exit code: 0, 1 when nothing matched, ... */
int command_list(struct request *r);
int command_mailq(struct request *r); /* list, for those who know Postfix */
int command_show(struct request *r);
int command_change(struct request *r); /* retry, hold, release, remove */
int command_flush(struct request *r);  /* retry --all, quiet */
int command_history(struct request *r);
int command_destinations(struct request *r);

/* JSON's member for a recipient, and the word for its state. */
void recipient_json(struct str *out, const struct item *it, size_t index);
const char *recipient_state(const struct item *it, size_t index);

/* The caller may not do that. Ends the program, with 0 when quiet. */
__attribute__((format(printf, 2, 3))) _Noreturn void request_deny(
    const struct request *r, const char *format, ...);
/* Connect to queue-run or, with lock, take its lock when it does not run; ends
 * the program when neither succeeds. */
void channel_open(struct request *r, bool lock);
/* Send one request and get the answer's lines, the first without its "ok";
 * ends the program when there is none. */
void channel_ask(struct request *r, struct span packet, struct str *answer_r);

#endif
