#include "store/folder_check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/entries.h"
#include "store/folder_inside.h"
#include "store/foreign.h"
#include "store/index_place.h"
#include "store/mailbox.h"

/* The folder without anything that folder_open() would change. */
static int
look_open(struct folder *f, const struct store *s, struct span mailbox)
{
	struct str dir = STR_INIT;
	int r = -1;

	*f = (struct folder){ .dirs = { -1, -1, -1, -1, 0 },
		.path = STR_INIT,
		.name = STR_INIT,
		.read_only = true,
		.watch = -1,
		.lock = -1,
		.look = -1 };
	f->store = (struct store *)(uintptr_t)s;
	keywords_init(&f->keywords);
	index_init(&f->index);
	if (mailbox_find(s, mailbox, &dir) == 0)
		r = maildir_open(&f->dirs, s->root.dir, dir.at);
	if (r == 0)
		f->dirs.index = index_place_mailbox(s->index, dir.at);
	str_free(&dir);
	return r;
}

static bool
has(const struct folder *f, const char *name)
{
	return faccessat(f->dirs.dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Of the index. */
static bool
has_part(const struct folder *f, const char *name)
{
	return faccessat(maildir_index(&f->dirs), name, F_OK,
		   AT_SYMLINK_NOFOLLOW) == 0;
}

static const char *
uids_source(const struct folder *f)
{
	static const char *const files[] = { "dovecot-uidlist",
		"courierimapuiddb", ".uidvalidity" };

	if (has(f, "takeover"))
		return NULL;
	for (size_t i = 0; i < COUNT(files); i++)
		if (has(f, files[i]))
			return files[i];
	return NULL;
}

static int
look_uids(struct folder *f, struct folder_check *c, struct uids *u_r)
{
	*u_r = (struct uids){ .next = UINT32_MAX };
	if (uids_read(f->dirs.dir, f->store->boot, u_r) == 0)
		return 0;
	if (errno != ENOENT && errno != EBADMSG)
		return -1;
	c->takeover = uids_source(f);
	c->uids = errno == EBADMSG || has(f, "takeover") ||
		has_part(f, "index.names")
	    ? UIDS_LOST
	    : UIDS_NONE;
	return 0;
}

/* One that another server has compressed has the size of the text in its name. */
static void
look_file(struct folder *f, const struct message *m, struct span file,
    struct folder_check *c)
{
	int dir = m->in_new ? f->dirs.new : f->dirs.cur, fd;
	struct stat st;
	const char *compression;

	if (fstatat(dir, file.at, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	c->bytes += (uint64_t)st.st_size;
	if (m->size == SIZE_UNKNOWN || (uint64_t)st.st_size == m->size)
		return;
	c->resized++;
	fd = openat(
	    dir, file.at, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	compression = foreign_compression_of(fd);
	close(fd);
	if (compression != NULL) {
		c->compression = compression;
		c->compressed++;
	}
}

static void
look_names(struct folder *f, const struct reading *r, const struct uids *u,
    struct folder_check *c)
{
	uint32_t named = 0, last = 0;

	for (unsigned i = 0; i < KEYWORDS_MAX; i++)
		if (keywords_name(&f->keywords, i).len > 0)
			named |= 1U << i;
	c->messages = r->count;
	for (uint32_t i = 0; i < r->count; i++) {
		const struct message *m = &r->at[i];

		look_file(f, m, reading_name(r, m), c);
		c->nameless += m->uid == 0;
		c->same += m->uid != 0 && m->uid == last;
		c->above += m->uid >= u->next;
		c->letters += (m->keywords & ~named) != 0;
		last = m->uid;
	}
}

static uint32_t
count_strays(int dir)
{
	struct entries e;
	struct span file;
	struct name n;
	uint32_t count = 0;

	entries_start(&e, dir);
	while (entries_next(&e, &file))
		count += !name_parse(file, &n) || !entries_is_file(&e, file);
	return count;
}

/* Why the index can't be used. */
static enum index_state
index_fault(const struct folder *f)
{
	struct index_header h;
	int fd = openat(maildir_index(&f->dirs), "index",
	    O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? INDEX_NONE : INDEX_WRONG;
	n = read(fd, &h, sizeof h);
	close(fd);
	return n == (ssize_t)sizeof h && index_is_old(&h, f->store->boot)
	    ? INDEX_OLD
	    : INDEX_WRONG;
}

/* How many messages are not as it says; every record counts once. */
static uint32_t
index_compare(struct index *ix, const struct reading *r, bool *damaged_r)
{
	struct str name = STR_INIT;
	uint32_t k = 0, differ = 0;

	while (k < r->count && r->at[k].uid == 0)
		k++;
	differ = k;
	*damaged_r = false;
	for (uint32_t row = 0; row < ix->now.count; row++) {
		struct index_record now;

		str_clear(&name);
		if (!index_record(ix, row, &now) ||
		    !index_name(ix, &now, &name)) {
			*damaged_r = true;
			break;
		}
		if (now.flags & INDEX_DEAD)
			continue;
		for (; k < r->count && r->at[k].uid < now.uid; k++)
			differ++;
		if (k == r->count || r->at[k].uid != now.uid ||
		    !span_equal(reading_name(r, &r->at[k]), str_span(&name)))
			differ++;
		k += k < r->count && r->at[k].uid == now.uid;
	}
	str_free(&name);
	return differ + (r->count - k);
}

static void
look_index(struct folder *f, const struct reading *r, const struct uids *u,
    struct folder_check *c)
{
	bool damaged, read;

	if (f->lost) {
		c->index = index_fault(f);
		return;
	}
	if (c->uids != UIDS_GOOD || f->index.now.uidvalidity != u->validity) {
		c->index = INDEX_BEHIND;
		return;
	}
	read = folder_is_read(f);
	c->differ = index_compare(&f->index, r, &damaged);
	if (damaged || (read && c->differ > 0))
		c->index = INDEX_WRONG;
	else
		c->index = c->differ == 0 ? INDEX_GOOD : INDEX_BEHIND;
}

static int
look(struct folder *f, struct folder_check *c)
{
	struct reading r;
	struct uids u;

	if (look_uids(f, c, &u) < 0 ||
	    keywords_read(&f->keywords, f->dirs.dir) < 0 ||
	    reading_make(&r, &f->dirs) < 0)
		return -1;
	look_names(f, &r, &u, c);
	look_index(f, &r, &u, c);
	reading_free(&r);
	c->strays = count_strays(f->dirs.new) + count_strays(f->dirs.cur);
	c->leftovers = maildir_leftovers(&f->dirs) + has_part(f, "index.new") +
	    has_part(f, "index.names.new") + has_part(f, "index.text.new");
	return 0;
}

int
folder_check(
    const struct store *s, struct span mailbox, struct folder_check *c_r)
{
	struct folder f;
	int lock = -1, r = look_open(&f, s, mailbox);

	*c_r = (struct folder_check){ .uids = UIDS_GOOD };
	/* A folder that nobody has opened has no lock, and needs none. */
	if (r == 0 && has(&f, "folder.lock")) {
		lock = maildir_lock(&f.dirs);
		r = lock < 0 ? -1 : 0;
	}
	if (r == 0) {
		f.lost = true;
		if (lock >= 0)
			folder_locked(&f, lock);
		r = look(&f, c_r);
	}
	if (lock >= 0)
		close(lock);
	folder_close(&f);
	return r;
}

int
folder_rebuild(struct store *s, struct span mailbox)
{
	struct folder f;
	int lock, r = -1;

	/* Read-only: \Recent is for sessions. */
	if (folder_open(&f, s, mailbox, true) < 0)
		return -1;
	lock = folder_lock(&f);
	if (lock >= 0) {
		f.lost = true;
		r = folder_read(&f);
		unlinkat(maildir_index(&f.dirs), "index.new", 0);
		unlinkat(maildir_index(&f.dirs), "index.names.new", 0);
		unlinkat(maildir_index(&f.dirs), "index.text.new", 0);
	}
	folder_unlock(&f, lock);
	if (r == 0)
		maildir_sweep(&f.dirs);
	folder_close(&f);
	return r;
}
