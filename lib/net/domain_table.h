/* A file of the administrator whose lines begin with a domain, ".suffix" (every
 * name below it) or "*" (all others): `routes` and `tls-policy`. */
#ifndef NET_DOMAIN_TABLE_H
#define NET_DOMAIN_TABLE_H

#include <sys/stat.h>

#include "base/arena.h"
#include "base/str.h"

struct domain_table_kind {
	const char *file;
	/* Parse a line into the arena: its domain (lower case, ASCII form) and
	 * its value; an empty domain skips the line. Faults are added to
	 * wrong_r, also for a line that is kept. */
	const void *(*parse)(struct span line, struct arena *a,
	    struct span *domain_r, struct str *wrong_r);
};
struct domain_lines {
	struct arena arena;
	struct domain_entry *entries; /* sorted by domain */
	size_t count, size;
	unsigned wrong; /* mistakes */
};
struct domain_table {
	const struct domain_table_kind *kind;
	int etc; /* not owned */
	void (*complain)(unsigned line, const char *text, void *arg);
	void *arg;
	struct stat seen; /* of the file that was looked at; zeros: none */
	int unread;       /* why that can't be read; 0: it was */
	int error;        /* no lines are known, for this reason; 0 */
	struct domain_lines lines; /* that are in force */
};

/* Read the file of folder etc (-1: none); a missing file counts as empty.
 * Mistakes are reported through complain (may be NULL), one by one; if a domain
 * occurs twice the first line counts. */
void domain_table_open(struct domain_table *t,
    const struct domain_table_kind *kind, int etc,
    void (*complain)(unsigned line, const char *text, void *arg), void *arg);
void domain_table_close(struct domain_table *t);
/* Look whether the file was replaced, or could not be read, and read it again:
 * one stat(2). One with a mistake, or that can't be read, leaves a table without
 * any as it is; that is reported once. True when there are other lines now;
 * values found before are then no longer good. */
bool domain_table_refresh(struct domain_table *t);
/* The value of a domain's own line; NULL: none. */
const void *domain_table_own(const struct domain_table *t, struct span domain);
/* The same, or that of the longest ".suffix", or of "*". */
const void *domain_table_find(const struct domain_table *t, struct span domain);

#endif
