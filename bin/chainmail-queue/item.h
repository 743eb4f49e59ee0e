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
	char **strays; /* files there that are no messages, by name; only */
	size_t stray_count, stray_size; /* if everything matches */
};
/* -1 and errno. */
int names_read(struct names *n, const struct spool *s, const struct filter *f);
void names_free(struct names *n);

struct item {
	const struct name *name;
	struct envelope envelope;
	struct spool_message message; /* fd is open, and the item's */
	struct state state;
	struct result *results; /* the state's, one per recipient, as are */
	bool *matches;          /* what the filter says of them */
	int64_t birth;          /* seconds of the epoch */
	int64_t next;           /* 0: at once */
	const char *why;        /* what is wrong with the file */
	bool unsure;            /* it may be good: it can't be read now */
};
void item_init(struct item *it);
void item_free(struct item *it);
/* Read a message that matches the filter, replacing the content. False: no
 * match, or it has vanished. An unreadable one has only why set, and no
 * recipients. */
bool item_read(struct item *it, const struct spool *s, const struct name *name,
    const struct filter *f, int64_t now);
/* The recipient is unfinished. */
bool item_waits(const struct item *it, size_t index);
/* Its name for administrators: an address, with the one it was reached through
 * if it is a place, and marked if it is a command. */
void item_recipient(const struct item *it, size_t index, struct str *out);

#endif
