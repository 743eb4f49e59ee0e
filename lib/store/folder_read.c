/* Reading the directories, and bringing the index up to date. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/die.h"
#include "store/folder_inside.h"
#include "store/index_inside.h"

enum { READINGS_MAX = 20 };

/* Some message that the index knows is missing. */
static bool
is_missing(struct index *ix, const struct reading *r)
{
	uint32_t k = 0;

	for (uint32_t row = 0; row < ix->now.count; row++) {
		struct index_record known;

		if (!index_record(ix, row, &known))
			return false; /* found again by who goes on with it */
		if (known.flags & INDEX_DEAD)
			continue;
		while (k < r->count && r->at[k].uid < known.uid)
			k++;
		if (k == r->count || r->at[k].uid != known.uid)
			return true;
	}
	return false;
}

/* Each record is whole, and in its place; none has a modseq above the
 * header's, whose last writer may have been killed before he wrote it. */
static bool
check(struct index *ix)
{
	uint32_t last = 0;

	for (uint32_t row = 0; row < ix->now.count; row++) {
		struct index_record r;

		if (!index_record(ix, row, &r) || r.uid <= last)
			return false;
		last = r.uid;
		if (r.modseq > ix->now.modseq) {
			ix->now.modseq = r.modseq;
			ix->dirty = true;
		}
	}
	return last < ix->now.uidnext;
}

/* Nothing was renamed while the directories were read. */
static bool
is_quiet(const struct folder *f)
{
	struct folder_stamp at_new, at_cur;

	return folder_stamps_take(f, &at_new, &at_cur) == 0 && at_new.trusted &&
	    at_cur.trusted;
}

/* Other programs take no lock: readdir may miss a file while one of them
 * renames it. A message is believed gone when two readings in a row miss
 * it; the second may miss another one than the first, which is then read
 * again. Without an index nobody knows of any, and the directories are read
 * twice where something has just changed. */
static int
read_surely(struct folder *f, struct reading *r)
{
	bool again;

	if (reading_make(r, &f->dirs) < 0)
		return -1;
	again = f->lost ? !is_quiet(f) : is_missing(&f->index, r);
	for (int i = 0; again && i < READINGS_MAX; i++) {
		struct reading earlier = *r;
		int result = reading_make(r, &f->dirs);

		again = result == 0 && reading_lacks(r, &earlier);
		reading_free(&earlier);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* What is kept of its content is that of this file. */
static bool
is_excerpt_of(struct index *ix, const struct index_record *r, struct span file)
{
	struct span stored;

	return index_name_stored(ix, r, &stored) &&
	    span_equal(name_base_of(stored), name_base_of(file));
}

/* A message as it was read now; what was looked up stays. */
static int
record_set(struct index *ix, struct index_record *r, const struct message *m,
    struct span file)
{
	if (r->excerpt != 0 &&
	    ((m->size != SIZE_UNKNOWN && m->size != r->size) ||
		!is_excerpt_of(ix, r, file)))
		excerpt_set(ix, r, 0, 0);
	r->uid = m->uid;
	r->keywords = m->keywords;
	r->flags = m->flags | (m->in_new ? INDEX_NEW : 0) |
	    (r->flags & (INDEX_INFO | INDEX_WHOLE));
	/* Another size, another content. */
	if ((m->size != SIZE_UNKNOWN && m->size != r->size) ||
	    (m->wire != SIZE_UNKNOWN && m->wire != r->wire) || r->ends == 0)
		r->ends = m->ends;
	if (m->size != SIZE_UNKNOWN)
		r->size = m->size;
	if (m->wire != SIZE_UNKNOWN)
		r->wire = m->wire;
	if (m->date != DATE_UNKNOWN)
		r->date = m->date;
	return index_set_name(ix, r, file);
}

static int
record_append(struct index *ix, const struct message *m, struct span file)
{
	struct index_record r = { .size = SIZE_UNKNOWN,
		.wire = SIZE_UNKNOWN,
		.date = DATE_UNKNOWN,
		.modseq = index_tick(ix) };

	if (record_set(ix, &r, m, file) < 0)
		return -1;
	return index_put(ix, ix->now.count, NULL, &r);
}

static int
record_renew(struct index *ix, uint32_t row, const struct index_record *old,
    const struct message *m, struct span file)
{
	struct index_record r = *old;

	if (record_set(ix, &r, m, file) < 0)
		return -1;
	if (memcmp(&r, old, sizeof r) == 0)
		return 0;
	if (((r.flags ^ old->flags) & LETTERS) != 0 ||
	    r.keywords != old->keywords)
		r.modseq = index_tick(ix);
	return index_put(ix, row, old, &r);
}

static int
record_bury(struct index *ix, uint32_t row, const struct index_record *old)
{
	struct index_record r = *old;

	excerpt_set(ix, &r, 0, 0);
	r.flags |= INDEX_DEAD;
	r.modseq = ix->now.expunged = index_tick(ix);
	return index_put(ix, row, old, &r);
}

/* A writer that was killed before the header may have left its sums wrong. */
static bool
recount(struct index *ix)
{
	index_sums_clear(&ix->now);
	for (uint32_t row = 0; row < ix->now.count; row++) {
		struct index_record r;

		if (!index_record(ix, row, &r))
			return false;
		index_sums_add(&ix->now, row, &r);
	}
	ix->dirty = true;
	return true;
}

/* Records keep their rows, gone or not; new messages have higher UIDs than all
 * known (reading_give_uids()), so they come last. False: the index is of no use;
 * or it can't be written. */
static bool
merge(struct index *ix, const struct reading *r)
{
	uint32_t k = 0, last = 0;
	int result = 0;

	for (uint32_t row = 0; row < ix->now.count && result == 0; row++) {
		struct index_record old;

		if (!index_record(ix, row, &old))
			return false;
		last = old.uid;
		if (old.flags & INDEX_DEAD)
			continue;
		while (k < r->count && r->at[k].uid < old.uid)
			k++; /* re-appeared; it was refused its UID */
		if (k < r->count && r->at[k].uid == old.uid) {
			result = record_renew(ix, row, &old, &r->at[k],
			    reading_name(r, &r->at[k]));
			k++;
		} else {
			result = record_bury(ix, row, &old);
		}
	}
	for (; k < r->count && result == 0; k++)
		if (r->at[k].uid > last)
			result = record_append(
			    ix, &r->at[k], reading_name(r, &r->at[k]));
	return result == 0 && index_flush(ix) == 0 && recount(ix);
}

static int
fill(struct index *ix, const struct reading *r, const struct uids *u,
    uint64_t above)
{
	if (ix->now.modseq < above)
		ix->now.modseq = above;
	ix->now.uidvalidity = u->validity;
	ix->now.uidnext = u->next;
	ix->now.expunged = ix->now.forgotten = index_tick(ix);
	for (uint32_t i = 0; i < r->count; i++)
		if (record_append(ix, &r->at[i], reading_name(r, &r->at[i])) <
		    0)
			return -1;
	return 0;
}

/* Another index, from what was read; in memory where it can't be had beside the
 * mail. */
static int
replace(struct folder *f, const struct reading *r, const struct uids *u)
{
	const char *boot = f->store->boot;
	uint64_t above = f->view.known.modseq > f->index.now.modseq
	    ? f->view.known.modseq
	    : f->index.now.modseq;
	struct index to;
	bool ok = false;

	for (int private = f->guest != NULL; private < 2 && !ok; private ++) {
		if (index_create(&to, maildir_index(&f->dirs), boot, private) <
		    0)
			continue;
		ok = fill(&to, r, u, above) == 0 &&
		    index_install(&to, maildir_index(&f->dirs)) == 0;
		if (!ok)
			index_close(&to);
	}
	if (!ok)
		return -1;
	if (to.private && f->guest == NULL)
		index_remove(maildir_index(&f->dirs));
	if (!to.private)
		excerpts_adopt(&f->excerpts.file, &to, maildir_index(&f->dirs));
	index_retire(&f->index);
	/* The next session will know; this one can't say any more which message
	 * has which number, and ends before it says something wrong. */
	if (!view_switch(f, &to))
		die_text(TEMP,
		    "the index of %s was damaged while messages went",
		    f->path.at);
	f->lost = false;
	return 0;
}

static void
recents_add(struct folder *f, const struct reading *r, const struct uids *u)
{
	for (uint32_t i = 0; i < r->count; i++) {
		uint32_t uid = r->at[i].uid;

		if (r->at[i].recent && uid >= f->view.claimed)
			view_recent_add(f, uid, uid + 1);
	}
	f->view.claimed = u->next;
}

static int
give_uids(struct folder *f, struct reading *r, struct uids *u, bool *renamed_r)
{
	struct giving how = {
		.dirs = &f->dirs,
		.store = f->store,
		.read_only = folder_is_aloof(f),
		.keep_out = f->guest != NULL,
	};
	size_t names;
	int result;

	do {
		how.known = f->lost ? NULL : &f->index;
		how.known_count = f->lost ? 0 : f->index.now.count;
		how.fresh = f->lost ? 0 : f->index.now.uidnext;
		names = r->names.len;
		result = reading_give_uids(r, &how, u);
		*renamed_r = result == 0 && r->names.len != names;
		if (result == 0 || errno != EBADMSG || f->lost)
			return result;
		f->lost = true;
		reading_free(r);
		result = reading_make(r, &f->dirs);
	} while (result == 0);
	return -1;
}

/* While this folder's own UIDs are being given none is given to others, for which
 * it would be too late: their order is that of the UIDs. What has none yet, and
 * what has one of those, is read the next time. */
static void
leave_new(struct folder *f, struct reading *r, struct uids *u)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < r->count; i++)
		if (r->at[i].uid != 0 && r->at[i].uid < f->placing)
			r->at[kept++] = r->at[i];
	r->count = kept;
	u->next = f->placing;
	f->uidvalidity = u->validity;
}

static int
read_and_name(
    struct folder *f, struct reading *r, struct uids *u, bool *renamed_r)
{
	if (folder_uids(f, u) < 0)
		return -1;
	f->lost = f->lost || f->index.now.uidvalidity != u->validity ||
	    !check(&f->index);
	if (read_surely(f, r) < 0)
		return -1;
	if (f->placing != 0) {
		leave_new(f, r, u);
		return 0;
	}
	if (give_uids(f, r, u, renamed_r) < 0)
		return -1;
	if (!folder_is_aloof(f) && u->recent < u->next)
		uids_told(f->dirs.dir, f->store->boot, u);
	recents_add(f, r, u);
	f->uidvalidity = u->validity;
	f->uidnext = u->next;
	return 0;
}

static int
read_into(struct folder *f, bool *renamed_r)
{
	struct reading r = { .names = STR_INIT };
	struct uids u;
	int result;

	/* First, since what letters meant is asked of the old records. */
	if (folder_keywords_read(f) < 0 ||
	    read_and_name(f, &r, &u, renamed_r) < 0) {
		reading_free(&r);
		return -1;
	}
	own_seen_show(&f->seen, f, r.at, r.count);
	/* What is found here is no change of this session's. */
	f->index.tick = 0;
	folder_letters_note(f);
	if (!f->lost && merge(&f->index, &r)) {
		f->index.now.uidnext = u.next;
		result = 0;
	} else {
		f->lost = true;
		result = replace(f, &r, &u);
		if (result == 0)
			folder_letters_note(f);
	}
	f->index.now.left_out = r.left_out;
	f->index.tick = 0;
	reading_free(&r);
	return result;
}

int
folder_read(struct folder *f)
{
	struct folder_stamp at_new, at_cur;
	bool renamed = false;

	if (folder_stamps_take(f, &at_new, &at_cur) < 0)
		return -1;
	if (read_into(f, &renamed) < 0) {
		/* Nor is what was read before. */
		f->index.now.new_trusted = false;
		f->index.dirty = true;
		return -1;
	}
	folder_stamp(f, &at_new, &at_cur);
	if (f->placing != 0)
		f->index.now.new_trusted = false;
	if (renamed)
		folder_touched(f, true);
	folder_settle(f);
	return f->lost ? -1 : 0;
}

int
folder_begin(struct folder *f)
{
	int lock = folder_lock(f);

	if (lock >= 0 && f->lost && folder_read(f) < 0) {
		folder_unlock(f, lock);
		return -1;
	}
	return lock;
}

void
folder_add(struct folder *f, struct span file)
{
	struct message m = { .recent = 1 };
	struct str none = STR_INIT;
	struct name n;

	if (f->lost || !name_parse(file, &n))
		return; /* then it is to be read */
	message_read(&m, &none, &n, file);
	str_free(&none);
	if (m.keywords != 0) {
		if (folder_keywords_read(f) < 0)
			return;
		folder_letters_note(f);
	}
	if (record_append(&f->index, &m, file) < 0) {
		f->lost = true;
		return;
	}
	f->index.now.uidnext = m.uid + 1;
	folder_touched(f, true);
}

void
folder_step(const struct folder *f, size_t done)
{
	if (f->step != NULL)
		f->step(f->step_arg, (uint32_t)done);
}

void
folder_put(struct folder *f, uint32_t at, const struct index_record *old,
    struct index_record *r)
{
	uint32_t row;

	if (f->lost || !view_row(f, at, &row) ||
	    index_put(&f->index, row, old, r) == 0)
		return;
	f->lost = true;
	folder_read(f);
}

void
folder_set_gone(struct folder *f, uint32_t at)
{
	struct index_record r;
	uint32_t row;

	if (f->lost || !view_record(f, at, &r) || (r.flags & INDEX_DEAD) ||
	    !view_row(f, at, &row) || record_bury(&f->index, row, &r) == 0)
		return;
	f->lost = true;
	folder_read(f);
}
