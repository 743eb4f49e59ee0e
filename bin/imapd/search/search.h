/* SEARCH and similar commands: keys as a tree, and matching of messages. */
#ifndef IMAPD_SEARCH_H
#define IMAPD_SEARCH_H

#include "argument.h"
#include "fetch/fetch.h"
#include "search/search_hint.h"
#include "search/search_return.h"
#include "sequence.h"

enum {
	SEARCH_DEPTH = 50,
	SEARCH_KEYS_MAX = 1000, /* in one command */
};

enum key_kind {
	KEY_ALL,
	KEY_FLAG,    /* one of the bits is set */
	KEY_NO_FLAG, /* none is */
	KEY_KEYWORD, /* name; number: the bit, once bound */
	KEY_NO_KEYWORD,
	KEY_RECENT,
	KEY_NEW,
	KEY_OLD,
	KEY_NUMBERS,
	KEY_UIDS,
	KEY_SAVED, /* "$": of UIDs */
	KEY_LARGER,
	KEY_SMALLER,
	KEY_MODSEQ,  /* RFC 7162; number: at least */
	KEY_EMAILID, /* name */
	KEY_NEVER,
	KEY_SAVEDBEFORE, /* the save date, as KEY_BEFORE */
	KEY_SAVEDON,
	KEY_SAVEDSINCE,
	KEY_BEFORE, /* internal date; number: a day, in seconds */
	KEY_ON,
	KEY_SINCE,
	KEY_OLDER, /* RFC 5032; number: seconds */
	KEY_YOUNGER,
	KEY_SENTBEFORE, /* the Date field */
	KEY_SENTON,
	KEY_SENTSINCE,
	KEY_HEADER,  /* name, text */
	KEY_ADDRESS, /* likewise */
	KEY_BODY,
	KEY_TEXT,
	KEY_NOT, /* a */
	KEY_OR,  /* a, b */
	KEY_AND, /* a and its siblings */
};

struct key {
	enum key_kind kind;
	int64_t number;
	struct span name;
	struct span text;       /* folded UTF-8 */
	struct sequence wanted; /* as sent */
	struct sequence set;    /* in the folder searched, once bound */
	struct key *a, *b;
	struct key *next; /* all keys of a list must hold */
};

struct search {
	struct key *keys;
	size_t count;
	enum content_need need;
	bool names_charset; /* by SEARCH's CHARSET */
	bool unknown_charset;
	bool has_modseq; /* some key is KEY_MODSEQ */
};

/* The position of the character set. */
enum charset_place {
	CHARSET_OPTIONAL, /* SEARCH: "CHARSET name " or nothing */
	CHARSET_FIRST,    /* SORT, THREAD (RFC 5256 5): "name " */
};
/* Take the keys and the character set before them. They live in the parser's
 * arena, even if that is not the command's. */
bool search_take(
    struct session *s, enum charset_place place, struct search *q_r);
/* Resolve keywords and the "*" of sets in f. "$" is empty unless f is the selected
 * folder. */
void search_bind(
    struct search *q, struct session *s, struct folder *f, struct arena *a);
/* Resolve only keywords, whose bits can change. */
void search_bind_keywords(struct search *q, struct folder *f);
/* Replace message numbers by UIDs, for a lasting search (RFC 5267 4.3: the numbers
 * at the time of the command). q is bound to f. */
void search_fix(struct search *q, struct folder *f);

/* A search in progress. */
struct matcher {
	struct folder *f;
	const struct search *q;
	enum content_need need; /* q->need, or more for the caller */
	int64_t now;            /* seconds, for OLDER and YOUNGER */
	struct content content; /* of the last message loaded */
	struct arena arena;     /* of one message */
	bool loaded;
	bool gone;   /* it can't be read, so none of its keys match */
	bool looked; /* for what is kept of it: */
	struct excerpt excerpt;
	struct kept kept; /* what is made of those of which nothing is */
	struct str raw, decoded, folded;
	struct hints *hints; /* once many messages were read for text keys */
	uint32_t text_asked; /* how often such a key was evaluated */
	uint32_t text_first; /* the message that the first one was of */
};
void matcher_init(struct matcher *m, struct folder *f, const struct search *q);
bool matcher_holds(struct matcher *m, uint32_t at);
/* The current message is another one; matcher_holds() begins by itself. */
void matcher_begin(struct matcher *m);
/* Read the current message, unless it was read already; false: it is gone. */
bool matcher_load(struct matcher *m, uint32_t at);
/* The same, for what the index could have told: it is kept for the next time. */
bool matcher_load_kept(struct matcher *m, uint32_t at);
/* A part of what is kept of the current message; false: there is none. */
bool matcher_part(struct matcher *m, uint32_t at, enum excerpt_part part,
    struct span *bytes_r);
/* The current message's keys; false: it is gone. */
bool matcher_keys(
    struct matcher *m, uint32_t at, unsigned wanted, struct sortkeys *k);
/* From now on each message that is read for a text key, and is not in the index of
 * texts yet, is learnt. False: there is no index. */
bool matcher_learn(struct matcher *m);
void matcher_free(struct matcher *m);

/* Find all matching messages, ascending; or only those needed for the returned
 * items (r NULL: all). The indices live in a. */
void search_find(struct session *s, struct folder *f, const struct search *q,
    const struct returns *r, struct arena *a, struct chosen *c_r);

/* Text keys: is the folded key in a field's value; there or in one of its
 * addresses? */
bool match_header(struct matcher *m, struct span name, struct span text);
bool match_address(struct matcher *m, struct span name, struct span text);
/* The first of these, of EXCERPT_FIELDS; false: it can't tell. */
bool match_fields(struct matcher *m, struct span fields, struct span name,
    struct span text, bool *found_r);
/* KEY_BODY, KEY_TEXT: in the body; in header or body? */
bool match_text(struct matcher *m, const struct key *k, uint32_t at);

#endif
