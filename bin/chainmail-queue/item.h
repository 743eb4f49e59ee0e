/* Messages of the spool, as the tool reads them: beside a running queue-run,
 * without a lock, so any may vanish at any time. */
#ifndef ITEM_H
#define ITEM_H

#include "filter.h"
#include "spool/state.h"

/* The ids that the filter names, oldest first. */
struct name {
	char id[ID_LEN + 1];
	bool held;
};
struct names {
	struct name *all;
	size_t count, size;
};
/* -1 and errno. */
int names_read(struct names *n, const struct spool *s, const struct filter *f);
void names_free(struct names *n);

struct item {
	const struct name *name;
	struct envelope envelope;
	struct spool_message message; /* fd is open, and the item's */
	struct result *results;       /* one per recipient, as is the next */
	bool *matches;                /* what the filter says of them */
	int64_t birth;                /* seconds of the epoch */
	int64_t next;                 /* 0: at once */
	const char *why;              /* what is wrong with the file */
	bool unsure;                  /* it may be good: it can't be read now */
};
void item_init(struct item *it);
void item_free(struct item *it);
/* Read a message that the filter is about; the content before is gone. False:
 * the filter is not, or it has vanished. Of one that can't be read only why
 * is known, and it has no recipients. */
bool item_read(struct item *it, const struct spool *s, const struct name *name,
    const struct filter *f, int64_t now);
/* The recipient is not done. */
bool item_waits(const struct item *it, size_t index);

#endif
