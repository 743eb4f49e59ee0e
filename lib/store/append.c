#include "store/append.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "os/file.h"
#include "store/changes.h"
#include "store/folder_inside.h"
#include "store/name.h"
#include "store/quota.h"

int
append_start(struct append *a, struct store *s, struct span mailbox)
{
	*a = (struct append){ .waiting = STR_INIT };
	return target_open(&a->to, s, mailbox);
}

static struct append_message *
last(const struct append *a)
{
	return &a->at[a->count - 1];
}

int
append_next(struct append *a)
{
	struct append_message *m;

	if (a->count == a->size) {
		a->size = 2 * a->size + 1;
		a->at = mem_resize(a->at, a->size, sizeof *a->at);
	}
	a->count++;
	m = last(a);
	*m = (struct append_message){ .id = id_new() };
	a->cr = a->after_cr = false;
	str_clear(&a->waiting);
	return delivery_start(&m->file, &a->to.to, span_text(m->id.text));
}

enum { WRITE_AT = 16384 };

static int
flush(struct append *a)
{
	int r = delivery_write(&last(a)->file, str_span(&a->waiting));

	str_clear(&a->waiting);
	return r;
}

/* CRLF on the wire, LF on the disk; a CR by itself stays. */
int
append_write(struct append *a, struct span bytes)
{
	while (bytes.len > 0) {
		size_t n = span_find(bytes, '\r');
		struct span run = span_head(bytes, n);

		if (a->cr) {
			a->cr = false;
			if (bytes.at[0] != '\n' || a->after_cr)
				str_add_byte(&a->waiting, '\r');
			a->after_cr = bytes.at[0] == '\r';
			continue;
		}
		a->after_cr &= n == 0;
		str_add(&a->waiting, run);
		if (a->waiting.len >= WRITE_AT && flush(a) < 0)
			return -1;
		a->cr = n < bytes.len;
		bytes = span_from(bytes, n + 1);
	}
	return 0;
}

static int
check_quota(const struct append *a)
{
	uint64_t bytes = a->bytes + last(a)->file.size;
	struct quota q;

	bytes -= a->credit < bytes ? a->credit : bytes;
	if (quota_room(a->to.store, QUOTA_AS_WRITTEN, bytes, a->count, &q) ==
	    0) {
		errno = EDQUOT;
		return -1;
	}
	return 0;
}

int
append_close(struct append *a, const struct append_how *how)
{
	struct timespec times[2] = { { 0, UTIME_OMIT }, { how->date, 0 } };
	struct append_message *m = last(a);

	if (a->cr)
		str_add_byte(&a->waiting, '\r');
	a->cr = false;
	if (flush(a) < 0 || check_quota(a) < 0)
		return -1;
	/* Sync the file before taking the lock, so that others don't wait for
	 * its bytes. */
	if (futimens(m->file.fd, times) < 0 || fsync(m->file.fd) < 0)
		return -1;
	/* Many messages need no more descriptors than one. */
	close(m->file.fd);
	m->file.fd = -1;
	m->closed = true;
	m->how = *how;
	a->bytes += m->file.size;
	return 0;
}

/* Its name in cur/. Called under the target's lock. -1 and errno: a keyword
 * can't be created, and the message must not be stored without it. */
static int
name_final(struct append *a, const struct append_message *m, struct str *name_r)
{
	struct str head = STR_INIT;
	struct name n = { .uid = m->uid, .flags = m->how.flags & FLAGS_IMAP };

	if (target_keywords(
		&a->to, m->how.keywords, m->how.keyword_count, &n.keywords) < 0)
		return -1;
	name_make(&head, m->how.date, span_text(m->id.text), SPAN(""),
	    str_span(&a->to.store->host));
	n.base.len = head.len;
	name_sizes(&head, m->file.size, m->file.wire);
	n.head = str_span(&head);
	n.base.at = head.at;
	str_clear(name_r);
	name_format(name_r, &n, true);
	str_free(&head);
	return 0;
}

static bool
is_current_under(struct folder *f, int lock)
{
	bool current;

	folder_locked(f, lock);
	current = folder_is_current(f);
	f->lock = -1;
	return current;
}

/* The folder is this mailbox and is up to date. Called under the target's
 * lock. */
static bool
is_known_to(const struct append *a, struct folder *f)
{
	struct stat to, of;

	return f != NULL && !f->read_only && fstat(a->to.to.cur, &to) == 0 &&
	    fstat(f->dirs.cur, &of) == 0 && to.st_ino == of.st_ino &&
	    to.st_dev == of.st_dev && is_current_under(f, a->to.lock) &&
	    f->uidvalidity == a->to.uids.validity;
}

/* Each message's final name, in the place of its temporary one's base. */
static int
names_final(struct append *a, uint32_t first)
{
	for (size_t i = 0; i < a->count; i++) {
		struct append_message *m = &a->at[i];

		m->uid = first + (uint32_t)i;
		if (name_final(a, m, &m->file.name) < 0)
			return -1;
	}
	return 0;
}

static void
remove_named(struct append *a)
{
	int saved = errno;

	for (size_t i = 0; i < a->count; i++)
		if (!a->at[i].closed)
			unlinkat(a->to.to.cur, a->at[i].file.name.at, 0);
	errno = saved;
}

/* Rename all, under the target's lock; all or none. */
static int
rename_all(struct append *a)
{
	struct commit *c = mem_new(a->count * sizeof *c);
	int r;

	for (size_t i = 0; i < a->count; i++)
		c[i] = (struct commit){ .fd = -1,
			.from_dir = a->to.to.tmp,
			.from = a->at[i].file.temporary.at,
			.to_dir = a->to.to.cur,
			.to = a->at[i].file.name.at };
	r = file_commit_how(c, a->count, false);
	/* Renamed, or removed by file_commit(): no longer ours in tmp/. */
	for (size_t i = 0; i < a->count; i++)
		a->at[i].closed = c[i].error != 0;
	if (r < 0)
		remove_named(a);
	for (size_t i = 0; i < a->count; i++)
		a->at[i].closed = false;
	free(c);
	return r;
}

/* Under the target's lock. */
static int
commit_locked(struct append *a, struct folder *open, uint32_t first)
{
	bool known = is_known_to(a, open);

	if (names_final(a, first) < 0 || rename_all(a) < 0)
		return -1;
	if (!known) {
		changes_note(a->to.lock, changes_read(a->to.lock));
		return 0;
	}
	folder_locked(open, a->to.lock);
	for (size_t i = 0; i < a->count; i++)
		folder_add(open, str_span(&a->at[i].file.name));
	folder_settle(open);
	open->lock = -1;
	return 0;
}

int
append_commit(struct append *a, struct folder *open, uint32_t *uidvalidity_r)
{
	struct quota_change done = { 0 };
	uint32_t first;
	int r = -1;

	quota_hold(a->to.store, &done);
	first = target_begin(&a->to, (uint32_t)a->count, false);
	*uidvalidity_r = a->to.uids.validity;
	if (first != 0)
		r = commit_locked(a, open, first);
	if (r == 0) {
		done.bytes = (int64_t)a->bytes;
		done.count = (int64_t)a->count;
	}
	target_unlock(&a->to);
	quota_release(a->to.store, &done);
	return r;
}

void
append_undo(struct append *a)
{
	struct quota_change done = { 0 };
	int saved = errno;

	quota_hold(a->to.store, &done);
	for (size_t i = 0; i < a->count; i++)
		if (unlinkat(a->to.to.cur, a->at[i].file.name.at, 0) == 0) {
			done.bytes -= (int64_t)a->at[i].file.size;
			done.count--;
		}
	quota_release(a->to.store, &done);
	errno = saved;
}

void
append_end(struct append *a)
{
	int saved = errno;

	for (size_t i = 0; i < a->count; i++) {
		if (a->at[i].closed)
			unlinkat(a->to.to.tmp, a->at[i].file.temporary.at, 0);
		delivery_end(&a->at[i].file);
	}
	free(a->at);
	str_free(&a->waiting);
	target_end(&a->to);
	errno = saved;
}
