/* Folders that others share with an account. Where an owner's folders are found,
 * and what the session is told of them; what may be done with one says its acl.
 *
 * Each owner has a list of those that have ever been given a right, as
 * CHAINMAIL_MAIL/.shared/OWNER (percent-encoded). It only says where to look: an
 * address too many costs a look and gives nothing. A session opens the list of
 * its own account before its sandbox, and can reach no other. */
#ifndef STORE_SHARED_H
#define STORE_SHARED_H

#include "base/arena.h"
#include "store/store.h"

/* The namespace of others' folders (RFC 2342): "Other Users/OWNER/NAME". */
#define SHARED_ROOT SPAN("Other Users")

enum {
	SHARED_MAX = 100,           /* folders of one session */
	SHARED_LOOKS_MAX = 10000,   /* lists and folders that are looked at */
	SHARED_LIST_MAX = 64 * 1024 /* bytes of a list */
};

struct shared_folder {
	struct span name;  /* as in the namespace, UTF-8 */
	struct span owner; /* its owner's address */
	struct span path;  /* of its directory, absolute */
	unsigned rights;   /* RIGHT_…, when the session began */
	int dir;           /* its directory, or -1 */
};
struct shared {
	struct span user; /* whom they are shared with */
	struct shared_folder *at;
	size_t count;
	struct arena arena; /* what they point to */
};

/* The lists. */

/* Make CHAINMAIL_MAIL/.shared, if it is missing. */
void shared_lists_make(void);
/* The owner's own list, for shared_list_add(); -1: there can be none. */
int shared_list_open(struct span owner);
/* The id is in the list, durably. -1 and errno: EFBIG no room. */
int shared_list_add(int list, struct span id);
/* A list's text has the user, or anyone. */
bool shared_list_has(struct span text, struct span user);

/* The folders. */

/* Find what is shared with a user, and open the directories. where: the Maildir
 * of an owner (replaced); false: it shares nothing. Directories that are not
 * ours, or writable by others, or links, are left out. */
void shared_find(struct shared *r, struct span user,
    bool (*where)(void *arg, struct span owner, struct str *maildir_r),
    void *arg);
/* Append them as text for the environment of the session; and read that (false:
 * it is malformed). */
void shared_format(const struct shared *s, struct str *text);
bool shared_parse(struct span text, struct span user, struct shared *r);
void shared_free(struct shared *s);

/* The folder of this name, or NULL. */
const struct shared_folder *shared_by_name(
    const struct shared *s, struct span name);
/* A name in the namespace, or the namespace. */
bool shared_is_name(struct span mailbox);
/* What the user may do now: never more than when the session began. */
unsigned shared_rights(
    const struct shared *s, const struct shared_folder *folder);

#endif
