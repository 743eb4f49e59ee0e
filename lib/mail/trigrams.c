#include "mail/trigrams.h"

#include <string.h>

enum {
	BITS_EACH = 3, /* for each trigram: 28 of 100 bits are set then */
	WORD = 64,
	SHIFT = 6,
	UNIT_BITS = TRIGRAMS_UNIT * 8,
	WORD_BITS = 14, /* words of seen, as a power of two */
};
_Static_assert(
    TRIGRAMS_SIZE *UNIT_BITS == TRIGRAMS_MAX * BITS_EACH, "the largest set");

/* The code of a trigram. In most texts the last byte has 64 values, and there are
 * some hundred of the first two: codes that occur lie together in few words of
 * seen, which stay in the processor's cache. */
static uint32_t
code_of(uint32_t trigram)
{
	uint32_t word = (trigram >> SHIFT) * 0x9e3779b1U >> (32 - WORD_BITS);

	return word << SHIFT | trigram % WORD;
}

/* The bit of a code in a set of so many bits. */
static size_t
place_of(uint32_t code, size_t bits)
{
	return (size_t)(code * 0x85ebca6bU * (uint64_t)bits >> 32);
}

void
trigrams_clear(struct trigrams *t)
{
	for (size_t i = 0; i < t->count; i++)
		t->seen[t->codes[i] >> SHIFT] = 0;
	t->count = 0;
	t->any = false;
}

void
trigrams_add(struct trigrams *t, struct span folded)
{
	const unsigned char *at = (const unsigned char *)folded.at;
	size_t count = t->count;
	uint32_t three;

	if (folded.len < 3)
		return;
	three = (uint32_t)at[0] << 8 | at[1];
	for (size_t i = 2; i < folded.len && count <= TRIGRAMS_MAX; i++) {
		uint32_t code;
		uint64_t *word, bit;

		three = (three << 8 | at[i]) & 0xffffff;
		code = code_of(three);
		word = &t->seen[code >> SHIFT];
		bit = (uint64_t)1 << code % WORD;
		/* Without a branch, which would often be guessed wrong. */
		t->codes[count] = code;
		count += (*word & bit) == 0;
		*word |= bit;
	}
	t->count = count;
	t->any = count > TRIGRAMS_MAX;
}

uint16_t
trigrams_size(const struct trigrams *t)
{
	size_t bits = t->count * BITS_EACH;

	return t->any ? TRIGRAMS_ANY
		      : (uint16_t)((bits + UNIT_BITS - 1) / UNIT_BITS);
}

void
trigrams_put(const struct trigrams *t, struct str *out)
{
	size_t n = trigrams_size(t);
	unsigned char *set;

	if (n == TRIGRAMS_ANY || n == 0)
		return;
	n *= TRIGRAMS_UNIT;
	set = (unsigned char *)str_reserve(out, n);
	memset(set, 0, n + 1);
	for (size_t i = 0; i < t->count; i++) {
		size_t place = place_of(t->codes[i], n * 8);

		set[place / 8] |= (unsigned char)(1 << place % 8);
	}
	out->len += n;
}

void
trigrams_seek(struct trigrams_sought *x_r, struct span folded)
{
	const unsigned char *at = (const unsigned char *)folded.at;

	x_r->count = 0;
	for (size_t i = 0; i + 3 <= folded.len && i < TRIGRAMS_SOUGHT; i++)
		x_r->codes[x_r->count++] = code_of((uint32_t)at[i] << 16 |
		    (uint32_t)at[i + 1] << 8 | at[i + 2]);
}

bool
trigrams_may_have(struct span set, const struct trigrams_sought *x)
{
	const unsigned char *at = (const unsigned char *)set.at;

	for (size_t i = 0; i < x->count; i++) {
		size_t place = place_of(x->codes[i], set.len * 8);

		if (set.len == 0 || !(at[place / 8] >> place % 8 & 1))
			return false;
	}
	return true;
}
