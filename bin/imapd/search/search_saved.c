#include "search/search_saved.h"

#include <stdlib.h>

#include "sequence.h"

void
saved_clear(struct session *s)
{
	free(s->saved.at);
	s->saved = (struct sequence){ NULL, 0 };
}

static void
add(struct session *s, const struct chosen *c, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		uint32_t uid = folder_message(&s->folder, c->at[i]).uid;

		s->saved.at[s->saved.count++] = (struct range){ uid, uid };
	}
}

/* RFC 5182 2.4, RFC 9394 3.2: all, or only the messages of MIN, MAX and PARTIAL if
 * nothing else is requested. */
void
saved_set(struct session *s, const struct returns *r, const struct chosen *c)
{
	const unsigned some = RETURN_MIN | RETURN_MAX | RETURN_PARTIAL;
	size_t from = 0, to = c->count;

	saved_clear(s);
	if (c->count == 0)
		return;
	s->saved.at = mem_new((c->count + 2) * sizeof *s->saved.at);
	if (!(r->what & some) || (r->what & (RETURN_ALL | RETURN_COUNT))) {
		add(s, c, 0, c->count);
	} else {
		if (r->what & RETURN_PARTIAL) {
			partial_apply(&r->partial, c->count, &from, &to);
			add(s, c, from, to);
		}
		if (r->what & RETURN_MIN)
			add(s, c, 0, 1);
		if (r->what & RETURN_MAX)
			add(s, c, c->count - 1, c->count);
	}
	sequence_resolve(&s->saved, 0);
	s->saved.at = mem_resize(
	    s->saved.at, s->saved.count, sizeof *s->saved.at);
}
