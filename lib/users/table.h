/* The entries of one `users` text while it is compiled: a hash table by key,
 * in the order of the lines. */
#ifndef USERS_TABLE_H
#define USERS_TABLE_H

#include "base/arena.h"
#include "users/text.h"

enum visit { VISIT_NEVER, VISIT_OPEN, VISIT_DONE };
struct row {
	struct span key;
	struct span unicode, fields, secrets, targets;
	unsigned line; /* where it stands first */
	bool domain;
	bool mailbox;
	enum visit visit;    /* while looking for loops */
	struct row *chained; /* next of the same hash */
	struct row *next;    /* next line */
};
struct table {
	struct arena memory;
	struct row **buckets;
	size_t size, count;
	struct row *first, *last;
};
void table_init(struct table *t);
void table_free(struct table *t);
struct row *table_find(const struct table *t, struct span key);
/* Add an entry; a mailbox and targets of one address share a row. NULL when
 * the key has such an entry already. */
struct row *table_add(struct table *t, const struct entry *e, unsigned line);
/* The row that answers for an address: exact, without the extension,
 * catch-all; NULL if none. key is folded. */
struct row *table_answer(const struct table *t, struct span key);
/* Write users.cdb and secrets.cdb into the directory, each replaced as a
 * whole; -1 and errno. */
int table_write(const struct table *t, struct span me, int etc);

#endif
