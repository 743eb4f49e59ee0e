/* Reading the directories and comparing with what the session knows. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/folder_inside.h"

/* Some message that the session knows is missing. */
static bool
is_missing(const struct folder *f, const struct reading *r)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < f->total; i++) {
		if (f->messages[i].gone)
			continue;
		while (k < r->count && r->at[k].uid < f->messages[i].uid)
			k++;
		if (k == r->count || r->at[k].uid != f->messages[i].uid)
			return true;
	}
	return false;
}

/* A known message as it was read now: what was looked up stays. */
static struct message
carry(struct folder *f, const struct message *old, struct message now,
    bool reported)
{
	if (now.size == SIZE_UNKNOWN)
		now.size = old->size;
	if (now.wire == SIZE_UNKNOWN)
		now.wire = old->wire;
	if (now.date == DATE_UNKNOWN)
		now.date = old->date;
	now.recent = old->recent;
	now.changed = old->changed;
	if (reported && !old->changed &&
	    (now.flags != old->flags || now.keywords != old->keywords)) {
		now.changed = 1;
		f->changed++;
	}
	return now;
}

/* Put both together: reported messages keep their places, gone or not; others
 * are as read. New ones have higher UIDs than all known (reading_name_all()),
 * so they come last. */
static void
merge(struct folder *f, struct reading *r)
{
	struct message *all = mem_resize(
	    NULL, (size_t)f->total + r->count, sizeof *all);
	uint32_t total = 0, k = 0;

	for (uint32_t i = 0; i < f->total; i++) {
		const struct message *old = &f->messages[i];
		bool reported = i < f->count;

		while (k < r->count && r->at[k].uid < old->uid)
			k++; /* re-appeared; it was refused its UID */
		if (!old->gone && k < r->count && r->at[k].uid == old->uid) {
			all[total++] = carry(f, old, r->at[k++], reported);
		} else if (reported) {
			all[total] = *old;
			all[total].name = 0;
			f->gone += !old->gone;
			all[total++].gone = 1;
		}
	}
	while (k < r->count)
		all[total++] = r->at[k++];
	free(f->messages);
	f->messages = mem_resize(all, total, sizeof *all);
	f->total = total;
	str_free(&f->names);
	f->names = r->names;
	str_init(&r->names);
}

/* A letter whose name we don't know: another session has made it. */
static int
keywords_renew(struct folder *f)
{
	uint32_t letters = 0;

	for (uint32_t i = 0; i < f->total; i++)
		letters |= f->messages[i].keywords;
	for (unsigned n = 0; n < KEYWORDS_MAX; n++)
		if (letters >> n & 1 && keywords_name(&f->keywords, n).len == 0)
			return keywords_read(&f->keywords, f->dirs.dir);
	return 0;
}

static int
read_and_name(struct folder *f, struct reading *r, bool *renamed_r)
{
	struct uids u;
	struct naming how = { .dirs = &f->dirs,
		.store = f->store,
		.read_only = f->read_only,
		.known = f->messages,
		.known_count = f->total,
		.fresh = f->uidnext };
	size_t names;

	if (uids_ensure(&f->dirs, f->store, &u) < 0 ||
	    reading_make(r, &f->dirs) < 0)
		return -1;
	/* Other programs take no lock: readdir may have missed a file while
	 * one of them renamed it. */
	if (is_missing(f, r)) {
		reading_free(r);
		if (reading_make(r, &f->dirs) < 0)
			return -1;
	}
	names = r->names.len;
	if (reading_name_all(r, &how, &u) < 0)
		return -1;
	if (!f->read_only && u.recent < u.next)
		uids_told(f->dirs.dir, f->store->boot, &u);
	*renamed_r = r->names.len != names;
	f->uidvalidity = u.validity;
	f->uidnext = u.next;
	return 0;
}

int
folder_read_into(struct folder *f, bool *renamed_r)
{
	struct reading r = { .names = STR_INIT };
	int result = read_and_name(f, &r, renamed_r);

	if (result == 0)
		merge(f, &r);
	reading_free(&r);
	if (result == 0 && keywords_renew(f) < 0)
		result = -1;
	return result;
}

void
folder_add(struct folder *f, struct span file)
{
	struct message m = { .recent = 1 };
	struct name n;

	if (!name_parse(file, &n))
		return; /* then it is to be read */
	message_read(&m, &f->names, &n, file);
	f->messages = mem_resize(
	    f->messages, (size_t)f->total + 1, sizeof *f->messages);
	f->messages[f->total++] = m;
	f->uidnext = m.uid + 1;
	if (keywords_renew(f) == 0)
		folder_touched(f, true);
}

void
folder_set_gone(struct folder *f, uint32_t at)
{
	f->gone += !f->messages[at].gone;
	f->messages[at].gone = 1;
}

int
folder_dir(const struct folder *f, uint32_t at)
{
	return f->messages[at].in_new ? f->dirs.new : f->dirs.cur;
}
