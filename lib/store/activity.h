/* What a session did to messages, in the log: who, in which folder, the UIDs
 * and the ids of the messages. A line covers several messages, so that a change
 * of 100,000 takes some two thousand lines; each message's id is a separate
 * word in it and can be searched for like any other. */
#ifndef STORE_ACTIVITY_H
#define STORE_ACTIVITY_H

#include "base/str.h"

struct activity {
	const char *event, *user;
	struct span folder; /* "": a folder's name is not known */
	struct span to;     /* of a copy or move; at is NULL otherwise */
	size_t count;
	struct str ids, news;      /* of messages, before and after; each ended
				 * by NUL */
	struct str uids, new_uids; /* as sequence sets */
	uint32_t last, new_last;   /* the last UID in each of them */
};

void activity_start(struct activity *a, const char *event, const char *user,
    struct span folder, struct span to);
/* One message: its UID and file name, and after a copy or move the new ones (0
 * and "" otherwise). UIDs ascend. */
void activity_add(struct activity *a, uint32_t uid, struct span file,
    uint32_t new_uid, struct span new_file);
/* Write the remaining messages and free the structure. */
void activity_end(struct activity *a);

#endif
