/* Changing what is in the folder: flags, keywords, expunging. */
#include <errno.h>
#include <unistd.h>

#include "store/folder_inside.h"
#include "store/quota.h"

enum { TRIES = 5 };

/* The file is where another program put it: read the directory again. False
 * when it is gone, or the directory can't be read. */
static bool
find_again(struct folder *f, uint32_t at)
{
	return errno == ENOENT && folder_read(f) == 0 && !f->messages[at].gone;
}

static uint32_t
changed_letters(uint32_t old, uint32_t letters, enum flag_how how)
{
	switch (how) {
	case FLAGS_ADD:
		return old | letters;
	case FLAGS_REMOVE:
		return old & ~letters;
	case FLAGS_SET:
		break;
	}
	return letters;
}

/* The message's name after the change, in *name_r; false when nothing
 * changes. */
static bool
name_after(const struct folder *f, uint32_t at, const struct flag_change *c,
    struct str *name_r, struct name *n_r)
{
	const struct message *m = &f->messages[at];
	uint32_t flags = changed_letters(
	    m->flags & FLAGS_IMAP, c->flags & FLAGS_IMAP, c->how);
	uint32_t keywords = changed_letters(m->keywords, c->keywords, c->how);

	flags |= m->flags & ~(uint32_t)FLAGS_IMAP;
	if ((flags == m->flags && keywords == m->keywords) ||
	    !name_parse(folder_name(f, at), n_r))
		return false;
	n_r->flags = flags;
	n_r->keywords = keywords;
	str_clear(name_r);
	name_format(name_r, n_r, true);
	return true;
}

static void
set_flags(struct folder *f, uint32_t at, const struct name *n,
    const struct str *name, bool silent)
{
	struct message *m = &f->messages[at];

	m->flags = n->flags & LETTERS;
	m->keywords = n->keywords & LETTERS;
	m->in_new = 0;
	m->name = (uint32_t)f->names.len;
	str_add(&f->names, str_span(name));
	str_add_byte(&f->names, '\0');
	if (!silent && !m->changed) {
		m->changed = 1;
		f->changed++;
	}
}

/* -1 and errno on an error other than that the message is gone. */
static int
change_one(struct folder *f, uint32_t at, const struct flag_change *c)
{
	struct str name = STR_INIT;
	struct name n;
	int r = 0;

	for (int i = 0; i < TRIES && !f->messages[at].gone; i++) {
		if (!name_after(f, at, c, &name, &n))
			break;
		r = name_change(folder_dir(f, at), folder_name(f, at).at,
		    f->dirs.cur, name.at);
		if (r == 0) {
			set_flags(f, at, &n, &name, c->silent);
			break;
		}
		if (!find_again(f, at))
			break;
	}
	if (r < 0 && f->messages[at].gone)
		r = 0;
	str_free(&name);
	return r;
}

int
folder_flags(
    struct folder *f, const uint32_t *at, size_t n, const struct flag_change *c)
{
	bool current;
	int lock, r = 0;

	if (f->read_only) {
		errno = EROFS;
		return -1;
	}
	if (n == 0)
		return 0;
	lock = folder_lock(f);
	if (lock < 0)
		return -1;
	current = folder_is_current(f);
	for (size_t i = 0; i < n && r == 0; i++)
		r = change_one(f, at[i], c);
	folder_touched(f, current);
	folder_unlock(f, lock);
	return r;
}

uint32_t
folder_keyword(struct folder *f, struct span name, bool create)
{
	int n = keywords_find(&f->keywords, name), lock;

	if (n < 0 && create) {
		lock = folder_lock(f);
		if (lock < 0)
			return 0;
		/* Another session may have made it in the meantime. */
		if (keywords_read(&f->keywords, f->dirs.dir) == 0) {
			n = keywords_find(&f->keywords, name);
			if (n < 0)
				n = keywords_add(&f->keywords, f->dirs.dir,
				    f->dirs.tmp, name);
		}
		folder_unlock(f, lock);
	}
	return n < 0 ? 0 : 1U << n;
}

static int
expunge_one(struct folder *f, uint32_t at)
{
	int r = 0;

	for (int i = 0; i < TRIES && !f->messages[at].gone; i++) {
		r = unlinkat(folder_dir(f, at), folder_name(f, at).at, 0);
		if (r == 0)
			folder_set_gone(f, at);
		else if (!find_again(f, at))
			break;
	}
	return r < 0 && !f->messages[at].gone ? -1 : 0;
}

int
folder_expunge(struct folder *f, const uint32_t *at, size_t n)
{
	int64_t bytes = 0, count = 0;
	bool current;
	int lock, r = 0;

	if (f->read_only) {
		errno = EROFS;
		return -1;
	}
	if (n == 0)
		return 0;
	lock = folder_lock(f);
	if (lock < 0)
		return -1;
	current = folder_is_current(f);
	for (size_t i = 0; i < n && r == 0; i++) {
		uint64_t size = 0;

		if (f->messages[at[i]].gone || folder_size(f, at[i], &size) < 0)
			continue;
		r = expunge_one(f, at[i]);
		if (r == 0) {
			bytes += (int64_t)size;
			count++;
		}
	}
	folder_touched(f, current);
	folder_unlock(f, lock);
	if (count > 0)
		quota_add(f->store, NULL, -bytes, -count);
	return r;
}
