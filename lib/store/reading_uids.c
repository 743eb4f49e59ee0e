/* Assigning UIDs: the rename that puts U= into a message's name. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "store/reading.h"
#include "store/uids.h"

enum { LEAP_MAX = 1 << 20 };

/* What is known, looked through from the front as UIDs ascend. */
struct walk {
	const struct giving *how;
	uint32_t next; /* rows before it have lower UIDs */
	bool damaged;
};

static bool
is_known(struct walk *w, uint32_t uid)
{
	const struct giving *how = w->how;
	struct index_record r;

	for (; how->known != NULL && w->next < how->known_count; w->next++) {
		if (!index_record(how->known, w->next, &r)) {
			w->damaged = true;
			return true;
		}
		if (r.uid >= uid)
			return r.uid == uid && !(r.flags & INDEX_DEAD);
	}
	return false;
}

static bool
still_there(
    const struct reading *r, const struct giving *how, const struct message *m)
{
	return faccessat(m->in_new ? how->dirs->new : how->dirs->cur,
		   reading_name(r, m).at, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The message of this UID was known by the name of that file. */
static bool
is_known_file(struct walk *w, uint32_t uid, struct span file)
{
	struct index_record r;
	struct str old = STR_INIT;
	struct name known, n;
	bool is;

	if (!is_known(w, uid) || w->damaged)
		return false;
	is = index_record(w->how->known, w->next, &r) &&
	    index_name(w->how->known, &r, &old);
	w->damaged = !is;
	is = is && name_parse(str_span(&old), &known) && name_parse(file, &n) &&
	    span_equal(known.base, n.base);
	str_free(&old);
	return is;
}

static struct timespec
file_changed(
    const struct reading *r, const struct giving *how, const struct message *m)
{
	struct stat st;

	if (fstatat(m->in_new ? how->dirs->new : how->dirs->cur,
		reading_name(r, m).at, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return (struct timespec){ 0 };
	return st.st_ctim;
}

static int
compare_time(struct timespec a, struct timespec b)
{
	if (a.tv_sec != b.tv_sec)
		return a.tv_sec < b.tv_sec ? -1 : 1;
	return (a.tv_nsec > b.tv_nsec) - (a.tv_nsec < b.tv_nsec);
}

/* Which of two files with one UID keeps it: the one that the session knows, or
 * the older one; neither if that can't be determined. -1: a, 1: b, 0:
 * neither. */
static int
resident(const struct reading *r, struct walk *w, const struct message *a,
    const struct message *b)
{
	const struct giving *how = w->how;
	struct name x, y;

	if (is_known_file(w, a->uid, reading_name(r, a)))
		return -1;
	if (is_known_file(w, b->uid, reading_name(r, b)))
		return 1;
	if (name_parse(reading_name(r, a), &x) &&
	    name_parse(reading_name(r, b), &y) && span_equal(x.base, y.base))
		return -1; /* the same message */
	return compare_time(file_changed(r, how, a), file_changed(r, how, b));
}

/* Of the messages first to end - 1, which all claim the same UID, at most one
 * keeps it. Files that no longer exist (read before and after a rename by
 * another program) are dropped; returns the new end. */
static uint32_t
settle_same(struct reading *r, struct walk *w, uint32_t first, uint32_t end)
{
	const struct giving *how = w->how;
	uint32_t kept = first, best = first;
	bool lost = false;

	for (uint32_t i = first; i < end; i++)
		if (still_there(r, how, &r->at[i]))
			r->at[kept++] = r->at[i];
	for (uint32_t i = first + 1; i < kept; i++) {
		int which = resident(r, w, &r->at[best], &r->at[i]);

		lost = which == 0 || (lost && which < 0);
		if (which > 0)
			best = i;
	}
	for (uint32_t i = first; i < kept; i++)
		if (kept - first > 1 && (i != best || lost))
			r->at[i].uid = 0;
	return kept;
}

/* Take the UIDs away that can't be this message's here: never given by us, a
 * second one, or one that is known to be gone. False: what is known is
 * damaged. */
static bool
refuse_foreign(
    struct reading *r, const struct giving *how, const struct uids *u)
{
	struct walk w = { .how = how };
	uint32_t kept = 0;

	for (uint32_t i = 0, end; i < r->count; i = end) {
		uint32_t uid = r->at[i].uid, settled;

		for (end = i + 1;
		     end < r->count && uid != 0 && r->at[end].uid == uid; end++)
			;
		settled = end - i > 1 ? settle_same(r, &w, i, end) : end;
		for (uint32_t k = i; k < settled; k++) {
			struct message m = r->at[k];

			if (uid >= u->next ||
			    (uid < how->fresh && !is_known(&w, uid)))
				m.uid = 0;
			r->at[kept++] = m;
		}
	}
	r->count = kept;
	reading_sort(r);
	return !w.damaged;
}

struct order {
	int64_t time;
	struct message m;
	const char *name;
};

/* The order of arrival, as far as names show it. */
static int
compare_arrival(const void *a, const void *b)
{
	const struct order *x = a, *y = b;

	if (x->time != y->time)
		return x->time < y->time ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void
sort_arrival(struct reading *r, uint32_t count)
{
	struct order *o = mem_resize(NULL, count, sizeof *o);
	struct name n;

	for (uint32_t i = 0; i < count; i++) {
		o[i] = (struct order){ -1, r->at[i],
			reading_name(r, &r->at[i]).at };
		if (name_parse(span_text(o[i].name), &n))
			o[i].time = n.time;
	}
	qsort(o, count, sizeof *o, compare_arrival);
	for (uint32_t i = 0; i < count; i++)
		r->at[i] = o[i].m;
	free(o);
}

static void
log_unnamed(struct span name)
{
	int saved = errno;
	struct logline l;

	log_start(&l, "unnamed");
	log_span(&l, "name", name);
	errno = saved;
	log_errno(&l);
	log_write(&l);
}

/* Rename one file so that its name has m's UID; if the name would be too long
 * it gets a new base. False: the file is left out for now. */
static bool
rename_one(struct reading *r, const struct giving *how, struct message *m)
{
	struct str old = STR_INIT, new = STR_INIT;
	bool to_new = m->in_new && how->read_only, ok;
	int from = m->in_new ? how->dirs->new : how->dirs->cur;
	int to = to_new ? how->dirs->new : how->dirs->cur;
	uint32_t uid = m->uid;
	struct name n;

	str_set(&old, reading_name(r, m));
	name_parse(str_span(&old), &n);
	n.uid = uid;
	name_format(&new, &n, !to_new || n.flags != 0 || n.keywords != 0);
	if (new.len > NAME_MAX_LEN) {
		struct id id = id_new();
		struct str base = STR_INIT;

		name_make(&base, n.time < 0 ? clock_wall_s() : n.time,
		    span_text(id.text), SPAN(""), str_span(&how->store->host));
		n.base = n.head = str_span(&base);
		str_clear(&new);
		name_format(&new, &n, true);
		str_free(&base);
	}
	ok = name_change(from, old.at, to, new.at) == 0;
	if (ok && name_parse(str_span(&new), &n)) {
		int64_t date = m->date;

		message_read(m, &r->names, &n, str_span(&new));
		m->date = date;
		m->in_new = to_new;
	} else if (errno != ENOENT) {
		r->left_out++;
		log_unnamed(str_span(&old));
	}
	str_free(&old);
	str_free(&new);
	return ok;
}

/* Move messages that have a UID but are in new/ to cur/. Those not yet reported
 * to any session are recent in either. */
static void
move_new(
    struct reading *r, const struct giving *how, uint32_t from, uint32_t recent)
{
	uint32_t kept = from;

	for (uint32_t i = from; i < r->count; i++) {
		struct message m = r->at[i];

		m.recent = m.in_new || m.uid >= recent;
		if (m.in_new && !how->read_only && !rename_one(r, how, &m))
			continue;
		r->at[kept++] = m;
	}
	r->count = kept;
}

/* UIDs above all that were assigned here: a file moved in by hand, or `uids` is
 * older than the messages (restored from a backup), so that its next UIDs are
 * already in use. Returns how many UIDs to skip. */
static uint32_t
foreign_above(const struct reading *r, const struct uids *u)
{
	uint32_t highest = r->count == 0 ? 0 : r->at[r->count - 1].uid;

	return highest < u->next || highest - u->next >= LEAP_MAX
	    ? 0
	    : highest - u->next + 1;
}

int
reading_give_uids(struct reading *r, const struct giving *how, struct uids *u)
{
	uint32_t count = 0, kept = 0, first, skip = foreign_above(r, u);

	if (!refuse_foreign(r, how, u)) {
		errno = EBADMSG;
		return -1;
	}
	while (count < r->count && r->at[count].uid == 0)
		count++;
	move_new(r, how, count, u->recent);
	if (how->keep_out && count > 0) {
		r->left_out += count;
		r->count -= count;
		memmove(r->at, &r->at[count], r->count * sizeof *r->at);
		return 0;
	}
	if (count == 0)
		return 0;
	sort_arrival(r, count);
	first = uids_take(
	    how->dirs->dir, how->store->boot, skip + count, !how->read_only, u);
	if (first == 0)
		return -1;
	first += skip;
	for (uint32_t i = 0; i < count; i++) {
		struct message m = r->at[i];

		m.uid = first + i;
		m.recent = m.in_new;
		if (rename_one(r, how, &m))
			r->at[kept++] = m;
	}
	memmove(
	    &r->at[kept], &r->at[count], (r->count - count) * sizeof *r->at);
	r->count -= count - kept;
	reading_sort(r);
	return 0;
}
