/* Shared by all parts of the check. */
#ifndef CHAINMAIL_CHECK_H
#define CHAINMAIL_CHECK_H

#include "base/str.h"
#include "finding.h"
#include "os/conf.h"
#include "people.h"

struct check {
	int etc; /* the configuration's folder */
	struct str me;
	bool me_good; /* it is the name that programs use: the file has no
		       * mistake */
	struct limits limits;
	struct people people;
	struct findings found;
};

/* Where a parser's complaints go: complain() for those that take a line, a text
 * and this. */
struct source {
	struct check *check;
	const char *file;
};
void complain(unsigned line, const char *text, void *source);

/* The path of a name below the configuration. */
void path_of(const char *name, struct str *path_r);
/* Read a file of the configuration; false when there is none, or when it can't
 * be read, which is reported (if the caller may know). */
bool text_read(struct check *c, const char *name, struct str *text_r);
/* Report faults in owner and mode of an existing file or folder: writable by
 * everybody, owned by a stranger, with a bit of closed, or unreadable by one of
 * the readers (up to NOBODY). False when this process can't read it either,
 * which is reported. */
bool readable_check(struct check *c, const char *name, mode_t closed,
    const enum person *readers);

#endif
