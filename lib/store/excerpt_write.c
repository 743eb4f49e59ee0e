/* Writing excerpts, under the folder's lock. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "store/excerpt_inside.h"
#include "store/index_inside.h"

enum { BUFFER = 256 * 1024, WORN_MIN = 256 * 1024 };

bool
excerpts_add(struct str *out, const struct index_record *r,
    uint32_t uidvalidity, const struct span parts[EXCERPT_PARTS])
{
	struct excerpt_head h = { .sign = EXCERPT_SIGN,
		.uid = r->uid,
		.uidvalidity = uidvalidity,
		.size = r->size };
	size_t length = sizeof h;

	for (unsigned i = 0; i < EXCERPT_PARTS; i++) {
		h.len[i] = EXCERPT_NONE;
		if (parts[i].at == NULL)
			continue;
		if (parts[i].len > EXCERPT_MAX - length)
			return false;
		h.len[i] = (uint32_t)parts[i].len;
		h.sum[i] = crc32c(0, parts[i].at, parts[i].len);
		length += parts[i].len;
	}
	while (length % EXCERPT_PLACE != 0)
		length++;
	if (length > EXCERPT_MAX)
		return false;
	h.length = (uint32_t)length;
	length += out->len;
	str_add(out, (struct span){ (const char *)&h, sizeof h });
	for (unsigned i = 0; i < EXCERPT_PARTS; i++)
		if (parts[i].at != NULL)
			str_add(out, parts[i]);
	while (out->len < length)
		str_add_byte(out, '\0');
	return true;
}

static int
file_make(struct excerpts *x, struct index *ix, int dir)
{
	struct excerpt_start start = { .version = EXCERPT_VERSION,
		.start_size = sizeof start,
		.generation = index_generation_new() };

	excerpts_close(x);
	memcpy(start.magic, EXCERPT_MAGIC, sizeof start.magic);
	/* Who has the old file open goes on with it, as far as records point to
	 * it. */
	unlinkat(dir, EXCERPT_FILE, 0);
	x->fd = openat(dir, EXCERPT_FILE,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (x->fd < 0)
		return -1;
	if (pwrite(x->fd, &start, sizeof start, 0) != (ssize_t)sizeof start) {
		excerpts_close(x);
		errno = ENOSPC;
		return -1;
	}
	index_bus_errors();
	x->generation = start.generation;
	ix->now.content = start.generation;
	ix->now.content_end = sizeof start;
	ix->now.content_unused = 0;
	ix->dirty = true;
	return 0;
}

int
excerpts_begin(struct excerpts *x, struct index *ix, int dir)
{
	if ((x->fd >= 0 && x->generation == ix->now.content) ||
	    excerpts_open(x, dir, ix->now.content))
		return 0;
	return file_make(x, ix, dir);
}

/* Each head has the sum for its place. False: they are none; what was copied from a
 * file may have been damaged since it was looked at. */
static bool
seal(struct str *excerpts, uint64_t generation, uint32_t place)
{
	size_t at = 0;

	while (excerpts->len - at >= sizeof(struct excerpt_head)) {
		struct excerpt_head h;

		memcpy(&h, excerpts->at + at, sizeof h);
		if (h.length < sizeof h || h.length % EXCERPT_PLACE != 0 ||
		    h.length > excerpts->len - at)
			return false;
		h.crc = excerpt_head_sum(
		    &h, generation, place + (uint32_t)(at / EXCERPT_PLACE));
		memcpy(excerpts->at + at, &h, sizeof h);
		at += h.length;
	}
	return at == excerpts->len;
}

int
excerpts_write(struct excerpts *x, struct index *ix, struct str *excerpts,
    uint32_t *place_r)
{
	uint64_t at = ix->now.content_end;
	ssize_t n;

	if ((at + excerpts->len) / EXCERPT_PLACE > UINT32_MAX) {
		errno = EFBIG;
		return -1;
	}
	*place_r = (uint32_t)(at / EXCERPT_PLACE);
	if (!seal(excerpts, x->generation, *place_r)) {
		errno = EBADMSG;
		return -1;
	}
	n = pwrite(x->fd, excerpts->at, excerpts->len, (off_t)at);
	if (n != (ssize_t)excerpts->len) {
		if (n >= 0)
			errno = ENOSPC;
		return -1;
	}
	ix->now.content_end += excerpts->len;
	/* Until records point to them. */
	ix->now.content_unused += excerpts->len;
	ix->dirty = true;
	return 0;
}

void
excerpt_set(
    struct index *ix, struct index_record *r, uint32_t place, uint32_t len)
{
	struct index_header *h = &ix->now;

	if (r->excerpt != 0 && r->excerpt_of == (uint32_t)h->content)
		h->content_unused += r->excerpt_len;
	r->excerpt = place;
	r->excerpt_len = len;
	r->excerpt_of = len == 0 ? 0 : (uint32_t)h->content;
	h->content_unused -= len < h->content_unused ? len : h->content_unused;
	ix->dirty = true;
}

bool
excerpts_are_worn(const struct index_header *h)
{
	return h->content_unused >= WORN_MIN &&
	    h->content_unused > h->content_end / 2;
}

/* Rows first to end - 1 of the index point to their excerpts in the new file, which
 * begin at this place, and have these bytes. */
struct copying {
	struct excerpts *from, *to;
	struct index *ix;
	struct str bytes;
	uint32_t first;
};

static int
copied_write(struct copying *c, uint32_t end)
{
	uint32_t place = 0;

	if (index_flush(c->ix) < 0 ||
	    excerpts_write(c->to, c->ix, &c->bytes, &place) < 0)
		return -1;
	for (uint32_t row = c->first; row < end; row++) {
		struct index_record r;
		uint32_t len;

		if (!index_record(c->ix, row, &r))
			return -1;
		len = r.excerpt_len;
		if (r.excerpt_of != (uint32_t)c->from->generation || len == 0)
			continue;
		excerpt_set(c->ix, &r, place, len);
		if (index_put_excerpt(c->ix, row, &r) < 0)
			return -1;
		place += len / EXCERPT_PLACE;
	}
	c->first = end;
	str_clear(&c->bytes);
	return 0;
}

/* Those that are damaged lose their pointer. */
static int
copy(struct copying *c)
{
	for (uint32_t row = 0; row < c->ix->now.count; row++) {
		struct index_record r;
		struct span whole;

		if (!index_record(c->ix, row, &r))
			return -1;
		if (r.excerpt == 0 ||
		    r.excerpt_of != (uint32_t)c->from->generation)
			continue;
		if (!excerpt_whole(
			c->from, &r, c->ix->now.uidvalidity, &whole)) {
			excerpt_set(c->ix, &r, 0, 0);
			if (index_put_excerpt(c->ix, row, &r) < 0)
				return -1;
			continue;
		}
		str_add(&c->bytes, whole);
		if (c->bytes.len >= BUFFER && copied_write(c, row + 1) < 0)
			return -1;
	}
	return copied_write(c, c->ix->now.count) < 0 ? -1 : index_flush(c->ix);
}

/* Records that point to the old file when it fails in between point to none. */
int
excerpts_compact(struct excerpts *x, struct index *ix, int dir)
{
	struct excerpts to;
	struct copying c = {
		.from = x, .to = &to, .ix = ix, .bytes = STR_INIT
	};
	int r;

	excerpts_init(&to);
	if (excerpts_begin(x, ix, dir) < 0)
		return -1;
	r = file_make(&to, ix, dir);
	if (r == 0)
		r = copy(&c);
	str_free(&c.bytes);
	excerpts_close(x);
	*x = to;
	return r;
}

/* The record of the excerpt's message, if it is that message's and no other's. */
static bool
record_find(struct index *ix, const struct excerpt_head *h, struct span base,
    uint32_t *row_r, struct index_record *r_r)
{
	struct span stored;

	if (h->uidvalidity != ix->now.uidvalidity ||
	    !index_find(ix, ix->now.count, h->uid, row_r) ||
	    *row_r >= ix->now.count)
		return false;
	/* A row that waits to be written is not read before. */
	if (*row_r != ix->rows_first + ix->rows.len / sizeof *r_r &&
	    index_flush(ix) < 0)
		return false;
	return index_record(ix, *row_r, r_r) && r_r->uid == h->uid &&
	    r_r->size == h->size && !(r_r->flags & INDEX_DEAD) &&
	    index_name_stored(ix, r_r, &stored) &&
	    span_equal(name_base_of(stored), base);
}

/* One excerpt of the file of this size; its length, or 0: there is none. */
static uint32_t
adopt_one(struct excerpts *x, struct index *ix, uint64_t size)
{
	uint32_t place = (uint32_t)(ix->now.content_end / EXCERPT_PLACE);
	struct excerpt_head h;
	struct index_record r;
	struct excerpt e;
	struct span base;
	uint32_t row;

	if (!excerpt_at(x, place, &h, &e) ||
	    ix->now.content_end + h.length > size)
		return 0;
	ix->now.content_unused += h.length;
	if (!excerpt_take(&e, EXCERPT_NAME, &base) ||
	    !record_find(ix, &h, base, &row, &r))
		return h.length;
	excerpt_set(ix, &r, place, h.length);
	return index_put_excerpt(ix, row, &r) < 0 ? 0 : h.length;
}

void
excerpts_adopt(struct excerpts *x, struct index *ix, int dir)
{
	struct index_header *h = &ix->now;
	struct stat st;
	uint32_t len;

	if (!excerpts_open_any(x, dir) || fstat(x->fd, &st) < 0)
		return;
	h->content = x->generation;
	h->content_end = sizeof(struct excerpt_start);
	h->content_unused = 0;
	ix->dirty = true;
	while ((len = adopt_one(x, ix, (uint64_t)st.st_size)) > 0)
		h->content_end += len;
	index_flush(ix);
}
