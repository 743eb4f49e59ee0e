/* Which three bytes follow each other in folded text (mail/fold.h), as a set of
 * bits: it may have a text that is not there, but never lacks one that is. */
#ifndef MAIL_TRIGRAMS_H
#define MAIL_TRIGRAMS_H

#include "base/str.h"

enum {
	TRIGRAMS_MAX = 128 * 1024, /* more: any text may be there */
	TRIGRAMS_CODES = 1 << 20,
	TRIGRAMS_UNIT = 8,         /* a set's size counts so many bytes: */
	TRIGRAMS_SIZE = 6144,      /* at most so many units, */
	TRIGRAMS_ANY = UINT16_MAX, /* or this, where any text may be there */
	TRIGRAMS_SOUGHT = 32, /* those of a longer text beyond are ignored */
};

/* A set that is being made: 660 kB. All zero it is empty. */
struct trigrams {
	uint64_t seen[TRIGRAMS_CODES / 64];
	size_t count;
	bool any;
	uint32_t codes[TRIGRAMS_MAX + 1]; /* of each one seen */
};
void trigrams_clear(struct trigrams *t);
/* Those within one piece of text: none spans two of them. */
void trigrams_add(struct trigrams *t, struct span folded);
/* Units of the finished set, or TRIGRAMS_ANY; and its bytes, none for that. */
uint16_t trigrams_size(const struct trigrams *t);
void trigrams_put(const struct trigrams *t, struct str *out);

/* A text that is looked for. */
struct trigrams_sought {
	size_t count; /* 0: it is too short to be told from others */
	uint32_t codes[TRIGRAMS_SOUGHT];
};
void trigrams_seek(struct trigrams_sought *x_r, struct span folded);
/* May it be in what this finished set was made of? */
bool trigrams_may_have(struct span set, const struct trigrams_sought *x);

#endif
