/* Telling the session what is new to it. */
#include <stdlib.h>

#include "store/folder_inside.h"

enum { TRIES = 3 };

/* How many numbers are \Recent. */
static uint32_t
recent_count(struct folder *f)
{
	uint32_t count = 0;

	for (size_t i = 0; i < f->view.recent_count; i++)
		count += folder_find(f, f->view.recents[i].high) -
		    folder_find(f, f->view.recents[i].low);
	return count;
}

static void
report_expunged(struct folder *f, const struct folder_events *e)
{
	uint32_t *dead = mem_resize(NULL, f->count + 1, sizeof *dead);
	uint32_t n = 0;

	for (uint32_t i = 0; i < f->count; i++)
		if (folder_record(f, i).flags & INDEX_DEAD)
			dead[n++] = i;
	for (uint32_t i = n; i-- > 0;)
		if (e != NULL && e->expunged != NULL)
			e->expunged(
			    e->arg, dead[i] + 1, folder_record(f, dead[i]).uid);
	if (n > 0)
		view_drop(f, dead, n);
	free(dead);
}

static int
compare_uid(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
report_flags(struct folder *f, const struct folder_events *e)
{
	struct folder_uids tell = f->view.tell;
	size_t k = 0;

	f->view.tell = (struct folder_uids){ .at = NULL };
	if (tell.count > 1)
		qsort(tell.at, tell.count, sizeof *tell.at, compare_uid);
	for (uint32_t i = 0; i < f->count; i++) {
		struct index_record r = folder_record(f, i);
		bool news;

		while (k < tell.count && tell.at[k] < r.uid)
			k++;
		news = (k < tell.count && tell.at[k] == r.uid) ||
		    (view_is_news(f, &r) && r.modseq <= f->view.known.modseq);
		if (news && !(r.flags & INDEX_DEAD) && e != NULL &&
		    e->flags != NULL)
			e->flags(e->arg, i + 1);
	}
	free(tell.at);
	view_told(f);
}

static void
report_new(struct folder *f, const struct folder_events *e)
{
	uint32_t added;

	while (!view_extend(f, &added))
		folder_heal(f);
	f->recent = recent_count(f);
	if (added > 0 && e != NULL && e->exists != NULL)
		e->exists(e->arg, f->count, f->recent);
}

void
folder_report(struct folder *f, bool expunges, const struct folder_events *e)
{
	uint64_t expunged = f->view.known.expunged;

	if (expunges && (f->view.ghostly || expunged > f->view.expunged)) {
		report_expunged(f, e);
		f->view.expunged = expunged;
		f->recent = recent_count(f);
	}
	/* Again, if the index was made anew meanwhile: what was news before it is in
	 * tell then. */
	for (int i = 0; i < TRIES &&
	     (f->view.tell.count > 0 ||
		 f->view.known.modseq > f->view.reported);
	     i++)
		report_flags(f, e);
	if (f->view.end < f->view.known.count)
		report_new(f, e);
	f->view.complete = folder_modseq_reported(f);
}

void
folder_number(struct folder *f)
{
	while (!view_reset(f))
		folder_heal(f);
	f->recent = recent_count(f);
}
