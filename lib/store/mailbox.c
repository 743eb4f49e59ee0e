#include "store/mailbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/id.h"
#include "mail/mutf7.h"
#include "store/acl.h"
#include "store/entries.h"
#include "store/index_place.h"
#include "store/quota.h"
#include "store/shared.h"

enum { DIRECTORY_MAX = 200 }; /* bytes of a folder's directory name */

#define INBOX SPAN("INBOX")

bool
mailbox_directory(struct span mailbox, struct str *dir_r)
{
	struct span rest = mailbox, level;
	bool first = true, more = true;

	str_set(dir_r, SPAN("."));
	if (span_equal_case(mailbox, INBOX))
		return true;
	str_clear(dir_r);
	while (more) {
		size_t n = span_find(rest, MAILBOX_SEPARATOR);

		level = span_head(rest, n);
		more = n < rest.len;
		rest = span_from(rest, n + 1);
		/* RFC 3501 5.1: INBOX is the same in any case. */
		if (first && span_equal_case(level, INBOX))
			level = INBOX;
		first = false;
		str_add_byte(dir_r, '.');
		if (level.len == 0 || level.len > DIRECTORY_MAX ||
		    !mutf7_encode(dir_r, level, ".") ||
		    dir_r->len > DIRECTORY_MAX)
			return false;
	}
	return true;
}

/* Decode one level of a directory's name. */
static void
level_decode(struct span level, struct str *out)
{
	bool ascii = true;

	for (size_t i = 0; i < level.len; i++)
		ascii = ascii && (unsigned char)level.at[i] < 128;
	/* Dovecot's option UTF-8: taken literally, '&' included. */
	if (!ascii || !mutf7_decode_loose(out, level))
		str_add(out, level);
}

bool
mailbox_of_directory(struct span dir, struct str *mailbox_r)
{
	struct str again = STR_INIT;
	struct span rest = dir;
	bool ok = true;

	str_clear(mailbox_r);
	if (span_equal(dir, SPAN("."))) {
		str_set(mailbox_r, INBOX);
		return true;
	}
	while (ok && span_take(&rest, '.')) {
		struct span level = span_head(rest, span_find(rest, '.'));

		if (mailbox_r->len > 0)
			str_add_byte(mailbox_r, MAILBOX_SEPARATOR);
		rest = span_from(rest, level.len);
		ok = level.len > 0;
		level_decode(level, mailbox_r);
	}
	/* A name that a client can use, and not INBOX itself. */
	ok = ok && mailbox_directory(str_span(mailbox_r), &again) &&
	    again.len > 1;
	if (ok &&
	    span_equal_case(span_head(str_span(mailbox_r), INBOX.len), INBOX) &&
	    mailbox_r->at[INBOX.len] == MAILBOX_SEPARATOR)
		memcpy(mailbox_r->at, INBOX.at, INBOX.len);
	str_free(&again);
	return ok;
}

/* Find another directory for the same mailbox, the first in byte order. */
static void
find_other(const struct store *s, struct str *dir)
{
	struct str wanted = STR_INIT, name = STR_INIT, found = STR_INIT;
	struct entries e;
	struct span entry;

	if (mailbox_of_directory(str_span(dir), &wanted)) {
		entries_start(&e, s->root.dir);
		while (entries_next(&e, &entry))
			if (entry.at[0] == '.' &&
			    mailbox_of_directory(entry, &name) &&
			    span_equal(str_span(&name), str_span(&wanted)) &&
			    (found.len == 0 ||
				span_compare(entry, str_span(&found)) < 0))
				str_set(&found, entry);
	}
	if (found.len > 0)
		str_set(dir, str_span(&found));
	str_free(&found);
	str_free(&name);
	str_free(&wanted);
}

bool
mailbox_is_foreign(const struct str *dir)
{
	return dir->at[0] == '/';
}

bool
mailbox_is_others(const struct store *s, struct span mailbox)
{
	return s->shared != NULL && shared_is_name(mailbox);
}

const struct shared_folder *
mailbox_shared(const struct store *s, struct span mailbox)
{
	return mailbox_is_others(s, mailbox)
	    ? shared_by_name(s->shared, mailbox)
	    : NULL;
}

unsigned
mailbox_rights(const struct store *s, struct span mailbox)
{
	const struct shared_folder *other = mailbox_shared(s, mailbox);

	return other == NULL ? RIGHTS_ALL : shared_rights(s->shared, other);
}

int
mailbox_may(const struct store *s, struct span mailbox, unsigned right)
{
	unsigned rights = mailbox_rights(s, mailbox);

	if (rights & right)
		return 0;
	errno = rights & RIGHT_LOOKUP ? EACCES : ENOENT;
	return -1;
}

int
mailbox_find(const struct store *s, struct span mailbox, struct str *dir_r)
{
	const struct shared_folder *other = mailbox_shared(s, mailbox);

	if (other != NULL) {
		str_set(dir_r, other->path);
		return 0;
	}
	if (!mailbox_directory(mailbox, dir_r)) {
		errno = EINVAL;
		return -1;
	}
	if (dir_r->len > 1 &&
	    faccessat(s->root.dir, dir_r->at, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		find_other(s, dir_r);
	return 0;
}

static int
directory_exists(const struct store *s, const struct str *dir)
{
	return faccessat(s->root.dir, dir->at, F_OK,
	    dir->len == 1 ? 0 : AT_SYMLINK_NOFOLLOW);
}

int
mailbox_exists(const struct store *s, struct span mailbox)
{
	struct str dir = STR_INIT;
	int r = mailbox_find(s, mailbox, &dir);

	if (r == 0)
		r = directory_exists(s, &dir);
	str_free(&dir);
	return r;
}

int
mailbox_create(struct store *s, struct span mailbox)
{
	return mailbox_create_with(s, mailbox, SPAN(""));
}

int
mailbox_create_with(struct store *s, struct span mailbox, struct span metadata)
{
	struct str dir = STR_INIT;
	int r = mailbox_find(s, mailbox, &dir);

	if (r == 0 && directory_exists(s, &dir) == 0) {
		errno = EEXIST;
		r = -1;
	} else if (r == 0 && mailbox_is_others(s, mailbox)) {
		errno = EACCES;
		r = -1;
	}
	if (r == 0)
		r = maildir_make_with(&s->root, dir.at, metadata);
	str_free(&dir);
	return r;
}

/* It disappears for everybody at once; a crash leaves it in tmp/, where the
 * sweep finds it. */
static int
directory_remove(const struct store *s, const char *dir)
{
	struct id id = id_new();

	if (renameat(s->root.dir, dir, s->root.tmp, id.text) < 0 ||
	    fsync(s->root.dir) < 0)
		return -1;
	maildir_remove(s->root.tmp, id.text);
	return 0;
}

int
mailbox_delete(struct store *s, struct span mailbox)
{
	struct str dir = STR_INIT;
	struct quota q;
	int r = mailbox_find(s, mailbox, &dir);

	if (r == 0 && (dir.len == 1 || mailbox_is_foreign(&dir))) {
		errno = dir.len == 1 ? EPERM : EACCES;
		r = -1;
	}
	if (r == 0)
		r = directory_remove(s, dir.at);
	if (r == 0)
		index_place_forget(s->index, dir.at);
	if (r == 0 && quota_read(s, QUOTA_AS_WRITTEN, &q) == 0 &&
	    (q.limit > 0 || q.messages > 0))
		quota_count(s, &q);
	str_free(&dir);
	return r;
}
