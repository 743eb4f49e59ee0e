/* Which messages need not be read for BODY and TEXT: what the folder's
 * index.text says. */
#ifndef IMAPD_SEARCH_HINT_H
#define IMAPD_SEARCH_HINT_H

#include "store/index_text.h"

struct folder;
struct key;

enum { HINT_KEYS = 31 /* of one search; others are as without an index */ };

struct hints {
	struct folder *f;
	struct index_text index;
	uint32_t *known; /* of each message: bit 0, it is in the index; others,
			  * a key can't be found in it */
	const struct key *keys[HINT_KEYS];
	struct trigrams_sought sought[HINT_KEYS];
	uint32_t count;
	struct trigrams fields, body; /* of the message that is read */
	uint64_t read, learnt;        /* bytes of messages */
	bool all;                     /* every message that is read is learnt */
	bool left;                    /* one was not, or was read before */
};

/* Read the index for these keys of a search in f. NULL: there is none. */
struct hints *hints_open(struct folder *f, const struct key *keys);
/* What was learnt is written. */
void hints_close(struct hints *h);

/* The key, one of BODY or TEXT, is certainly not in this message. */
bool hints_rule_out(const struct hints *h, const struct key *k, uint32_t at);
/* A message of so many bytes is read. True: it shall be learnt, so its whole text
 * is wanted, in fields and body, which are emptied; then hints_learn() adds it.
 * That takes longer than the search alone, so of many only some are learnt. */
bool hints_want(struct hints *h, uint32_t at, size_t size);
void hints_learn(struct hints *h, uint32_t at);
/* The message is in the index, or was added. */
bool hints_know(const struct hints *h, uint32_t at);

#endif
