/* Mailboxes held open from one job to the next, the least recently used
 * closed when there are too many. */
#ifndef DELIVER_BOXES_H
#define DELIVER_BOXES_H

#include <sys/types.h>

#include "store/quota.h"

enum { BOXES_MAX = 32 };
struct box {
	struct store store;
	bool open;
	dev_t device; /* of new/ */
	ino_t inode;
	bool busy;        /* it has an uncommitted delivery */
	uint64_t pending; /* bytes of such deliveries */
	bool held;        /* quota held: the commit is counted in change */
	struct quota_change change;
	uint64_t used;
};
struct boxes {
	struct box at[BOXES_MAX];
	uint64_t clock;
};

void boxes_init(struct boxes *b);
void boxes_free(struct boxes *b);
/* The account's store at this path; below CHAINMAIL_MAIL a missing one is
 * created. NULL and errno; EBUSY: all are busy, commit first. */
struct box *boxes_get(struct boxes *b, const char *path);
/* Deliveries into an account with a quota are about to be committed. */
void box_hold(struct box *box);
/* Everything is committed, and counted. */
void boxes_idle(struct boxes *b);

#endif
