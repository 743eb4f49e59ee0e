/* Giving UIDs: the rename that puts U= into a message's name. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "store/reading.h"
#include "store/uids.h"

static bool
is_known(const struct naming *how, uint32_t uid)
{
	uint32_t low = 0, high = how->known_count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (how->known[middle].uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	return low < how->known_count && how->known[low].uid == uid &&
	    !how->known[low].gone;
}

static bool
still_there(
    const struct reading *r, const struct naming *how, const struct message *m)
{
	return faccessat(m->in_new ? how->dirs->new : how->dirs->cur,
		   reading_name(r, m).at, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Take the UIDs away that can't be this message's here: never given by us, a
 * second one, or one that this session has known to be gone. */
static void
refuse_foreign(
    struct reading *r, const struct naming *how, const struct uids *u)
{
	uint32_t kept = 0, last = 0;

	for (uint32_t i = 0; i < r->count; i++) {
		struct message m = r->at[i];
		uint32_t uid = m.uid;

		if (uid != 0 && uid == last) {
			/* Read before and after a rename by another program, or
			 * two files. */
			if (!still_there(r, how, &r->at[kept - 1]))
				kept--;
			else if (!still_there(r, how, &m))
				continue;
			else
				m.uid = 0;
		}
		if (uid >= u->next || (uid < how->fresh && !is_known(how, uid)))
			m.uid = 0;
		last = uid;
		r->at[kept++] = m;
	}
	r->count = kept;
	reading_sort(r);
}

struct order {
	int64_t time;
	struct message m;
	const char *name;
};

/* The order of arrival, as far as names tell. */
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

/* Rename one file so that its name says m's UID; where a name would be too long
 * it gets a new base. False: it is left out for now. */
static bool
rename_one(struct reading *r, const struct naming *how, struct message *m)
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
		log_unnamed(str_span(&old));
	}
	str_free(&old);
	str_free(&new);
	return ok;
}

/* What already has its UID but lies in new/ goes to cur/. What no session has
 * been told of is recent, there or here. */
static void
move_new(
    struct reading *r, const struct naming *how, uint32_t from, uint32_t recent)
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

int
reading_name_all(struct reading *r, const struct naming *how, struct uids *u)
{
	uint32_t count = 0, kept = 0, first;

	refuse_foreign(r, how, u);
	while (count < r->count && r->at[count].uid == 0)
		count++;
	move_new(r, how, count, u->recent);
	if (count == 0)
		return 0;
	sort_arrival(r, count);
	first = uids_take(
	    how->dirs->dir, how->store->boot, count, !how->read_only, u);
	if (first == 0)
		return -1;
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
