/* Find the matching messages of a folder. */
#include <string.h>

#include "progress.h"
#include "search/search.h"

/* How many messages from the front and from the back are needed. */
static void
enough(const struct returns *r, size_t *front_r, size_t *back_r)
{
	const unsigned some = RETURN_MIN | RETURN_MAX | RETURN_PARTIAL;

	*front_r = *back_r = 0;
	if (r == NULL || !(r->what & some) ||
	    (r->what & (RETURN_ALL | RETURN_COUNT | RETURN_UPDATE))) {
		*front_r = SIZE_MAX;
		return;
	}
	if (r->what & RETURN_MIN)
		*front_r = 1;
	if (r->what & RETURN_MAX)
		*back_r = 1;
	if ((r->what & RETURN_PARTIAL) && r->partial.from_last)
		*back_r = r->partial.high;
	else if (r->what & RETURN_PARTIAL)
		*front_r = r->partial.high;
}

void
search_find(struct session *s, struct folder *f, const struct search *q,
    const struct returns *r, struct arena *a, struct chosen *c_r)
{
	uint32_t n = f->count, i = 0, j = n, behind = n;
	struct progress progress;
	struct matcher m;
	size_t front, back;

	*c_r = (struct chosen){ .at = arena_new(a, n * sizeof *c_r->at) };
	enough(r, &front, &back);
	progress_start(&progress, s, n);
	matcher_init(&m, f, q);
	for (; i < n && c_r->count < front && !s->io.failed; i++) {
		progress_step(&progress, i);
		if (matcher_holds(&m, i))
			c_r->at[c_r->count++] = i;
	}
	for (; j > i && n - behind < back && !s->io.failed; j--) {
		progress_step(&progress, i + n - j);
		if (matcher_holds(&m, j - 1))
			c_r->at[--behind] = j - 1;
	}
	memmove(c_r->at + c_r->count, c_r->at + behind,
	    (n - behind) * sizeof *c_r->at);
	c_r->count += n - behind;
	if (f == &s->folder && m.hints != NULL && m.hints->left)
		s->learning = true;
	matcher_free(&m);
}
