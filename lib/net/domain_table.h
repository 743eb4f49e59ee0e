/* A file of the administrator whose lines begin with a domain, ".suffix" (every
 * name below it) or "*" (all others): `routes` and `tls-policy`. */
#ifndef NET_DOMAIN_TABLE_H
#define NET_DOMAIN_TABLE_H

#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"

struct domain_table_kind {
	const char *file;
	/* Read a line into the arena: its domain (lower case, ASCII form) and
	 * its value; an empty domain skips the line. What is wrong is added to
	 * wrong_r, also of a line that stays. */
	const void *(*parse)(struct span line, struct arena *a,
	    struct span *domain_r, struct str *wrong_r);
};
struct domain_table {
	const struct domain_table_kind *kind;
	int etc; /* not owned */
	void (*complain)(unsigned line, const char *text, void *arg);
	void *arg;
	struct stat seen; /* of the file that was read; zeros: none */
	int error;        /* why it can't be read, 0: it was */
	struct arena arena;
	struct domain_entry *entries; /* sorted by domain */
	size_t count, size;
};

/* Read the file of folder etc (-1: none); no file is an empty one. Mistakes are
 * reported through complain (may be NULL), one by one; of a domain that is there
 * twice the first line counts. */
void domain_table_open(struct domain_table *t,
    const struct domain_table_kind *kind, int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
void domain_table_close(struct domain_table *t);
/* Look whether the file was replaced, or could not be read, and read it again:
 * one stat(2). Values found before are then no longer good. True when it was. */
bool domain_table_refresh(struct domain_table *t);
/* The value of a domain's own line; NULL: none. */
const void *domain_table_own(const struct domain_table *t, struct span domain);
/* The same, or that of the longest ".suffix", or of "*". */
const void *domain_table_find(const struct domain_table *t, struct span domain);

#endif
