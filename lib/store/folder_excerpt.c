/* What the index keeps of the messages' content. */
#include <string.h>

#include "store/folder_inside.h"

enum {
	WRITE_AT = 256 * 1024, /* bytes that wait */
	WAIT_MAX = 1024 * 1024,
};

/* Whose the next excerpt is. The sum of its name tells that it has the same file
 * still. */
struct wait {
	uint32_t at, uid, name_crc, size;
	uint32_t len;
};

void
folder_excerpts_init(struct folder *f)
{
	struct folder_excerpts *x = &f->excerpts;

	excerpts_init(&x->file);
	str_init(&x->read);
	str_init(&x->bytes);
	str_init(&x->waits);
	x->refused = false;
}

/* The file that the index's header tells of. */
static bool
is_open(struct folder *f)
{
	struct excerpts *x = &f->excerpts.file;
	struct index_header h;

	if (!index_header(&f->index, &h))
		return false;
	if (x->fd >= 0 && x->generation == h.content)
		return true;
	return h.content != x->missing &&
	    excerpts_open(x, maildir_index(&f->dirs), h.content);
}

bool
folder_excerpt(struct folder *f, uint32_t at, struct excerpt *e_r)
{
	struct index_record r = folder_record(f, at);
	struct excerpts *x = &f->excerpts.file;

	e_r->parts = NULL;
	if (r.excerpt == 0 || (r.flags & INDEX_DEAD))
		return false;
	if ((x->fd < 0 || r.excerpt_of != (uint32_t)x->generation) &&
	    !is_open(f))
		return false;
	return excerpt_read(x, &r, f->uidvalidity, &f->excerpts.read, e_r);
}

static void
forget(struct folder *f)
{
	str_clear(&f->excerpts.bytes);
	str_clear(&f->excerpts.waits);
}

static int
point(struct folder *f, const struct wait *w, uint32_t place)
{
	struct index_record r;
	uint32_t row;

	if (!view_row(f, w->at, &row) || !index_record(&f->index, row, &r) ||
	    r.uid != w->uid || (r.flags & INDEX_DEAD) || r.size != w->size ||
	    r.name_crc != w->name_crc)
		return 0;
	excerpt_set(&f->index, &r, place, w->len);
	return index_put_excerpt(&f->index, row, &r);
}

/* Under the lock. -1: the index is broken. */
static int
point_all(struct folder *f, uint32_t place)
{
	struct span rest = str_span(&f->excerpts.waits);
	struct wait w;

	for (; rest.len > 0; rest = span_from(rest, sizeof w)) {
		memcpy(&w, rest.at, sizeof w);
		if (point(f, &w, place) < 0)
			return -1;
		place += w.len / EXCERPT_PLACE;
	}
	return index_flush(&f->index);
}

static void
write_locked(struct folder *f)
{
	struct folder_excerpts *x = &f->excerpts;
	struct index *ix = &f->index;
	uint32_t place;

	if (f->lost || ix->private)
		return;
	/* A full disk: the next command tries again. */
	if (excerpts_begin(&x->file, ix, maildir_index(&f->dirs)) < 0 ||
	    excerpts_write(&x->file, ix, &x->bytes, &place) < 0)
		x->refused = true;
	else if (point_all(f, place) < 0)
		f->lost = true;
}

/* Only a session that need not wait for the lock writes; a command is never held up
 * by a cache. */
static void
write_waiting(struct folder *f)
{
	struct folder_excerpts *x = &f->excerpts;
	int lock;

	if (x->waits.len == 0)
		return;
	lock = f->lock >= 0 ? -1 : folder_lock_free(f);
	if (lock >= 0) {
		write_locked(f);
		folder_unlock(f, lock);
	}
	if (lock >= 0 || x->bytes.len >= WAIT_MAX)
		forget(f);
}

void
folder_excerpt_keep(
    struct folder *f, uint32_t at, struct span parts[EXCERPT_PARTS])
{
	struct index_record r = folder_record(f, at);
	struct folder_excerpts *x = &f->excerpts;
	struct span file = folder_name(f, at);
	struct wait w = {
		.at = at, .uid = r.uid, .name_crc = r.name_crc, .size = r.size
	};
	size_t before = x->bytes.len;

	if (x->refused || f->index.private || (r.flags & INDEX_DEAD))
		return;
	parts[EXCERPT_NAME] = name_base_of(file);
	if (!excerpts_add(&x->bytes, &r, f->uidvalidity, parts))
		return;
	w.len = (uint32_t)(x->bytes.len - before);
	str_add(&x->waits, (struct span){ (const char *)&w, sizeof w });
	if (x->bytes.len >= WRITE_AT)
		write_waiting(f);
}

void
folder_excerpts_rest(struct folder *f)
{
	struct folder_excerpts *x = &f->excerpts;

	write_waiting(f);
	x->refused = false;
	x->file.missing = 0;
	str_free(&x->read);
	str_free(&x->bytes);
	str_free(&x->waits);
	excerpts_unmap(&x->file);
}

void
folder_excerpts_free(struct folder *f)
{
	struct folder_excerpts *x = &f->excerpts;

	if (f->dirs.dir >= 0)
		write_waiting(f);
	str_free(&x->read);
	str_free(&x->bytes);
	str_free(&x->waits);
	excerpts_close(&x->file);
}
