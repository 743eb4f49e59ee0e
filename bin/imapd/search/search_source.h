/* The mailboxes that an ESEARCH searches (RFC 7377 2.2, RFC 5465 6). */
#ifndef IMAPD_SEARCH_SOURCE_H
#define IMAPD_SEARCH_SOURCE_H

#include "session.h"

enum {
	SOURCE_NAMES_MAX = 1000, /* that one command may name */
	SOURCE_BOXES_MAX = 1000, /* and that it may search */
};

struct source_name {
	struct span name; /* UTF-8 */
	enum { SOURCE_ONE, SOURCE_CHILDREN, SOURCE_TREE } reach;
};
struct source {
	bool selected;
	bool personal;
	bool subscribed;
	struct source_name *names;
	size_t count;
};

/* Take "IN (...) "; without it the source is the selected mailbox. False: the
 * command is answered. */
bool source_take(struct session *s, struct source *x_r);
/* Is this mailbox, from a list of all with its state there, to be searched? */
bool source_has(const struct source *x, struct span name, unsigned state);

#endif
