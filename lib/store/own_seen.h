/* Which messages of another account's folder this account has seen: a file
 * Maildir/seen/OWNER-UIDVALIDITY of its own, a bit for each UID. The folder keeps
 * its UIDVALIDITY when it is renamed, and no other folder of its owner ever gets
 * that. */
#ifndef STORE_OWN_SEEN_H
#define STORE_OWN_SEEN_H

#include "store/store.h"

struct own_seen {
	const struct store *store;
	struct str name;    /* below the root; empty: not open */
	int file;           /* -1: nothing was seen yet */
	uint64_t noted;     /* changes.h: its number when it was last read */
	uint64_t window_at; /* what of the bits is in window, */
	size_t window_len;
	unsigned char *window; /* or NULL */
	bool locked;
};
#define OWN_SEEN_INIT                                                          \
	{                                                                      \
		.name = STR_INIT, .file = -1                                   \
	}

/* What is there now is what own_seen_has() answers by. The file need not exist. */
void own_seen_open(struct own_seen *s, const struct store *store,
    struct span owner, uint32_t uidvalidity);
void own_seen_close(struct own_seen *s);
bool own_seen_has(struct own_seen *s, uint32_t uid);
/* If it is another account's folder, open it, and put \Seen into messages. */
struct folder;
struct message;
void own_seen_show(struct own_seen *s, const struct folder *f,
    struct message *at, uint32_t count);
/* Another session has changed it since own_seen_open(). One that is not open never
 * is. */
bool own_seen_is_changed(const struct own_seen *s);

/* Make the file, if it is missing, and lock it; then own_seen_mark(); then
 * own_seen_end(), in any case. -1 and errno. Nothing is synced, as no flag is. */
int own_seen_begin(struct own_seen *s);
int own_seen_mark(struct own_seen *s, uint32_t uid, bool on);
void own_seen_end(struct own_seen *s, bool changed);

#endif
