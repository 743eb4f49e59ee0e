/* The first time that we see a folder: its UIDVALIDITY and the UIDs that
 * another server gave. Names first, `uids` last: a crash between the two is
 * made good by doing it again. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "store/reading.h"
#include "store/takeover.h"
#include "store/uids.h"

enum { UIDLIST_MAX = 256 << 20 };

static const struct {
	const char *file;
	bool (*parse)(struct takeover *t, struct span text);
} sources[] = { { "dovecot-uidlist", takeover_uidlist },
	{ "courierimapuiddb", takeover_uidlist },
	{ ".uidvalidity", takeover_mbsync } };

/* Which file it came from, or NULL. An unreadable one is an error: going on
 * without it would throw the UIDs away. */
static int
source_read(int dir, struct takeover *t, struct str *text, const char **file_r)
{
	*t = (struct takeover){ 0 };
	*file_r = NULL;
	for (size_t i = 0; i < COUNT(sources); i++) {
		int fd = openat(
		    dir, sources[i].file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
		int r;

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return -1;
		str_clear(text);
		r = read_all(fd, UIDLIST_MAX, text);
		close(fd);
		if (r < 0)
			return -1;
		if (sources[i].parse(t, str_span(text))) {
			*file_r = sources[i].file;
			return 0;
		}
	}
	return 0;
}

static int
rename_to_uid(const struct maildir *m, const struct message *one,
    struct span file, uint32_t uid)
{
	struct str name = STR_INIT;
	struct name n;
	int dir = one->in_new ? m->new : m->cur, r = 0;

	name_parse(file, &n);
	n.uid = uid;
	name_format(&name, &n, !one->in_new || one->flags || one->keywords);
	if (name.len <= NAME_MAX_LEN)
		r = name_change(dir, file.at, dir, name.at);
	if (r < 0 && errno == ENOENT)
		r = 0; /* another program was here; it gets a new UID */
	str_free(&name);
	return r;
}

/* Write the old server's UIDs into the names; the highest UID in any name. */
static int
apply(const struct maildir *m, const struct takeover *t, uint32_t *highest_r)
{
	struct reading r;
	int result = 0;

	*highest_r = 0;
	if (reading_make(&r, m) < 0)
		return -1;
	for (uint32_t i = 0; i < r.count && result == 0; i++) {
		struct span file = reading_name(&r, &r.at[i]);
		uint32_t uid = r.at[i].uid;
		struct name n;

		if (name_parse(file, &n) && t->count > 0) {
			uid = takeover_find(t, n.base);
			if (uid != 0 && uid != r.at[i].uid)
				result = rename_to_uid(m, &r.at[i], file, uid);
		}
		if (uid > *highest_r)
			*highest_r = uid;
	}
	reading_free(&r);
	return result;
}

static void
log_made(const struct uids *u, const char *file, uint32_t count)
{
	struct logline l;

	log_start(&l, "takeover");
	log_text(&l, "from", file);
	log_number(&l, "uidvalidity", u->validity);
	log_number(&l, "uidnext", u->next);
	log_number(&l, "messages", count);
	log_write(&l);
}

static int
uids_make(const struct maildir *m, const struct store *s, struct uids *u_r)
{
	struct str text = STR_INIT;
	struct takeover t;
	const char *file;
	uint32_t highest = 0;
	int r = source_read(m->dir, &t, &text, &file);

	if (r == 0)
		r = apply(m, &t, &highest);
	if (r == 0) {
		u_r->validity = file != NULL ? t.validity
					     : uids_validity_new(s);
		u_r->next = t.next > highest ? t.next : highest + 1;
		u_r->reserved = u_r->recent = u_r->next;
		r = u_r->validity == 0 ? -1 : uids_create(m, u_r);
	}
	if (r == 0 && file != NULL)
		log_made(u_r, file, (uint32_t)t.count);
	takeover_free(&t);
	str_free(&text);
	return r;
}

int
uids_ensure(const struct maildir *m, const struct store *s, struct uids *u_r)
{
	if (uids_read(m->dir, s->boot, u_r) == 0)
		return 0;
	if (errno != ENOENT && errno != EBADMSG)
		return -1;
	return uids_make(m, s, u_r);
}
