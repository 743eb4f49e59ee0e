/* SEARCH: keys as a tree, and messages held against it. */
#ifndef IMAPD_SEARCH_H
#define IMAPD_SEARCH_H

#include "fetch.h"
#include "sequence.h"

enum { SEARCH_DEPTH = 50 };

enum key_kind {
	KEY_ALL,
	KEY_FLAG,    /* one of the bits is set */
	KEY_NO_FLAG, /* none is */
	KEY_KEYWORD, /* number: the bit */
	KEY_NO_KEYWORD,
	KEY_RECENT,
	KEY_NEW,
	KEY_OLD,
	KEY_NUMBERS,
	KEY_UIDS,
	KEY_LARGER,
	KEY_SMALLER,
	KEY_BEFORE, /* internal date; number: a day, in seconds */
	KEY_ON,
	KEY_SINCE,
	KEY_SENTBEFORE, /* the Date field */
	KEY_SENTON,
	KEY_SENTSINCE,
	KEY_HEADER,  /* name, text */
	KEY_ADDRESS, /* likewise */
	KEY_BODY,
	KEY_TEXT,
	KEY_NOT, /* a */
	KEY_OR,  /* a, b */
	KEY_AND, /* a and those next to it */
};

struct key {
	enum key_kind kind;
	int64_t number;
	struct span name;
	struct span text; /* folded UTF-8 */
	struct sequence set;
	struct key *a, *b;
	struct key *next; /* all keys of a list must hold */
};

struct search {
	struct key *keys;
	enum content_need need;
	bool unknown_charset;
};

/* Take what follows SEARCH and its space. */
bool search_take(struct session *s, struct search *q_r);

/* A search while it runs. */
struct matcher {
	struct session *s;
	const struct search *q;
	struct content content;
	struct arena arena; /* of one message */
	bool loaded;
	bool gone; /* it can't be read: no key about it holds */
	struct str decoded, folded;
};
bool matcher_holds(struct matcher *m, uint32_t index);
void matcher_free(struct matcher *m);

/* Text keys: the folded key is in a field's value; there or in one of its
 * addresses; in the body; in either. */
bool match_header(struct matcher *m, struct span name, struct span text);
bool match_address(struct matcher *m, struct span name, struct span text);
bool match_body(struct matcher *m, struct span text);
bool match_text(struct matcher *m, struct span text);

#endif
