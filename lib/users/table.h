/* The entries of a `users` text being compiled: a hash table by key, in the
 * order of the lines. */
#ifndef USERS_TABLE_H
#define USERS_TABLE_H

#include "base/hash.h"
#include "users/text.h"

enum visit { VISIT_NEVER, VISIT_OPEN, VISIT_DONE };
struct row {
	struct span key;
	struct span fields, secrets, targets;
	struct span alias; /* of "@domain": the domain it is an alias of */
	unsigned line;     /* its first line */
	bool domain;
	bool mailbox;
	enum visit visit; /* while looking for loops */
	struct row *next; /* next line */
};
struct table {
	struct arena memory;
	struct hash rows;
	struct row *first, *last;
	bool piped; /* its text came by a pipe */
};
void table_init(struct table *t);
void table_free(struct table *t);
struct row *table_find(const struct table *t, struct span key);
/* Add an entry; a mailbox and targets of one address share a row. NULL when the
 * key already has such an entry. */
struct row *table_add(struct table *t, const struct entry *e, unsigned line);
/* The row that makes this domain an alias; NULL if none does. */
struct row *table_alias(const struct table *t, struct span domain);
/* The row that answers for an address: exact, without the extension,
 * catch-all; NULL if none. key is folded. */
struct row *table_answer(const struct table *t, struct span key);
/* Write users.cdb, secrets.cdb and logins/logins.cdb into the directory, each
 * replaced as a whole; -1 and errno. */
int table_write(const struct table *t, struct span me, int etc);

#endif
