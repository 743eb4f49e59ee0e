/* The findings: collected while reading files, printed by file and line at the
 * end. */
#ifndef CHAINMAIL_CHECK_FINDING_H
#define CHAINMAIL_CHECK_FINDING_H

#include "base/str.h"

enum grade {
	WARNING, /* works, but is hardly intended */
	MISTAKE, /* something fails, is refused or waits */
	UNREAD,  /* the caller may not read it: nothing is known */
};
struct finding {
	enum grade grade;
	unsigned line; /* 0: the whole file */
	size_t order;  /* as it was found */
	char *file;
	char *text;
};
struct findings {
	struct finding *at;
	size_t count, size;
	bool quiet; /* omit UNREAD findings and the final line on success */
	unsigned of[UNREAD + 1]; /* how many of each grade */
};

/* The fault, "; ", the remedy. file is a path, or a name below the
 * configuration. */
void finding_add(struct findings *f, enum grade g, const char *file,
    unsigned line, const char *text);
__attribute__((format(printf, 5, 6))) void finding_addf(struct findings *f,
    enum grade g, const char *file, unsigned line, const char *format, ...);
/* Print all, and a last line with their number; -1 and errno. */
int findings_print(struct findings *f);
void findings_free(struct findings *f);

#endif
