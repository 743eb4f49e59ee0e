/* Changing an index, under the folder's lock. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "store/index_inside.h"

enum { BUFFER = 64 * 1024, WORN_MIN = 64, NAMES_WORN_MIN = 256 * 1024 };
#define WIRE_UNKNOWN UINT32_MAX

bool
index_begin(struct index *ix)
{
	str_clear(&ix->rows);
	str_clear(&ix->new_names);
	ix->dirty = false;
	ix->tick = 0;
	return !ix->broken && index_header(ix, &ix->now);
}

uint64_t
index_tick(struct index *ix)
{
	uint64_t now = (uint64_t)clock_wall_us();

	if (ix->tick == 0) {
		ix->tick = now > ix->now.modseq ? now : ix->now.modseq + 1;
		ix->now.modseq = ix->tick;
		ix->dirty = true;
	}
	return ix->tick;
}

static int
write_at(struct index *ix, int fd, const void *bytes, size_t n, off_t at)
{
	ssize_t done = ix->broken ? -1 : pwrite(fd, bytes, n, at);

	if (done == (ssize_t)n)
		return 0;
	if (done >= 0)
		errno = ENOSPC;
	ix->broken = true;
	return -1;
}

static int
names_flush(struct index *ix)
{
	size_t n = ix->new_names.len;
	int r;

	if (n == 0)
		return 0;
	r = write_at(ix, ix->names_fd, ix->new_names.at, n,
	    (off_t)(ix->now.names_len - n));
	str_clear(&ix->new_names);
	return r;
}

int
index_flush(struct index *ix)
{
	int r = names_flush(ix);

	if (ix->rows.len == 0)
		return r;
	if (r == 0)
		r = write_at(ix, ix->fd, ix->rows.at, ix->rows.len,
		    INDEX_PAGE +
			(off_t)ix->rows_first *
			    (off_t)sizeof(struct index_record));
	str_clear(&ix->rows);
	return r;
}

int
index_commit(struct index *ix)
{
	if (index_flush(ix) < 0)
		return -1;
	if (!ix->dirty)
		return 0;
	ix->now.crc = index_header_sum(&ix->now);
	if (write_at(ix, ix->fd, &ix->now, sizeof ix->now, 0) < 0)
		return -1;
	ix->dirty = false;
	return 0;
}

/* How the name is kept: what of it, and which of INDEX_INFO and INDEX_WHOLE. */
static uint32_t
name_form(const struct index_record *r, struct span file, struct span *stored_r)
{
	struct str letters = STR_INIT;
	struct span head = span_head(file, span_find(file, ':'));
	uint32_t form = INDEX_WHOLE;

	index_letters(&letters, r->flags, r->keywords);
	if (head.len == file.len)
		form = 0;
	else if (span_equal(span_from(file, head.len), str_span(&letters)))
		form = INDEX_INFO;
	*stored_r = form == INDEX_WHOLE ? file : head;
	str_free(&letters);
	return form;
}

int
index_set_name(struct index *ix, struct index_record *r, struct span file)
{
	struct span stored;
	uint32_t form = name_form(r, file, &stored);
	uint32_t sum = crc32c(0, stored.at, stored.len);

	r->flags = (r->flags & ~(uint32_t)(INDEX_INFO | INDEX_WHOLE)) | form;
	if (r->name != 0 && r->name_len == stored.len && r->name_crc == sum)
		return 0;
	if (ix->now.names_len > UINT32_MAX - NAME_MAX_LEN) {
		ix->broken = true;
		errno = EFBIG;
		return -1;
	}
	ix->now.names_unused += r->name_len;
	r->name = ix->now.names_len;
	r->name_len = (uint16_t)stored.len;
	r->name_crc = sum;
	str_add(&ix->new_names, stored);
	ix->now.names_len += (uint32_t)stored.len;
	ix->dirty = true;
	return ix->new_names.len < BUFFER ? 0 : names_flush(ix);
}

void
index_sums_clear(struct index_header *h)
{
	h->dead = h->unseen = h->deleted = h->unmeasured = 0;
	h->wire = 0;
	h->first_unseen = h->first_dead = h->count;
}

void
index_sums_add(
    struct index_header *h, uint32_t row, const struct index_record *r)
{
	if (r->flags & INDEX_DEAD) {
		h->dead++;
		if (row < h->first_dead)
			h->first_dead = row;
		return;
	}
	if (!(r->flags & FLAG_SEEN)) {
		h->unseen++;
		if (row < h->first_unseen)
			h->first_unseen = row;
	}
	h->deleted += (r->flags & FLAG_DELETED) != 0;
	if (r->wire == WIRE_UNKNOWN)
		h->unmeasured++;
	else
		h->wire += r->wire;
}

static void
sums_take(struct index_header *h, uint32_t row, const struct index_record *r)
{
	if (r->flags & INDEX_DEAD) {
		h->dead--;
		return;
	}
	h->unseen -= !(r->flags & FLAG_SEEN);
	h->deleted -= (r->flags & FLAG_DELETED) != 0;
	if (r->wire == WIRE_UNKNOWN)
		h->unmeasured--;
	else
		h->wire -= r->wire;
	/* One step, for who marks all as read in their order. */
	if (h->first_unseen == row)
		h->first_unseen++;
}

/* Behind what is buffered; what is not the row after that is written first. */
static int
row_add(struct index *ix, uint32_t row, const struct index_record *r)
{
	if (ix->rows.len > 0 &&
	    row != ix->rows_first + ix->rows.len / sizeof *r &&
	    index_flush(ix) < 0)
		return -1;
	if (ix->rows.len == 0)
		ix->rows_first = row;
	str_add(&ix->rows, (struct span){ (const char *)r, sizeof *r });
	return ix->rows.len < BUFFER ? 0 : index_flush(ix);
}

int
index_put_excerpt(struct index *ix, uint32_t row, struct index_record *r)
{
	r->crc = index_record_sum(ix, row, r);
	return row_add(ix, row, r);
}

int
index_put(struct index *ix, uint32_t row, const struct index_record *old,
    struct index_record *r)
{
	ix->dirty = true;
	r->crc = index_record_sum(ix, row, r);
	if (old != NULL) {
		sums_take(&ix->now, row, old);
		index_sums_add(&ix->now, row, r);
		if (index_flush(ix) < 0)
			return -1;
		return write_at(ix, ix->fd, r, sizeof *r,
		    INDEX_PAGE + (off_t)row * (off_t)sizeof *r);
	}
	/* "Behind all" moves with the end. */
	if (ix->now.first_unseen == row)
		ix->now.first_unseen++;
	if (ix->now.first_dead == row)
		ix->now.first_dead++;
	index_sums_add(&ix->now, row, r);
	ix->now.count = row + 1;
	return row_add(ix, row, r);
}

bool
index_is_worn(const struct index_header *h)
{
	return (h->dead >= WORN_MIN && h->dead > h->count / 8) ||
	    (h->names_unused >= NAMES_WORN_MIN &&
		h->names_unused > h->names_len / 2);
}
