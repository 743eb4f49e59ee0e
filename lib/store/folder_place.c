/* Copying and moving messages to another mailbox. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/io.h"
#include "os/file.h"
#include "store/changes.h"
#include "store/folder_inside.h"
#include "store/name_object.h"
#include "store/quota.h"
#include "store/target.h"

enum { TRIES = 5 };

struct placing {
	struct folder *from;
	struct target to;
	struct place_how how;
	struct quota_change done;
	struct str names; /* created in the target, each ended by NUL */
	struct str olds;  /* a move: their old names */
};

/* The keywords as the target's letters; those without a letter are dropped. */
static uint32_t
keywords_map(struct placing *p, uint32_t keywords)
{
	uint32_t mapped = 0;

	for (unsigned i = 0; i < KEYWORDS_MAX; i++)
		if (keywords >> i & 1) {
			struct span name = keywords_name(&p->from->keywords, i);

			if (name.len > 0)
				target_keywords(&p->to, &name, 1, &mapped);
		}
	return mapped;
}

/* A new name for the same message: its date, sizes and flags, a new id. */
static int
name_new(struct placing *p, uint32_t at, uint32_t uid, struct str *name_r)
{
	struct folder *f = p->from;
	struct id id = id_new();
	struct str head = STR_INIT;
	struct name n = { .uid = uid }, old;
	uint64_t size, wire;
	int64_t date;

	if (folder_size(f, at, &size) < 0 || folder_wire(f, at, &wire) < 0 ||
	    folder_date(f, at, &date) < 0)
		return -1;
	name_make(&head, date, span_text(id.text), SPAN(""),
	    str_span(&f->store->host));
	n.base.len = head.len;
	name_sizes(&head, size, wire);
	/* RFC 8474 5.1: a copy has the EMAILID of its original. */
	if (!name_parse(folder_name(f, at), &old))
		old = n;
	str_add_text(&head, ",E=");
	name_object(&old, &head);
	n.head = str_span(&head);
	n.base.at = head.at;
	n.flags = folder_message(f, at).flags;
	n.keywords = keywords_map(p, folder_message(f, at).keywords);
	str_clear(name_r);
	name_format(name_r, &n, true);
	str_free(&head);
	return 0;
}

/* If link(2) fails (too many links, or no support): copy the bytes. */
static int
copy_bytes(const struct placing *p, uint32_t at, const char *name)
{
	const struct maildir *to = &p->to.to;
	char buffer[16384];
	ssize_t n = -1;
	int in = folder_message_open(p->from, at), r = -1;
	int out = in < 0 ? -1 : file_create(to->tmp, name, 0);

	if (out >= 0) {
		while ((n = read(in, buffer, sizeof buffer)) > 0)
			if (write_all(out, (struct span){ buffer, (size_t)n }) <
			    0)
				break;
		if (n == 0 && fsync(out) == 0)
			r = name_change(to->tmp, name, to->cur, name);
		int saved = errno;

		if (r < 0)
			unlinkat(to->tmp, name, 0);
		close(out);
		errno = saved;
	}
	if (in >= 0)
		close(in);
	return r;
}

static int
link_or_rename(const struct placing *p, uint32_t at, const char *name)
{
	struct folder *f = p->from;
	struct index_record record = folder_record(f, at);
	int dir = folder_dir(f, &record);
	int r;

	if (p->how.move)
		return name_change(
		    dir, folder_name(f, at).at, p->to.to.cur, name);
	/* One file in two accounts could be changed by either. */
	if (f->guest != NULL)
		return copy_bytes(p, at, name);
	r = linkat(dir, folder_name(f, at).at, p->to.to.cur, name, 0);
	if (r < 0 && (errno == EMLINK || errno == EPERM || errno == EOPNOTSUPP))
		r = copy_bytes(p, at, name);
	return r;
}

static void
note_placed(struct placing *p, uint32_t at, const struct str *name)
{
	struct folder *f = p->from;
	uint64_t size = 0;

	str_add(&p->names, str_span(name));
	str_add_byte(&p->names, '\0');
	if (p->how.move) {
		str_add_byte(
		    &p->olds, folder_message(f, at).in_new ? 'n' : 'c');
		str_add(&p->olds, folder_name(f, at));
		str_add_byte(&p->olds, '\0');
	} else if (folder_size(f, at, &size) == 0) {
		p->done.bytes += (int64_t)size;
		p->done.count++;
	}
}

/* The target still exists, so ENOENT is about a message. */
static bool
is_target_there(const struct placing *p)
{
	struct stat st;

	return fstat(p->to.to.cur, &st) == 0 && st.st_nlink > 0;
}

/* 1: done; 0: the message is gone; -1 and errno. */
static int
place_one(struct placing *p, uint32_t at, uint32_t uid)
{
	struct folder *f = p->from;
	struct str name = STR_INIT;
	int r = -1, saved;

	for (int i = 0; i < TRIES && r < 0 && !folder_is_gone(f, at); i++) {
		if (name_new(p, at, uid, &name) < 0)
			break;
		r = link_or_rename(p, at, name.at);
		if (r < 0 && (errno != ENOENT || folder_read(f) < 0))
			break;
	}
	if (r == 0)
		note_placed(p, at, &name);
	str_free(&name);
	if (r == 0)
		return 1;
	saved = errno;
	if (folder_is_gone(f, at))
		return 0;
	errno = saved;
	if (errno == ENOENT && is_target_there(p))
		errno = EAGAIN;
	return -1;
}

/* Remove the copies made so far. */
static void
undo(struct placing *p)
{
	const char *name = p->names.at, *end = p->names.at + p->names.len;
	const char *old = p->olds.at;
	const struct maildir *from = &p->from->dirs;
	int saved = errno;

	for (; name < end; name += span_text(name).len + 1) {
		if (!p->how.move) {
			unlinkat(p->to.to.cur, name, 0);
			continue;
		}
		name_change(p->to.to.cur, name,
		    *old == 'n' ? from->new : from->cur, old + 1);
		old += span_text(old).len + 1;
	}
	errno = saved;
}

/* What was moved is gone here, now that all are. One that a reading in between
 * found missing, and that was moved back, comes as a new message. */
static void
bury(struct placing *p, const uint32_t *at, size_t n,
    const struct folder_placed *r)
{
	for (size_t i = 0; i < n; i++)
		if (p->how.move && r->uid[i] != 0)
			folder_set_gone(p->from, at[i]);
}

static int
place_all(struct placing *p, const uint32_t *at, size_t n,
    struct folder_placed *r, uint32_t first)
{
	for (size_t i = 0; i < n; i++) {
		int one = folder_is_gone(p->from, at[i])
		    ? 0
		    : place_one(p, at[i], first + (uint32_t)i);

		if (one == 0 && p->how.all) {
			errno = ESTALE;
			return -1;
		}
		if (one < 0)
			return -1;
		if (one > 0)
			r->uid[i] = first + (uint32_t)i;
		folder_step(p->from, i + 1);
	}
	return fsync(p->to.to.cur);
}

static uint32_t
count_present(struct folder *f, const uint32_t *at, size_t n)
{
	uint32_t count = 0;

	for (size_t i = 0; i < n; i++)
		count += !folder_is_gone(f, at[i]);
	return count;
}

static ino_t
inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Take both locks, the lower inode first, so that two sessions copying in
 * opposite directions don't deadlock. *mine_r is the source's, -1 if both are
 * the same folder. */
static int
lock_both(struct placing *p, int *mine_r)
{
	ino_t from = inode(p->from->dirs.dir), to = inode(p->to.to.dir);

	*mine_r = -1;
	if (from < to)
		*mine_r = folder_lock(p->from);
	if (from >= to || *mine_r >= 0)
		p->to.lock = maildir_lock(&p->to.to);
	if (p->to.lock >= 0 && from > to)
		*mine_r = folder_lock(p->from);
	if (p->to.lock < 0 || (from != to && *mine_r < 0))
		return -1;
	if (*mine_r < 0)
		folder_locked(p->from, p->to.lock);
	return 0;
}

/* Called under both locks. */
static int
place_locked(struct placing *p, const uint32_t *at, size_t n,
    struct folder_placed *r, bool *placed_r)
{
	uint32_t first;
	int result;

	*placed_r = false;
	/* Under the locks it is certain which messages are gone and what
	 * letters mean. */
	if (!folder_is_current(p->from) && folder_read(p->from) < 0)
		return -1;
	if (p->how.all && count_present(p->from, at, n) < n) {
		errno = ESTALE;
		return -1;
	}
	first = target_begin(&p->to, (uint32_t)n, true);
	r->uidvalidity = p->to.uids.validity;
	if (first == 0)
		return -1;
	*placed_r = true;
	if (p->from->lock == p->to.lock)
		p->from->placing = first;
	result = place_all(p, at, n, r, first);
	p->from->placing = 0;
	return result;
}

static int
place(struct placing *p, const uint32_t *at, size_t n, struct folder_placed *r)
{
	int mine = -1, result = -1;
	bool current, placed,
	    same = inode(p->from->dirs.dir) == inode(p->to.to.dir);

	if (lock_both(p, &mine) == 0) {
		result = place_locked(p, at, n, r, &placed);
		current = result == 0 && !same;
		if (placed && result < 0) {
			undo(p);
			p->done.bytes = p->done.count = 0;
		}
		if (result == 0)
			bury(p, at, n, r);
		if (!same)
			changes_note(p->to.lock, changes_read(p->to.lock));
		folder_touched(p->from, current);
	}
	if (same && p->from->lock >= 0) {
		folder_settle(p->from);
		p->from->lock = -1; /* the target's */
	}
	folder_unlock(p->from, mine);
	return result;
}

/* Bytes and number of the messages, for the quota. Sizes missing from names are
 * looked up here, before locking. */
static void
sum(struct folder *f, const uint32_t *at, size_t n, struct quota *sum_r)
{
	uint64_t size, wire;
	int64_t date;

	*sum_r = (struct quota){ 0 };
	for (size_t i = 0; i < n; i++)
		if (!folder_is_gone(f, at[i]) &&
		    folder_size(f, at[i], &size) == 0 &&
		    folder_wire(f, at[i], &wire) == 0 &&
		    folder_date(f, at[i], &date) == 0) {
			sum_r->used += (int64_t)size;
			sum_r->count++;
		}
}

/* Checks before locking: messages known to be gone, and the quota. */
static int
place_allowed(struct placing *p, const uint32_t *at, size_t n)
{
	struct folder *f = p->from;
	struct quota more, q;
	int room;

	if (folder_refresh(f) < 0) {
		if (errno == ENOENT)
			errno = ESTALE; /* not the target's error */
		return -1;
	}
	sum(f, at, n, &more);
	if (p->how.move || (p->how.all && count_present(f, at, n) < n))
		return 0;
	room = quota_room(f->store, QUOTA_AS_WRITTEN, (uint64_t)more.used,
	    (uint64_t)more.count, &q);
	if (room == 0)
		errno = EDQUOT;
	/* An unreadable quota does not block the copy. */
	return room == 0 ? -1 : 0;
}

static int
place_counted(
    struct placing *p, const uint32_t *at, size_t n, struct folder_placed *r)
{
	int result;

	if (p->how.move)
		return place(p, at, n, r);
	quota_hold(p->from->store, &p->done);
	result = place(p, at, n, r);
	quota_release(p->from->store, &p->done);
	return result;
}

int
folder_place(struct folder *f, const uint32_t *at, size_t n, struct span to,
    const struct place_how *how, struct folder_placed *r)
{
	struct placing p = {
		.from = f, .how = *how, .names = STR_INIT, .olds = STR_INIT
	};
	int result;

	*r = (struct folder_placed){ .n = n, .names = STR_INIT };
	if (how->move && (f->read_only || f->guest != NULL)) {
		errno = f->read_only ? EROFS : EACCES;
		return -1;
	}
	r->uid = mem_new((n == 0 ? 1 : n) * sizeof *r->uid);
	result = target_open(&p.to, f->store, to);
	if (result == 0)
		result = place_allowed(&p, at, n);
	if (result == 0 && n > 0)
		result = place_counted(&p, at, n, r);
	target_end(&p.to);
	r->names = p.names;
	str_free(&p.olds);
	if (result < 0)
		folder_placed_free(r);
	return result;
}

void
folder_placed_free(struct folder_placed *r)
{
	int saved = errno;

	free(r->uid);
	str_free(&r->names);
	*r = (struct folder_placed){ .names = STR_INIT };
	errno = saved;
}
