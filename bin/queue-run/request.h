/* Requests of the administrator's tools to a running queue-run, one packet each
 * (doc/architecture.md, The queue's own socket). */
#ifndef REQUEST_H
#define REQUEST_H

#include "base/id.h"
#include "base/str.h"

enum request_verb {
	REQUEST_RETRY,
	REQUEST_HOLD,
	REQUEST_RELEASE,
	REQUEST_REMOVE,
	REQUEST_DESTINATIONS,
};
struct request {
	enum request_verb verb;
	bool report;       /* remove: the sender gets a report */
	bool all;          /* retry: everything */
	struct span lines; /* the unread lines of ids */
};

/* False: malformed. The packet must last as long as ids are read. */
bool request_parse(struct span packet, struct request *q_r);
/* The next id; false at the end. Lines that hold none are skipped. */
bool request_next(struct request *q, struct id *id_r);

#endif
