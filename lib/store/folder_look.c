/* What the session asks of a message. */
#include <errno.h>

#include "base/die.h"
#include "store/folder_inside.h"

enum { TRIES = 3 };

/* Under the lock: each record is undamaged, and each name. */
static bool
is_whole(struct folder *f)
{
	struct index *ix = &f->index;
	struct str name = STR_INIT;
	bool ok = !f->lost && ix->now.count >= f->view.known.count &&
	    ix->now.count >= f->view.end;

	for (uint32_t row = 0; ok && row < ix->now.count; row++) {
		struct index_record r;

		str_clear(&name);
		ok = index_record(ix, row, &r) && index_name(ix, &r, &name);
	}
	str_free(&name);
	return ok;
}

void
folder_heal(struct folder *f)
{
	int lock = f->lock < 0 ? folder_lock(f) : -1, r = -1;

	/* A record that a writer had torn is whole under the lock. */
	if (lock >= 0 && is_whole(f)) {
		r = 0;
	} else if (f->lock >= 0) {
		f->lost = true;
		r = folder_read(f);
	}
	folder_unlock(f, lock);
	if (r < 0)
		die(TEMP, "read the messages in %s again", f->path.at);
}

struct index_record
folder_record(struct folder *f, uint32_t at)
{
	struct index_record r;

	for (int i = 0; i < TRIES; i++) {
		if (view_record(f, at, &r))
			return r;
		folder_heal(f);
	}
	die_text(
	    TEMP, "the index of %s is damaged again and again", f->path.at);
}

bool
folder_is_gone(struct folder *f, uint32_t at)
{
	return (folder_record(f, at).flags & INDEX_DEAD) != 0;
}

int
folder_dir(const struct folder *f, const struct index_record *r)
{
	return r->flags & INDEX_NEW ? f->dirs.new : f->dirs.cur;
}

static bool
has_uid(const struct folder_uids *u, uint32_t uid)
{
	size_t low = 0, high = u->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (u->at[middle] < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < u->count && u->at[low] == uid;
}

/* A letter that another session has just given to a keyword. */
static void
letters_follow(struct folder *f, const struct index_record *r)
{
	struct index_header h;

	if (r->keywords != 0 && r->modseq > f->view.known.modseq &&
	    f->lock < 0 && index_header(&f->index, &h) &&
	    h.lettered > f->view.lettered)
		folder_keywords_read(f);
}

struct message
folder_message(struct folder *f, uint32_t at)
{
	struct index_record r = folder_record(f, at);

	letters_follow(f, &r);
	return (struct message){ .date = r.date,
		.modseq = r.modseq,
		.uid = r.uid,
		.flags = r.flags & LETTERS,
		.gone = (r.flags & INDEX_DEAD) != 0,
		.recent = view_is_recent(f, r.uid),
		.in_new = (r.flags & INDEX_NEW) != 0,
		.removed = has_uid(&f->view.removed, r.uid),
		.keywords = r.keywords & LETTERS,
		.ends = (uint32_t)r.ends & ENDS_ALL,
		.size = r.size,
		.wire = r.wire };
}

struct span
folder_name(struct folder *f, uint32_t at)
{
	for (int i = 0; i < TRIES; i++) {
		struct index_record r = folder_record(f, at);

		str_clear(&f->name);
		if (r.name_len == 0 || index_name(&f->index, &r, &f->name))
			return str_span(&f->name);
		folder_heal(f);
	}
	die_text(
	    TEMP, "the index of %s is damaged again and again", f->path.at);
}

uint32_t
folder_file(struct folder *f, uint32_t at, uint32_t *name_sum_r)
{
	struct index_record r = folder_record(f, at);

	*name_sum_r = r.name_crc;
	return r.uid;
}

uint32_t
folder_find(struct folder *f, uint32_t uid)
{
	uint32_t at;

	while (!view_find(f, uid, &at))
		folder_heal(f);
	return at;
}

uint32_t
folder_first_unseen(struct folder *f)
{
	struct index_record r;
	uint32_t at = f->view.known.first_unseen;

	if (f->view.rows != NULL) {
		if (at >= f->view.known.count ||
		    !index_record(&f->index, at, &r))
			r.uid = 0;
		at = at >= f->view.known.count ? f->count
					       : folder_find(f, r.uid);
	}
	for (; at < f->count; at++)
		if (!(folder_record(f, at).flags & FLAG_SEEN))
			return at + 1;
	return 0;
}
