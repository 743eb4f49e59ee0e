#include "store/append.h"

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "os/file.h"
#include "store/folder_inside.h"
#include "store/name.h"
#include "store/quota.h"

int
append_start(struct append *a, struct store *s, struct span mailbox)
{
	struct id id = id_new();

	*a = (struct append){ .id = id,
		.waiting = STR_INIT,
		.file = { .fd = -1, .temporary = STR_INIT, .name = STR_INIT } };
	if (target_open(&a->to, s, mailbox) < 0)
		return -1;
	return delivery_start(&a->file, &a->to.to, span_text(id.text));
}

enum { WRITE_AT = 16384 };

static int
flush(struct append *a)
{
	int r = delivery_write(&a->file, str_span(&a->waiting));

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
			if (bytes.at[0] != '\n')
				str_add_byte(&a->waiting, '\r');
			continue;
		}
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
	struct quota q;

	if (quota_read(a->to.store, QUOTA_AS_WRITTEN, &q) == 0 &&
	    quota_over(&q, a->file.size, 1)) {
		errno = EDQUOT;
		return -1;
	}
	return 0;
}

/* Its name in cur/. Under the target's lock. */
static void
name_final(struct append *a, const struct append_how *how, uint32_t uid,
    struct str *name_r)
{
	struct str head = STR_INIT;
	struct name n = { .uid = uid, .flags = how->flags & FLAGS_IMAP };

	name_make(&head, how->date, span_text(a->id.text), SPAN(""),
	    str_span(&a->to.store->host));
	n.base.len = head.len;
	name_sizes(&head, a->file.size, a->file.wire);
	n.head = str_span(&head);
	n.base.at = head.at;
	for (size_t i = 0; i < how->keyword_count; i++)
		n.keywords |= target_keyword(&a->to, how->keywords[i]);
	name_format(name_r, &n, true);
	str_free(&head);
}

/* The folder is this mailbox, and has all that was in it so far. Under the
 * target's lock. */
static bool
is_known_to(const struct append *a, const struct folder *f)
{
	struct stat to, of;

	return f != NULL && !f->read_only && fstat(a->to.to.cur, &to) == 0 &&
	    fstat(f->dirs.cur, &of) == 0 && to.st_ino == of.st_ino &&
	    to.st_dev == of.st_dev && folder_is_current(f) &&
	    f->uidvalidity == a->to.uids.validity;
}

int
append_commit(struct append *a, const struct append_how *how,
    struct folder *open, uint32_t *uidvalidity_r, uint32_t *uid_r)
{
	struct timespec times[2] = { { 0, UTIME_OMIT }, { how->date, 0 } };
	struct str name = STR_INIT;
	struct commit c = { .fd = a->file.fd,
		.from_dir = a->to.to.tmp,
		.from = a->file.temporary.at,
		.to_dir = a->to.to.cur };
	bool known = false;
	int r = -1;

	if (a->cr)
		str_add_byte(&a->waiting, '\r');
	a->cr = false;
	if (flush(a) < 0)
		return -1;
	/* The file is synced before the lock is taken: others don't wait for
	 * its bytes. */
	if (check_quota(a) < 0 || futimens(a->file.fd, times) < 0 ||
	    fsync(a->file.fd) < 0)
		return -1;
	*uid_r = target_begin(&a->to, 1, false);
	if (*uid_r != 0) {
		known = is_known_to(a, open);
		name_final(a, how, *uid_r, &name);
		c.to = name.at;
		r = file_commit_how(&c, 1, false);
		/* Named, or removed by file_commit(): not ours any more. */
		close(a->file.fd);
		a->file.fd = -1;
	}
	if (r == 0 && known) {
		folder_add(open, str_span(&name));
		uids_told(a->to.to.dir, a->to.store->boot, &a->to.uids);
	}
	*uidvalidity_r = a->to.uids.validity;
	if (r == 0)
		quota_add(a->to.store, NULL, (int64_t)a->file.size, 1);
	str_free(&name);
	return r;
}

void
append_end(struct append *a)
{
	int saved = errno;

	delivery_end(&a->file);
	str_free(&a->waiting);
	target_end(&a->to);
	errno = saved;
}
