/* A hash table of things that belong to others and stay where they are, found
 * by the bytes that name them. Its hash is SipHash with a secret of each table,
 * for names are what strangers send: domains, subscribers of lists. A thing
 * costs two to four pointers. Out of memory ends the process (75). */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/arena.h"

enum { HASH_SECRET = 16 };
struct hash {
	void **slots; /* NULL: free */
	size_t size;  /* a power of two */
	size_t count;
	/* The bytes that name a thing; the same for as long as it is in. */
	struct span (*key)(const void *thing);
	unsigned char secret[HASH_SECRET];
};

void hash_init(struct hash *h, struct span (*key)(const void *thing));
/* The things stay. */
void hash_free(struct hash *h);
/* NULL: not there. */
void *hash_find(const struct hash *h, struct span key);
/* The thing that has this one's key, if there is one; else this one, which is
 * in the table now. */
void *hash_add(struct hash *h, void *thing);
/* Take out a thing that is there. */
void hash_remove(struct hash *h, const void *thing);
/* Each thing in turn, in no order; *at is 0 for the first. NULL at the end.
 * Nothing may be added meanwhile; what was returned last may be removed by
 * hash_remove_at(). */
void *hash_next(const struct hash *h, size_t *at);
void hash_remove_at(struct hash *h, size_t *at);

/* Texts with a number each. */
struct hash_text {
	struct span text;
	uint32_t number;
};
/* The key of a table of them. */
struct span hash_text_key(const void *thing);
/* The number that this text is there with. If it is new, it gets this number,
 * and a copy of it goes into the arena. */
uint32_t hash_text_add(
    struct hash *h, struct arena *a, struct span text, uint32_t number);

#endif
