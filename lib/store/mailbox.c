#include "store/mailbox.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "base/id.h"
#include "mail/mutf7.h"
#include "store/quota.h"

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
		ok = mutf7_decode(mailbox_r, level, ".");
	}
	/* One name for each directory, one directory for each name. */
	ok = ok && mailbox_directory(str_span(mailbox_r), &again) &&
	    span_equal(str_span(&again), dir);
	str_free(&again);
	return ok;
}

const char *
mailbox_special_use(struct span mailbox)
{
	static const struct {
		const char *name, *use;
	} uses[] = { { "Archive", "\\Archive" }, { "Drafts", "\\Drafts" },
		{ "Junk", "\\Junk" }, { "Sent", "\\Sent" },
		{ "Trash", "\\Trash" } };

	for (size_t i = 0; i < COUNT(uses); i++)
		if (span_equal(mailbox, span_text(uses[i].name)))
			return uses[i].use;
	return NULL;
}

/* The directory of a mailbox that is not INBOX, or -1 and errno. */
static int
directory(struct span mailbox, struct str *dir_r, int inbox_error)
{
	if (!mailbox_directory(mailbox, dir_r))
		errno = EINVAL;
	else if (dir_r->len == 1)
		errno = inbox_error;
	else
		return 0;
	return -1;
}

static int
directory_exists(const struct store *s, const struct str *dir)
{
	struct str cur = STR_INIT;
	int r;

	str_setf(&cur, "%s/cur", dir->at);
	r = faccessat(s->root.dir, cur.at, F_OK, 0);
	str_free(&cur);
	return r;
}

int
mailbox_exists(const struct store *s, struct span mailbox)
{
	struct str dir = STR_INIT;
	int r;

	if (mailbox_directory(mailbox, &dir)) {
		r = directory_exists(s, &dir);
	} else {
		errno = EINVAL;
		r = -1;
	}
	str_free(&dir);
	return r;
}

int
mailbox_create(struct store *s, struct span mailbox)
{
	struct str dir = STR_INIT;
	int r = directory(mailbox, &dir, EEXIST);

	if (r == 0)
		r = maildir_make(&s->root, dir.at);
	str_free(&dir);
	return r;
}

int
mailbox_delete(struct store *s, struct span mailbox)
{
	struct str dir = STR_INIT;
	struct id id = id_new();
	struct quota q;
	int r = directory(mailbox, &dir, EPERM);

	if (r == 0)
		r = directory_exists(s, &dir);
	/* Gone at once for everybody; a crash leaves it in tmp/, where the
	 * sweep finds it. */
	if (r == 0)
		r = renameat(s->root.dir, dir.at, s->root.tmp, id.text);
	if (r == 0)
		r = fsync(s->root.dir);
	if (r == 0)
		maildir_remove(s->root.tmp, id.text);
	if (r == 0 && quota_read(s, QUOTA_AS_WRITTEN, &q) == 0 &&
	    (q.limit > 0 || q.messages > 0))
		quota_count(s, &q);
	str_free(&dir);
	return r;
}
