/* Keys of SORT and THREAD (RFC 5256, RFC 5957), from a message's header.
 *
 * All are pure: they depend on the header's bytes and on nothing else, neither
 * the clock, the folder nor the session. So they can be kept beside a message,
 * whose header never changes, as long as SORTKEY_VERSION is kept with them and
 * is the same; each is one run of bytes, or a number. */
#ifndef MAIL_SORTKEY_H
#define MAIL_SORTKEY_H

#include "base/str.h"

enum {
	/* Another one whenever a header gives other keys than it did. */
	SORTKEY_VERSION = 2,
	/* RFC 5322 knows no limit; these are the last ones. */
	SORTKEY_REFERENCES_MAX = 1000,
};

/* Text keys of the first six are compared as bytes (span_compare()): they have
 * been through fold_add() (RFC 5051). What a header lacks is empty. */
enum sortkey {
	SORTKEY_CC,          /* addr-mailbox of the first address */
	SORTKEY_FROM,        /* likewise */
	SORTKEY_TO,          /* likewise */
	SORTKEY_DISPLAYFROM, /* RFC 5957: its name, or the address */
	SORTKEY_DISPLAYTO,   /* likewise */
	SORTKEY_SUBJECT,     /* base subject */
	/* Message IDs in their one form (RFC 5256: without quotes, comments and
	 * blanks), compared exactly, each ended by LF, which none has. */
	SORTKEY_ID,         /* none or one */
	SORTKEY_REFERENCES, /* the oldest first */
	SORTKEYS,
};

struct sortkeys {
	struct str text[SORTKEYS];
	int64_t sent; /* RFC 5256 2.2, seconds since the epoch (UTC); */
	bool dated;   /* false: there is none, INTERNALDATE stands for it */
	bool reply; /* RFC 5256 3: the subject is a reply's or forward's; known
		       * with SORTKEY_SUBJECT */
};

void sortkeys_init(struct sortkeys *k);
/* Replace all that is in k by those keys that are wanted (a bit each, 1 <<
 * SORTKEY_…) and the date; the others are empty. header may have the body behind
 * it. No header is an error. */
void sortkeys_take(struct sortkeys *k, unsigned wanted, struct span header);
void sortkeys_free(struct sortkeys *k);

/* Append the base subject (RFC 5256 2.1) of a Subject field's value, in UTF-8,
 * not folded. True: it was a reply's or a forward's. */
bool base_subject(struct str *out, struct span value);
/* Take the next valid Message ID off a field's value and append it in its one
 * form, with no '<', '>' or LF. What is none is passed over; false: there is
 * none left. */
bool message_id_next(struct span *rest, struct str *out);

#endif
