#include "base/hash.h"

#include <errno.h>
#include <sodium/crypto_shorthash.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/die.h"
#include "base/str.h"

enum { SIZE_FIRST = 64 };
_Static_assert((int)HASH_SECRET == crypto_shorthash_KEYBYTES, "SipHash's key");

void
hash_init(struct hash *h, struct span (*key)(const void *thing))
{
	*h = (struct hash){ .size = SIZE_FIRST, .key = key };
	h->slots = mem_new(h->size * sizeof *h->slots);
	while (getrandom(h->secret, sizeof h->secret, 0) !=
	    (ssize_t)sizeof h->secret)
		if (errno != EINTR)
			die(TEMP, "getrandom");
}

void
hash_free(struct hash *h)
{
	free(h->slots);
	*h = (struct hash){ 0 };
}

/* Where a key belongs, if nothing is in its way. */
static size_t
home_of(const struct hash *h, struct span key)
{
	uint64_t hash;

	crypto_shorthash((unsigned char *)&hash, (const unsigned char *)key.at,
	    key.len, h->secret);
	return (size_t)hash & (h->size - 1);
}

/* Where the key is, or the free slot where it belongs. */
static size_t
slot_of(const struct hash *h, struct span key)
{
	size_t i = home_of(h, key);

	while (h->slots[i] != NULL && !span_equal(h->key(h->slots[i]), key))
		i = (i + 1) & (h->size - 1);
	return i;
}

void *
hash_find(const struct hash *h, struct span key)
{
	return h->slots[slot_of(h, key)];
}

static void
grow(struct hash *h)
{
	void **old = h->slots;
	size_t old_size = h->size;

	h->size *= 2;
	h->slots = mem_new(h->size * sizeof *h->slots);
	for (size_t i = 0; i < old_size; i++)
		if (old[i] != NULL)
			h->slots[slot_of(h, h->key(old[i]))] = old[i];
	free(old);
}

void *
hash_add(struct hash *h, void *thing)
{
	size_t i;

	if (2 * (h->count + 1) > h->size)
		grow(h);
	i = slot_of(h, h->key(thing));
	if (h->slots[i] == NULL) {
		h->slots[i] = thing;
		h->count++;
	}
	return h->slots[i];
}

static void
empty(struct hash *h, size_t hole)
{
	size_t mask = h->size - 1;

	/* Move up what stands behind the hole and may stand in it. */
	for (size_t i = (hole + 1) & mask; h->slots[i] != NULL;
	     i = (i + 1) & mask) {
		size_t home = home_of(h, h->key(h->slots[i]));

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		h->slots[hole] = h->slots[i];
		hole = i;
	}
	h->slots[hole] = NULL;
	h->count--;
}

void
hash_remove(struct hash *h, const void *thing)
{
	empty(h, slot_of(h, h->key(thing)));
}

void *
hash_next(const struct hash *h, size_t *at)
{
	while (*at < h->size)
		if (h->slots[(*at)++] != NULL)
			return h->slots[*at - 1];
	return NULL;
}

/* Another may have moved up into its slot, which is looked at again. */
void
hash_remove_at(struct hash *h, size_t *at)
{
	empty(h, --*at);
}

struct span
hash_text_key(const void *thing)
{
	const struct hash_text *t = thing;

	return t->text;
}

uint32_t
hash_text_add(
    struct hash *h, struct arena *a, struct span text, uint32_t number)
{
	struct hash_text *t = hash_find(h, text);

	if (t == NULL) {
		t = arena_new(a, sizeof *t);
		*t = (struct hash_text){ arena_copy(a, text), number };
		hash_add(h, t);
	}
	return t->number;
}
