#include "search/search_hint.h"

#include <stdlib.h>

#include "search/search.h"
#include "store/folder.h"

enum {
	IN_INDEX = 1,
	/* The index is written anew when this, and more than what is of use, is of
	 * none. */
	WORN = 1 << 20,
	LEARNT_FREE = 2 << 20, /* bytes of messages that are learnt at once; */
	LEARNT_SHARE = 2,      /* of more one in so many */
};

static uint32_t
bit_of(uint32_t key)
{
	return (uint32_t)2 << key;
}

/* Collect the keys whose text can be told from others; their depth was limited
 * when they were parsed (SEARCH_DEPTH). */
static void
keys_collect(struct hints *h, const struct key *k)
{
	for (; k != NULL && h->count < HINT_KEYS; k = k->next) {
		if (k->kind == KEY_BODY || k->kind == KEY_TEXT) {
			h->keys[h->count] = k;
			trigrams_seek(&h->sought[h->count], k->text);
			h->count += h->sought[h->count].count > 0;
		}
		keys_collect(h, k->a);
		keys_collect(h, k->b);
	}
}

/* The message that an entry is of; false: it is gone, or its file is another. */
static bool
message_of(struct hints *h, const struct text_entry *e, uint32_t *at)
{
	struct folder *f = h->f;
	uint32_t name;

	/* They mostly come in the order of the messages. */
	if (*at >= f->count || folder_file(f, *at, &name) != e->uid) {
		*at = folder_find(f, e->uid);
		if (*at >= f->count || folder_file(f, *at, &name) != e->uid)
			return false;
	}
	return name == e->name;
}

static void
entry_take(struct hints *h, const struct text_entry *e, uint32_t at)
{
	h->known[at] |= IN_INDEX;
	for (uint32_t i = 0; i < h->count; i++) {
		const struct trigrams_sought *x = &h->sought[i];
		bool may = e->any_body || trigrams_may_have(e->body, x);

		if (!may && h->keys[i]->kind == KEY_TEXT)
			may = e->any_field || trigrams_may_have(e->fields, x);
		if (!may)
			h->known[at] |= bit_of(i);
	}
}

/* Leave out what is of no message, or there twice. */
static void
renew(struct hints *h)
{
	struct text_entry e;
	unsigned char *seen = mem_new(h->f->count + 1);
	uint32_t at = 0;

	if (index_text_renew(&h->index) == 0) {
		while (index_text_next(&h->index, &e))
			if (message_of(h, &e, &at) && !seen[at]) {
				seen[at] = 1;
				index_text_keep(&h->index, &e);
				at++;
			}
		index_text_renewed(&h->index);
	}
	free(seen);
}

static void
entries_read(struct hints *h)
{
	uint64_t used = 0, unused = 0;
	struct text_entry e;
	uint32_t at = 0;

	while (index_text_next(&h->index, &e)) {
		bool mine = message_of(h, &e, &at);

		if (mine && !(h->known[at] & IN_INDEX))
			used += e.whole.len;
		else
			unused += e.whole.len;
		if (mine)
			entry_take(h, &e, at++);
	}
	if (unused > WORN && unused > used)
		renew(h);
}

struct hints *
hints_open(struct folder *f, const struct key *keys)
{
	struct hints *h = mem_new(sizeof *h);

	h->f = f;
	/* Nothing is written into another account's folder. */
	if (f->guest != NULL ||
	    index_text_open(
		&h->index, maildir_index(&f->dirs), f->uidvalidity) < 0) {
		free(h);
		return NULL;
	}
	h->known = mem_new(((size_t)f->count + 1) * sizeof *h->known);
	keys_collect(h, keys);
	entries_read(h);
	return h;
}

void
hints_close(struct hints *h)
{
	if (h == NULL)
		return;
	index_text_close(&h->index);
	free(h->known);
	free(h);
}

bool
hints_rule_out(const struct hints *h, const struct key *k, uint32_t at)
{
	for (uint32_t i = 0; h != NULL && i < h->count; i++)
		if (h->keys[i] == k)
			return (h->known[at] & bit_of(i)) != 0;
	return false;
}

bool
hints_know(const struct hints *h, uint32_t at)
{
	return (h->known[at] & IN_INDEX) != 0;
}

bool
hints_want(struct hints *h, uint32_t at, size_t size)
{
	if (h == NULL || hints_know(h, at))
		return false;
	h->read += size;
	if (!h->all && h->learnt > LEARNT_FREE + h->read / LEARNT_SHARE) {
		h->left = true;
		return false;
	}
	h->learnt += size;
	trigrams_clear(&h->fields);
	trigrams_clear(&h->body);
	return true;
}

void
hints_learn(struct hints *h, uint32_t at)
{
	uint32_t name, uid = folder_file(h->f, at, &name);

	h->known[at] |= IN_INDEX;
	index_text_add(&h->index, uid, name, &h->fields, &h->body);
}
