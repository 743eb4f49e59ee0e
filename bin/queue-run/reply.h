/* What a worker says of one job: "done n=… verdict=… …" (doc/architecture.md,
 * Jobs). */
#ifndef REPLY_H
#define REPLY_H

#include "spool/state.h"

struct answer {
	uint64_t n;
	struct result result; /* its spans are of the strings below */
	bool down;            /* the destination can't be used now */
	bool busy;            /* it wants fewer connections */
	struct str status, text, host;
	struct str via;  /* ip, tls and rule, as words of a record */
	struct str word; /* scratch */
};

void answer_init(struct answer *a);
void answer_free(struct answer *a);
/* False: it is no answer. A verdict that is missing is "later"; a status that
 * does not fit the verdict is replaced by one that does. */
bool answer_parse(struct span record, struct answer *a_r);

#endif
