/* The first opening of a folder: its UIDVALIDITY and the UIDs that another
 * server assigned. Names are written first, `uids` and `takeover` last: after a
 * crash in between, the whole is repeated.
 *
 * If `uids` is lost later, the other server's file must not be used again: UIDs
 * that we assigned under its UIDVALIDITY would be reused. So `takeover` records
 * that the file was used, and names may show it too; then the folder gets
 * another UIDVALIDITY. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/io.h"
#include "base/log.h"
#include "store/foreign.h"
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

/* Where UIDs of another server may come from. */
struct source {
	struct takeover uids;
	struct str text;
	const char *file; /* NULL: nowhere */
	bool listed;      /* it lists each message; else names have the UIDs */
	bool in_names;    /* mbsync's UIDs are in the names */
};

/* Find and read the other server's file, if any. An unreadable one is an error:
 * continuing without it would lose the UIDs. */
static int
source_read(int dir, struct source *o)
{
	*o = (struct source){ .text = STR_INIT };
	o->in_names = faccessat(dir, ".uidvalidity", F_OK, 0) == 0;
	if (faccessat(dir, "takeover", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	for (size_t i = 0; i < COUNT(sources); i++) {
		int r,
		    fd = openat(dir, sources[i].file,
			O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

		if (fd < 0 && errno == ENOENT)
			continue;
		if (fd < 0)
			return -1;
		str_clear(&o->text);
		r = read_all(fd, UIDLIST_MAX, &o->text);
		close(fd);
		if (r < 0)
			return -1;
		if (sources[i].parse(&o->uids, str_span(&o->text))) {
			o->file = sources[i].file;
			o->listed = sources[i].parse == takeover_uidlist;
			return 0;
		}
	}
	return 0;
}

static void
source_free(struct source *o)
{
	takeover_free(&o->uids);
	str_free(&o->text);
}

/* A UID in a name that is not in this file was assigned by us later. */
static bool
is_given_since(const struct source *o, const struct reading *r)
{
	for (uint32_t i = 0; i < r->count; i++) {
		uint32_t uid = r->at[i].uid;
		struct name n;

		if (uid == 0 || !name_parse(reading_name(r, &r->at[i]), &n))
			continue;
		if (o->listed
			? !o->in_names && takeover_find(&o->uids, n.base) != uid
			: uid >= o->uids.next)
			return true;
	}
	return false;
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
		r = 0; /* another program renamed it; it gets a new UID */
	str_free(&name);
	return r;
}

/* Write the old server's UIDs into the names; returns the highest UID in any
 * name. A UID that the list does not confirm is dropped: there it may have been
 * another message's. */
static int
apply(const struct maildir *m, const struct source *o, const struct reading *r,
    uint32_t *highest_r)
{
	int result = 0;

	*highest_r = 0;
	for (uint32_t i = 0; i < r->count && result == 0; i++) {
		struct span file = reading_name(r, &r->at[i]);
		uint32_t uid = r->at[i].uid;
		struct name n;

		if (o->listed && name_parse(file, &n)) {
			uid = takeover_find(&o->uids, n.base);
			if (uid != r->at[i].uid)
				result = rename_to_uid(m, &r->at[i], file, uid);
		}
		if (uid > *highest_r)
			*highest_r = uid;
	}
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

static void
log_lost(const char *file)
{
	struct logline l;

	log_start(&l, "uids-lost");
	log_text(&l, "ignored", file);
	log_text(&l, "remedy", "none needed: clients reload the folder");
	log_write(&l);
}

/* By their names alone: nothing is opened here. */
static void
look_compressed(const struct reading *r)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < r->count; i++)
		count += (r->at[i].flags & FLAG_COMPRESSED) != 0;
	if (count > 0)
		foreign_log_messages(count);
}

static int
uids_from(const struct maildir *m, const struct store *s, struct source *o,
    struct uids *u_r)
{
	struct reading r;
	uint32_t highest = 0;
	int result;

	if (reading_make(&r, m) < 0)
		return -1;
	look_compressed(&r);
	if (o->file != NULL && is_given_since(o, &r)) {
		log_lost(o->file);
		source_free(o);
		*o = (struct source){ .text = STR_INIT };
	}
	result = apply(m, o, &r, &highest);
	reading_free(&r);
	if (result < 0)
		return -1;
	u_r->validity = o->file != NULL ? o->uids.validity
					: uids_validity_new(s);
	u_r->next = o->uids.next > highest ? o->uids.next : highest + 1;
	u_r->reserved = u_r->recent = u_r->next;
	return u_r->validity == 0 ? -1 : uids_create(m, u_r, o->file);
}

static int
uids_make(const struct maildir *m, const struct store *s, struct uids *u_r)
{
	struct source o;
	int r = source_read(m->dir, &o);

	if (r == 0)
		r = uids_from(m, s, &o, u_r);
	if (r == 0 && o.file != NULL)
		log_made(u_r, o.file, (uint32_t)o.uids.count);
	source_free(&o);
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
