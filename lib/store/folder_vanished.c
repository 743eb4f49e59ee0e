/* What QRESYNC asks: which messages have been expunged. */
#include "store/folder_inside.h"

struct asking {
	struct folder *f;
	uint64_t since;
	void (*range)(void *arg, uint32_t low, uint32_t high);
	void *arg;
	uint32_t low, high; /* to be told; high 0: nothing */
};

uint64_t
folder_modseq(const struct folder *f)
{
	return f->view.known.modseq;
}

static bool
is_expunge_due(const struct folder *f)
{
	return f->view.ghostly || f->view.known.expunged > f->view.expunged;
}

uint64_t
folder_modseq_reported(const struct folder *f)
{
	return is_expunge_due(f) ? f->view.complete : f->view.reported;
}

static void
flush(struct asking *a)
{
	if (a->high > 0)
		a->range(a->arg, a->low, a->high);
	a->high = 0;
}

/* It still has a number: its EXPUNGE is to come. */
static bool
has_number(struct folder *f, uint32_t uid)
{
	uint32_t at = folder_find(f, uid);

	return at < f->count && folder_record(f, at).uid == uid;
}

/* False: the index is damaged. */
static bool
dead_tell(struct asking *a)
{
	struct folder *f = a->f;
	uint32_t last = 0;

	for (uint32_t row = f->view.known.first_dead; row < f->view.known.count;
	     row++) {
		struct index_record r;

		if (!index_record(&f->index, row, &r))
			return false;
		if (!(r.flags & INDEX_DEAD) || r.modseq <= a->since ||
		    has_number(f, r.uid))
			continue;
		if (a->high == 0 || last != r.uid - 1) {
			flush(a);
			a->low = r.uid;
		}
		a->high = last = r.uid;
	}
	flush(a);
	return true;
}

/* All UIDs below it have a number or are of no message. */
static uint32_t
numbered_end(struct folder *f)
{
	struct index_record r;

	if (f->view.end < f->view.known.count &&
	    index_record(&f->index, f->view.end, &r))
		return r.uid;
	return f->view.end < f->view.known.count ? f->view.last_uid + 1
						 : f->view.known.uidnext;
}

static void
gaps_tell(struct asking *a)
{
	uint32_t next = 1, end = numbered_end(a->f);

	for (uint32_t i = 0; i < a->f->count; i++) {
		uint32_t uid = folder_record(a->f, i).uid;

		if (uid > next)
			a->range(a->arg, next, uid - 1);
		next = uid + 1;
	}
	if (end > next)
		a->range(a->arg, next, end - 1);
}

void
folder_vanished(struct folder *f, uint64_t since,
    void (*range)(void *arg, uint32_t low, uint32_t high), void *arg)
{
	struct asking a = {
		.f = f, .since = since, .range = range, .arg = arg
	};

	if (since >= f->view.known.expunged)
		return;
	/* What was told before the damage was found has vanished all the same. */
	if (since < f->view.known.forgotten || !dead_tell(&a))
		gaps_tell(&a);
}
