/* Changing the folder: flags, keywords, expunging. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "store/acl.h"
#include "store/folder_inside.h"
#include "store/quota.h"

enum { TRIES = 5 };

/* Another program moved the file: read the directory again. False when it is
 * gone, or the directory can't be read. */
static bool
find_again(struct folder *f, uint32_t at)
{
	return (errno == ENOENT || errno == EEXIST) && folder_read(f) == 0 &&
	    !folder_is_gone(f, at);
}

/* All tries failed: report a missing message, not a missing mailbox. */
static int
give_up(struct folder *f, uint32_t at)
{
	int saved = errno;

	if (folder_is_gone(f, at))
		return 0;
	errno = saved;
	if (!f->removed && (errno == ENOENT || errno == EEXIST))
		errno = EAGAIN;
	return -1;
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

/* A change in progress. */
struct change {
	const struct flag_change *what;
	uint32_t keywords; /* its letters */
};

/* The message's name after the change; false when it already has that name. */
static bool
name_after(struct folder *f, uint32_t at, const struct change *c,
    struct str *name_r, struct name *n_r)
{
	struct message m = folder_message(f, at);
	enum flag_how how = c->what->how;
	uint32_t flags = changed_letters(
	    m.flags & FLAGS_IMAP, c->what->flags & FLAGS_IMAP, how);
	uint32_t keywords = changed_letters(m.keywords, c->keywords, how);

	flags |= m.flags & ~(uint32_t)FLAGS_IMAP;
	if ((flags == m.flags && keywords == m.keywords) ||
	    !name_parse(folder_name(f, at), n_r))
		return false;
	n_r->flags = flags;
	n_r->keywords = keywords;
	str_clear(name_r);
	name_format(name_r, n_r, true);
	return true;
}

/* What another session did to it before is still to be told. */
static void
set_flags(struct folder *f, uint32_t at, const struct name *n,
    const struct str *name, bool silent)
{
	struct index_record old = folder_record(f, at), r = old;

	r.flags = n->flags | (old.flags & (INDEX_INFO | INDEX_WHOLE));
	r.keywords = n->keywords & LETTERS;
	if (!f->lost && index_set_name(&f->index, &r, str_span(name)) == 0) {
		r.modseq = index_tick(&f->index);
		if (view_is_news(f, &old))
			view_tell(f, r.uid);
		if (silent)
			view_own(f, r.modseq);
	} else {
		f->lost = true;
	}
	folder_put(f, at, &old, &r);
}

/* The known name already has the wanted flags; check that the file exists. */
static int
confirm(struct folder *f, uint32_t at)
{
	struct index_record r = folder_record(f, at);

	return faccessat(folder_dir(f, &r), folder_name(f, at).at, F_OK,
	    AT_SYMLINK_NOFOLLOW);
}

static int
rename_to(struct folder *f, uint32_t at, const char *name)
{
	struct index_record r = folder_record(f, at);

	return name_change(
	    folder_dir(f, &r), folder_name(f, at).at, f->dirs.cur, name);
}

static bool
is_modified(struct folder *f, uint32_t at, const struct flag_change *w)
{
	return w->conditional &&
	    folder_record(f, at).modseq > w->unchanged_since;
}

/* 1: changed; 0: it was so already, was modified, or is gone; -1 and errno. */
static int
change_one(
    struct folder *f, uint32_t at, const struct change *c, bool *modified_r)
{
	struct str name = STR_INIT;
	struct name n;
	int r = -1;

	for (int i = 0; i < TRIES && r < 0 && !folder_is_gone(f, at); i++) {
		if (is_modified(f, at, c->what)) {
			*modified_r = true;
			r = 0;
		} else if (!name_after(f, at, c, &name, &n)) {
			r = confirm(f, at);
		} else if (rename_to(f, at, name.at) == 0) {
			set_flags(f, at, &n, &name, c->what->silent);
			r = 1;
		}
		if (r < 0 && !find_again(f, at))
			break;
	}
	str_free(&name);
	return r < 0 ? give_up(f, at) : r;
}

/* The letters of the keywords, under the lock. */
static int
letters_find(struct folder *f, const struct flag_change *c, uint32_t *letters_r)
{
	bool missing = false;

	*letters_r = 0;
	if (c->keyword_count == 0)
		return 0;
	if (folder_keywords_read(f) < 0)
		return -1;
	for (size_t i = 0; i < c->keyword_count; i++) {
		uint32_t letter = folder_keyword(f, c->keywords[i]);

		missing |= letter == 0;
		*letters_r |= letter;
	}
	if (!missing || c->how == FLAGS_REMOVE)
		return 0;
	f->keyword_changes++;
	if (keywords_make(&f->keywords, &f->dirs, c->keywords, c->keyword_count,
		letters_r) < 0)
		return -1;
	folder_letters_note(f);
	return 0;
}

/* Change all. On an error the messages changed so far are marked changed, since
 * the session can't know how far it went. */
static int
change_all(struct folder *f, const uint32_t *at, size_t n,
    const struct change *c, bool *changed_r)
{
	size_t done = 0;
	int r = 0;

	*changed_r = false;
	while (done < n && r >= 0) {
		bool modified = false;

		r = change_one(f, at[done], c, &modified);
		if (c->what->conditional)
			c->what->modified_r[done] = modified;
		*changed_r |= r > 0;
		if (r >= 0)
			folder_step(f, ++done);
	}
	for (size_t i = 0; r < 0 && i < done; i++)
		view_tell(f, folder_record(f, at[i]).uid);
	return r < 0 ? -1 : 0;
}

int
folder_flags(
    struct folder *f, const uint32_t *at, size_t n, const struct flag_change *w)
{
	struct change c = { .what = w };
	uint32_t keywords = f->keyword_changes;
	bool current, changed = false;
	int lock, r;

	if (f->read_only) {
		errno = EROFS;
		return -1;
	}
	if (n == 0)
		return 0;
	if (f->guest != NULL)
		return guest_flags(f, at, n, w);
	lock = folder_begin(f);
	if (lock < 0)
		return -1;
	current = folder_is_current(f);
	/* What other programs have renamed is known by its modseq then. */
	r = w->conditional && !current ? folder_read(f) : 0;
	if (r == 0)
		r = letters_find(f, w, &c.keywords);
	if (r == 0)
		r = change_all(f, at, n, &c, &changed);
	if (changed || f->keyword_changes != keywords)
		folder_touched(f, current);
	folder_unlock(f, lock);
	return r;
}

uint32_t
folder_keyword(const struct folder *f, struct span name)
{
	int n = keywords_find(&f->keywords, name);

	return n < 0 ? 0 : 1U << n;
}

bool
folder_has_keyword_room(struct folder *f)
{
	uint32_t used = 0;

	/* Usually a letter has no name. */
	for (unsigned i = 0; i < KEYWORDS_MAX; i++)
		if (f->keywords.at[i] == 0)
			return true;
	for (uint32_t i = 0; i < f->count; i++) {
		struct index_record r = folder_record(f, i);

		if (!(r.flags & INDEX_DEAD))
			used |= r.keywords;
	}
	return keywords_room(used) > 0;
}

static bool
is_to_go(struct folder *f, uint32_t at, bool deleted_only)
{
	struct index_record r = folder_record(f, at);

	return !(r.flags & INDEX_DEAD) &&
	    (!deleted_only || (r.flags & FLAG_DELETED));
}

/* 1: removed; 0: already gone, or no longer to be removed; -1 and errno. */
static int
expunge_one(struct folder *f, uint32_t at, bool deleted_only)
{
	for (int i = 0; i < TRIES && is_to_go(f, at, deleted_only); i++) {
		struct index_record r = folder_record(f, at);

		if (unlinkat(folder_dir(f, &r), folder_name(f, at).at, 0) ==
		    0) {
			folder_set_gone(f, at);
			view_removed(f, r.uid);
			return 1;
		}
		if (!find_again(f, at))
			return give_up(f, at);
	}
	return is_to_go(f, at, deleted_only) ? give_up(f, at) : 0;
}

/* Called under the lock. Removals before an error are counted too. */
static int
expunge_all(struct folder *f, const uint32_t *at, size_t n, bool deleted_only,
    struct quota_change *done)
{
	int r = 0;

	for (size_t i = 0; i < n && r >= 0; i++) {
		uint64_t size = 0;

		if (!is_to_go(f, at[i], deleted_only))
			continue;
		folder_size(f, at[i], &size);
		r = expunge_one(f, at[i], deleted_only);
		folder_step(f, i + 1);
		if (r == 1) {
			done->bytes -= (int64_t)size;
			done->count--;
		}
	}
	return r < 0 ? -1 : 0;
}

int
folder_expunge(
    struct folder *f, const uint32_t *at, size_t n, bool deleted_only)
{
	struct quota_change done = { 0 };
	bool current;
	int lock, r = -1;

	if (f->read_only || !(f->rights & RIGHT_EXPUNGE)) {
		errno = f->read_only ? EROFS : EACCES;
		return -1;
	}
	if (n == 0)
		return 0;
	f->view.removed.count = 0;
	quota_hold(f->store, &done);
	lock = folder_begin(f);
	if (lock >= 0) {
		current = folder_is_current(f);
		/* Others may have set or removed \Deleted. */
		if (current || !deleted_only || folder_read(f) == 0)
			r = expunge_all(f, at, n, deleted_only, &done);
		if (done.count != 0)
			folder_touched(f, current);
		folder_unlock(f, lock);
	}
	quota_release(f->store, &done);
	return r;
}
