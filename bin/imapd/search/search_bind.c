/* Resolve the keys of a search in one folder. */
#include "search/search.h"
#include "search/search_saved.h"

struct binding {
	struct session *s;
	struct folder *f;
	struct arena *arena;
};

static struct sequence
sequence_copy(const struct sequence *s, struct arena *a)
{
	struct sequence copy = { arena_new(a, s->count * sizeof *copy.at),
		s->count };

	for (size_t i = 0; i < s->count; i++)
		copy.at[i] = s->at[i];
	return copy;
}

static void
key_bind_keyword(const struct binding *b, struct key *k)
{
	if (k->kind == KEY_KEYWORD || k->kind == KEY_NO_KEYWORD)
		k->number = folder_keyword(b->f, k->name);
}

static void
key_bind(const struct binding *b, struct key *k)
{
	struct folder *f = b->f;
	uint32_t star = f->count;

	key_bind_keyword(b, k);
	if (k->kind == KEY_SAVED)
		k->set = f == &b->s->folder
		    ? sequence_copy(&b->s->saved, b->arena)
		    : (struct sequence){ NULL, 0 };
	if (k->kind != KEY_NUMBERS && k->kind != KEY_UIDS)
		return;
	if (k->kind == KEY_UIDS && f->count > 0)
		star = folder_message(f, f->count - 1).uid;
	k->set = sequence_copy(&k->wanted, b->arena);
	sequence_resolve(&k->set, star);
}

/* Visit all keys, in any order; their depth was limited when they were parsed
 * (SEARCH_DEPTH). */
static void
keys_each(struct key *k, void (*each)(const struct binding *, struct key *),
    const struct binding *b)
{
	for (; k != NULL; k = k->next) {
		each(b, k);
		keys_each(k->a, each, b);
		keys_each(k->b, each, b);
	}
}

void
search_bind(
    struct search *q, struct session *s, struct folder *f, struct arena *a)
{
	keys_each(q->keys, key_bind, &(struct binding){ s, f, a });
}

void
search_bind_keywords(struct search *q, struct folder *f)
{
	keys_each(
	    q->keys, key_bind_keyword, &(struct binding){ NULL, f, NULL });
}

/* Ranges of numbers are ranges of UIDs, since both ascend. */
static void
key_fix(const struct binding *b, struct key *k)
{
	size_t n = 0;

	if (k->kind != KEY_NUMBERS)
		return;
	k->kind = KEY_UIDS;
	for (size_t i = 0; i < k->set.count; i++) {
		struct range r = k->set.at[i];

		if (r.low > b->f->count)
			break;
		if (r.high > b->f->count)
			r.high = b->f->count;
		k->set.at[n++] =
		    (struct range){ folder_message(b->f, r.low - 1).uid,
			    folder_message(b->f, r.high - 1).uid };
	}
	k->set.count = n;
}

void
search_fix(struct search *q, struct folder *f)
{
	keys_each(q->keys, key_fix, &(struct binding){ NULL, f, NULL });
}
