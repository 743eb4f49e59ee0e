/* Which records have which numbers. */
#include <stdlib.h>
#include <string.h>

#include "store/folder_inside.h"

/* In rows: no row, but an offset in ghosts. */
#define GHOST (1U << 31)

static void
uids_add(struct folder_uids *u, uint32_t uid)
{
	if (u->count == u->room) {
		u->room = u->room == 0 ? 16 : u->room * 2;
		u->at = mem_resize(u->at, u->room, sizeof *u->at);
	}
	u->at[u->count++] = uid;
}

static void
uids_free(struct folder_uids *u)
{
	free(u->at);
	*u = (struct folder_uids){ .at = NULL };
}

void
view_free(struct folder *f)
{
	struct folder_view *v = &f->view;

	free(v->rows);
	free(v->own);
	free(v->recents);
	uids_free(&v->ghosts);
	uids_free(&v->tell);
	uids_free(&v->removed);
	*v = (struct folder_view){ .rows = NULL };
	f->count = f->recent = 0;
}

/* Numbers are no rows any more: each is written down. */
static void
rows_write_down(struct folder *f, uint32_t room)
{
	struct folder_view *v = &f->view;
	bool first = v->rows == NULL;

	if (!first && room <= v->rows_room)
		return;
	v->rows = mem_resize(v->rows, room, sizeof *v->rows);
	v->rows_room = room;
	for (uint32_t i = 0; first && i < f->count; i++)
		v->rows[i] = i;
}

bool
view_extend(struct folder *f, uint32_t *added_r)
{
	struct folder_view *v = &f->view;
	uint32_t before = f->count, row = v->end;
	bool straight = v->rows == NULL && row == f->count;

	*added_r = 0;
	/* What has a number, and rows that nobody has expunged, stay in step. */
	if (straight && v->known.first_dead >= v->known.count) {
		f->count = v->known.count;
	} else if (v->end < v->known.count) {
		rows_write_down(f, f->count + v->known.count - v->end);
		/* Before the first dead one nothing need be looked at. */
		for (; row == f->count && row < v->known.first_dead; row++)
			v->rows[f->count++] = row;
		for (; row < v->known.count; row++) {
			struct index_record r;

			if (!index_record(&f->index, row, &r)) {
				f->count = before;
				return false;
			}
			if (!(r.flags & INDEX_DEAD) && r.uid > v->last_uid)
				v->rows[f->count++] = row;
		}
	}
	*added_r = f->count - before;
	if (*added_r > 0) {
		struct index_record r;

		if (!view_record(f, f->count - 1, &r)) {
			f->count = before;
			return false;
		}
		v->last_uid = r.uid;
	}
	v->end = v->known.count;
	return true;
}

bool
view_reset(struct folder *f)
{
	struct folder_view *v = &f->view;
	uint32_t added;

	v->end = v->last_uid = f->count = 0;
	v->reported = v->complete = v->known.modseq;
	v->expunged = v->known.expunged;
	return view_extend(f, &added);
}

void
view_drop(struct folder *f, const uint32_t *dead, uint32_t n)
{
	struct folder_view *v = &f->view;
	uint32_t kept = dead[0], k = 0;

	rows_write_down(f, f->count);
	for (uint32_t i = kept; i < f->count; i++) {
		if (k < n && dead[k] == i)
			k++;
		else
			v->rows[kept++] = v->rows[i];
	}
	f->count = kept;
	v->ghostly = false;
	v->ghosts.count = 0;
}

bool
view_row(const struct folder *f, uint32_t at, uint32_t *row_r)
{
	*row_r = f->view.rows == NULL ? at : f->view.rows[at];
	return !(*row_r & GHOST);
}

bool
view_record(struct folder *f, uint32_t at, struct index_record *r_r)
{
	uint32_t row;

	if (view_row(f, at, &row))
		return index_record(&f->index, row, r_r);
	*r_r = (struct index_record){ .uid = f->view.ghosts.at[row & ~GHOST],
		.flags = INDEX_DEAD };
	return true;
}

bool
view_find(struct folder *f, uint32_t uid, uint32_t *at_r)
{
	uint32_t low = 0, high = f->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct index_record r;

		if (!view_record(f, middle, &r))
			return false;
		if (r.uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	*at_r = low;
	return true;
}

void
view_tell(struct folder *f, uint32_t uid)
{
	uids_add(&f->view.tell, uid);
}

void
view_removed(struct folder *f, uint32_t uid)
{
	uids_add(&f->view.removed, uid);
}

void
view_own(struct folder *f, uint64_t modseq)
{
	struct folder_view *v = &f->view;

	if (v->own_count > 0 && v->own[v->own_count - 1] == modseq)
		return;
	v->own = mem_resize(v->own, v->own_count + 1, sizeof *v->own);
	v->own[v->own_count++] = modseq;
}

bool
view_is_news(const struct folder *f, const struct index_record *r)
{
	const struct folder_view *v = &f->view;

	if (r->modseq <= v->reported)
		return false;
	for (size_t i = 0; i < v->own_count; i++)
		if (v->own[i] == r->modseq)
			return false;
	return true;
}

void
view_told(struct folder *f)
{
	f->view.reported = f->view.known.modseq;
	f->view.own_count = 0;
}

bool
view_is_recent(const struct folder *f, uint32_t uid)
{
	const struct folder_view *v = &f->view;

	for (size_t i = v->recent_count; i-- > 0;)
		if (uid >= v->recents[i].low)
			return uid < v->recents[i].high;
	return false;
}

/* Ascending: what comes is above all that was. */
void
view_recent_add(struct folder *f, uint32_t low, uint32_t high)
{
	struct folder_view *v = &f->view;

	if (v->recent_count > 0 &&
	    v->recents[v->recent_count - 1].high == low) {
		v->recents[v->recent_count - 1].high = high;
		return;
	}
	v->recents = mem_resize(
	    v->recents, v->recent_count + 1, sizeof *v->recents);
	v->recents[v->recent_count++] = (struct folder_range){ low, high };
}

/* While the numbers move to another index. */
struct moving {
	struct folder *f;
	struct index *to;
	uint32_t count; /* of its records */
	uint32_t next;  /* all before it have lower UIDs than what comes */
	uint32_t *rows;
	struct folder_uids ghosts, tell;
};

/* The live row of a UID in the other index. */
static bool
row_find(struct moving *m, uint32_t uid, bool *found_r, struct index_record *r)
{
	*found_r = false;
	for (; m->next < m->count; m->next++) {
		if (!index_record(m->to, m->next, r))
			return false;
		if (r->uid >= uid) {
			*found_r = r->uid == uid && !(r->flags & INDEX_DEAD);
			break;
		}
	}
	return true;
}

static bool
move_one(struct moving *m, uint32_t at, const struct index_record *old)
{
	struct index_record now;
	bool found;

	if (!row_find(m, old->uid, &found, &now))
		return false;
	if (!found || (old->flags & INDEX_DEAD)) {
		m->rows[at] = GHOST | (uint32_t)m->ghosts.count;
		uids_add(&m->ghosts, old->uid);
		return true;
	}
	m->rows[at] = m->next;
	if (view_is_news(m->f, old) ||
	    ((now.flags ^ old->flags) & LETTERS) != 0 ||
	    now.keywords != old->keywords)
		uids_add(&m->tell, now.uid);
	return true;
}

/* Numbers first to end - 1 can't be read, but the UIDs around them: as many
 * messages are there between these as there were, so they are the same. */
static bool
move_unread(
    struct moving *m, uint32_t first, uint32_t end, uint32_t low, uint32_t high)
{
	struct index_record r;
	uint32_t at = first;

	for (; m->next < m->count; m->next++) {
		if (!index_record(m->to, m->next, &r))
			return false;
		if (r.uid >= high)
			break;
		if (r.uid <= low || (r.flags & INDEX_DEAD))
			continue;
		if (at == end)
			return false;
		m->rows[at++] = m->next;
		uids_add(&m->tell, r.uid);
	}
	return at == end;
}

static bool
move_all(struct moving *m)
{
	struct folder *f = m->f;
	uint32_t low = 0;

	for (uint32_t i = 0, end; i < f->count; i = end) {
		struct index_record r = { .uid = 0 };

		for (end = i; end < f->count && !view_record(f, end, &r); end++)
			;
		if (end > i &&
		    !move_unread(m, i, end, low,
			end < f->count ? r.uid : f->view.last_uid + 1))
			return false;
		if (end < f->count && !move_one(m, end, &r))
			return false;
		low = r.uid;
		end++;
	}
	return true;
}

static void
tell_all(struct folder *f, const struct folder_uids *u)
{
	for (size_t i = 0; i < u->count; i++)
		view_tell(f, u->at[i]);
}

static bool
is_straight(const struct moving *m, uint32_t end)
{
	for (uint32_t i = 0; i < m->f->count; i++)
		if (m->rows[i] != i)
			return false;
	return end == m->f->count;
}

bool
view_switch(struct folder *f, struct index *to)
{
	struct folder_view *v = &f->view;
	struct moving m = { .f = f,
		.to = to,
		.count = to->now.count,
		.rows = mem_resize(NULL, f->count + 1, sizeof *m.rows) };
	bool ok = move_all(&m);
	uint32_t end = 0;

	ok = ok && index_find(to, m.count, v->last_uid + 1, &end);
	if (ok) {
		free(v->rows);
		v->rows = NULL;
		if (!is_straight(&m, end)) {
			v->rows = m.rows;
			v->rows_room = f->count + 1;
			m.rows = NULL;
		}
		uids_free(&v->ghosts);
		v->ghosts = m.ghosts;
		m.ghosts = (struct folder_uids){ .at = NULL };
		v->ghostly = v->ghosts.count > 0;
		tell_all(f, &m.tell);
		v->known = to->now;
		v->reported = to->now.modseq;
		v->expunged = to->now.expunged;
		v->own_count = 0;
		v->end = end;
		index_close(&f->index);
		f->index = *to;
		index_init(to);
	}
	free(m.rows);
	uids_free(&m.ghosts);
	uids_free(&m.tell);
	return ok;
}
