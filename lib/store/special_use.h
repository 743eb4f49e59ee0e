/* What a mailbox is for (RFC 6154). Its annotation "/private/specialuse" says
 * it: "\Drafts \Sent", or nothing for none. Without one, Archive, Drafts, Junk,
 * Sent and Trash have the use of their name, unless another mailbox was given
 * it. So a use goes with a mailbox that is renamed, and ends with it. */
#ifndef STORE_SPECIAL_USE_H
#define STORE_SPECIAL_USE_H

#include "store/store.h"

enum {
	USE_ARCHIVE = 1,
	USE_DRAFTS = 2,
	USE_JUNK = 4,
	USE_SENT = 8,
	USE_TRASH = 16,
	USES_ALL = 31,
	USES_SAID = 32, /* the annotation is there */
};

#define SPECIAL_USE_ENTRY SPAN("/private/specialuse")

/* The bit of "\Sent" and so on (any case), or 0. */
unsigned special_use_bit(struct span word);
/* The n-th of them as a word, NULL at the end; its bit. */
const char *special_use_word(size_t n, unsigned *bit_r);
/* An annotation's value; false when a word is none of the uses. */
bool special_uses_parse(struct span value, unsigned *uses_r);
/* Append the value: words in the order of the alphabet. */
void special_uses_add(struct str *value, unsigned uses);
/* That of the name itself, or 0. */
unsigned special_use_of_name(struct span mailbox);

/* The uses of a mailbox; none too when it is not there. -1 and errno. */
int special_uses(const struct store *s, struct span mailbox, unsigned *uses_r);
/* Make a mailbox with uses, as by mailbox_create(); it appears with them. Others
 * lose them. */
int special_use_create(struct store *s, struct span mailbox, unsigned uses);
/* The mailbox was given uses: others that were given them too lose them. No
 * error: two mailboxes of one use are allowed. */
void special_uses_take(
    const struct store *s, struct span mailbox, unsigned uses);
/* The mailbox that has the use, INBOX excepted (replaced); false: none has. */
bool special_use_find(const struct store *s, unsigned use, struct str *name_r);

#endif
