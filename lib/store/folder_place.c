/* Copying and moving messages to another mailbox. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/io.h"
#include "os/file.h"
#include "store/folder_inside.h"
#include "store/quota.h"
#include "store/target.h"

enum { TRIES = 5 };

struct placing {
	struct folder *from;
	struct target to;
	bool move;
	struct str names; /* made in the target, each ended by NUL */
	struct str olds;  /* a move: where they were */
};

/* The keywords as the target's letters. */
static uint32_t
keywords_map(struct placing *p, uint32_t keywords)
{
	uint32_t mapped = 0;

	for (unsigned i = 0; i < KEYWORDS_MAX; i++)
		if (keywords >> i & 1) {
			struct span name = keywords_name(&p->from->keywords, i);

			if (name.len > 0)
				mapped |= target_keyword(&p->to, name);
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
	struct name n = { .uid = uid };
	uint64_t size, wire;
	int64_t date;

	if (folder_size(f, at, &size) < 0 || folder_wire(f, at, &wire) < 0 ||
	    folder_date(f, at, &date) < 0)
		return -1;
	name_make(&head, date, span_text(id.text), SPAN(""),
	    str_span(&f->store->host));
	n.base.len = head.len;
	name_sizes(&head, size, wire);
	n.head = str_span(&head);
	n.base.at = head.at;
	n.flags = f->messages[at].flags;
	n.keywords = keywords_map(p, f->messages[at].keywords);
	str_clear(name_r);
	name_format(name_r, &n, true);
	str_free(&head);
	return 0;
}

/* Where a link can't be had (too many already, no links at all): the bytes. */
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
	const struct folder *f = p->from;
	int dir = folder_dir(f, at);
	int r;

	if (p->move)
		return name_change(
		    dir, folder_name(f, at).at, p->to.to.cur, name);
	r = linkat(dir, folder_name(f, at).at, p->to.to.cur, name, 0);
	if (r < 0 && (errno == EMLINK || errno == EPERM || errno == EOPNOTSUPP))
		r = copy_bytes(p, at, name);
	return r;
}

/* 1: done; 0: the message is gone; -1 and errno. */
static int
place_one(struct placing *p, uint32_t at, uint32_t uid)
{
	struct folder *f = p->from;
	struct str name = STR_INIT;
	int r = -1;

	for (int i = 0; i < TRIES && r < 0 && !f->messages[at].gone; i++) {
		if (name_new(p, at, uid, &name) < 0)
			break;
		r = link_or_rename(p, at, name.at);
		if (r < 0 && (errno != ENOENT || folder_read(f) < 0))
			break;
	}
	if (r == 0) {
		str_add(&p->names, str_span(&name));
		str_add_byte(&p->names, '\0');
		if (p->move) {
			str_add_byte(
			    &p->olds, f->messages[at].in_new ? 'n' : 'c');
			str_add(&p->olds, folder_name(f, at));
			str_add_byte(&p->olds, '\0');
			folder_set_gone(f, at);
		}
	}
	str_free(&name);
	return r == 0 ? 1 : f->messages[at].gone ? 0 : -1;
}

/* Take back what was made. */
static void
undo(struct placing *p)
{
	const char *name = p->names.at, *end = p->names.at + p->names.len;
	const char *old = p->olds.at;
	const struct maildir *from = &p->from->dirs;
	int saved = errno;

	for (; name < end; name += span_text(name).len + 1) {
		if (!p->move) {
			unlinkat(p->to.to.cur, name, 0);
			continue;
		}
		name_change(p->to.to.cur, name,
		    *old == 'n' ? from->new : from->cur, old + 1);
		old += span_text(old).len + 1;
	}
	errno = saved;
}

/* Messages that were moved back are there again, as far as we know. */
static void
unmark(struct placing *p, const uint32_t *at, size_t n,
    const struct folder_placed *r)
{
	for (size_t i = 0; i < n; i++)
		if (p->move && r->uid[i] != 0) {
			p->from->messages[at[i]].gone = 0;
			p->from->gone--;
		}
}

static int
place_all(struct placing *p, const uint32_t *at, size_t n,
    struct folder_placed *r, uint32_t first)
{
	for (size_t i = 0; i < n; i++) {
		int one = p->from->messages[at[i]].gone
		    ? 0
		    : place_one(p, at[i], first + (uint32_t)i);

		if (one < 0)
			return -1;
		if (one > 0)
			r->uid[i] = first + (uint32_t)i;
	}
	return fsync(p->to.to.cur);
}

static ino_t
inode(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

/* Both locks, the lower inode first, so that two sessions that copy crosswise
 * don't wait for each other. *mine_r is the source's, -1 if it is the same. */
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
	p->from->locked = true;
	return 0;
}

static int
place(struct placing *p, const uint32_t *at, size_t n, struct folder_placed *r)
{
	int mine, result = -1;
	uint32_t first;
	bool current;

	if (lock_both(p, &mine) == 0) {
		current = folder_is_current(p->from);
		first = target_begin(&p->to, (uint32_t)n, true);
		r->uidvalidity = p->to.uids.validity;
		if (first != 0)
			result = place_all(p, at, n, r, first);
		if (first != 0 && result < 0) {
			undo(p);
			unmark(p, at, n, r);
			current = false; /* what is so shows when it is read */
		}
		if (inode(p->from->dirs.dir) != inode(p->to.to.dir))
			folder_touched(p->from, current);
	}
	folder_unlock(p->from, mine);
	p->from->locked = false;
	return result;
}

/* Bytes and number of the messages, for the quota. What names don't tell is
 * looked up here, before there are locks. */
static void
sum(struct folder *f, const uint32_t *at, size_t n, struct quota *sum_r)
{
	uint64_t size, wire;
	int64_t date;

	*sum_r = (struct quota){ 0 };
	for (size_t i = 0; i < n; i++)
		if (!f->messages[at[i]].gone &&
		    folder_size(f, at[i], &size) == 0 &&
		    folder_wire(f, at[i], &wire) == 0 &&
		    folder_date(f, at[i], &date) == 0) {
			sum_r->used += (int64_t)size;
			sum_r->count++;
		}
}

static int
copy_quota(struct folder *f, const struct quota *more)
{
	struct quota q;

	if (quota_read(f->store, QUOTA_AS_WRITTEN, &q) == 0 &&
	    quota_over(&q, (uint64_t)more->used, (uint64_t)more->count)) {
		errno = EDQUOT;
		return -1;
	}
	return 0;
}

static int
copy_or_move(struct placing *p, const uint32_t *at, size_t n, struct span to,
    struct folder_placed *r)
{
	struct quota more = { 0 };
	int result;

	*r = (struct folder_placed){ .n = n };
	r->uid = mem_new((n == 0 ? 1 : n) * sizeof *r->uid);
	result = target_open(&p->to, p->from->store, to);
	sum(p->from, at, n, &more);
	if (result == 0 && !p->move)
		result = copy_quota(p->from, &more);
	if (result == 0 && n > 0)
		result = place(p, at, n, r);
	if (result == 0 && !p->move && n > 0)
		quota_add(p->from->store, NULL, more.used, more.count);
	target_end(&p->to);
	str_free(&p->names);
	str_free(&p->olds);
	if (result < 0)
		folder_placed_free(r);
	return result;
}

int
folder_copy(struct folder *f, const uint32_t *at, size_t n, struct span to,
    struct folder_placed *r)
{
	struct placing p = { .from = f, .names = STR_INIT, .olds = STR_INIT };

	return copy_or_move(&p, at, n, to, r);
}

int
folder_move(struct folder *f, const uint32_t *at, size_t n, struct span to,
    struct folder_placed *r)
{
	struct placing p = {
		.from = f, .move = true, .names = STR_INIT, .olds = STR_INIT
	};

	if (f->read_only) {
		*r = (struct folder_placed){ 0 };
		errno = EROFS;
		return -1;
	}
	return copy_or_move(&p, at, n, to, r);
}

void
folder_placed_free(struct folder_placed *r)
{
	int saved = errno;

	free(r->uid);
	*r = (struct folder_placed){ 0 };
	errno = saved;
}
