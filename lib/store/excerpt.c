/* Reading excerpts. */
#include "store/excerpt.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "store/excerpt_inside.h"
#include "store/index_inside.h"

enum {
	WINDOW = 32 * 1024 * 1024, /* mapped at a time, */
	ALIGN = 64 * 1024,         /* from a multiple of this on */
};

void
excerpts_init(struct excerpts *x)
{
	*x = (struct excerpts){ .fd = -1 };
}

void
excerpts_unmap(struct excerpts *x)
{
	if (x->map != NULL)
		munmap((void *)(uintptr_t)x->map, x->map_size);
	x->map = NULL;
	x->map_size = 0;
}

void
excerpts_close(struct excerpts *x)
{
	int saved = errno;

	excerpts_unmap(x);
	if (x->fd >= 0)
		close(x->fd);
	excerpts_init(x);
	errno = saved;
}

bool
excerpts_open_any(struct excerpts *x, int dir)
{
	struct excerpt_start start;
	struct stat st;
	int saved = errno;
	bool ok;

	excerpts_close(x);
	x->fd = openat(
	    dir, EXCERPT_FILE, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ok = x->fd >= 0 && fstat(x->fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    pread(x->fd, &start, sizeof start, 0) == (ssize_t)sizeof start &&
	    memcmp(start.magic, EXCERPT_MAGIC, sizeof start.magic) == 0 &&
	    start.version == EXCERPT_VERSION &&
	    start.start_size == sizeof start && start.generation != 0;
	if (ok) {
		index_bus_errors();
		x->generation = start.generation;
	} else {
		excerpts_close(x);
	}
	errno = saved;
	return ok;
}

bool
excerpts_open(struct excerpts *x, int dir, uint64_t generation)
{
	if (generation != 0 && excerpts_open_any(x, dir) &&
	    x->generation == generation)
		return true;
	excerpts_close(x);
	x->missing = generation;
	return false;
}

/* These bytes are mapped. What is behind the file's end raises SIGBUS, which gives
 * zeros (index.c). */
static bool
reach(struct excerpts *x, uint64_t at, size_t len, const char **bytes_r)
{
	if (x->map == NULL || at < x->map_at ||
	    at + len > x->map_at + x->map_size) {
		uint64_t from = at & ~(uint64_t)(ALIGN - 1);
		void *map;

		excerpts_unmap(x);
		map = x->fd < 0 ? MAP_FAILED
				: mmap(NULL, WINDOW, PROT_READ, MAP_SHARED,
				      x->fd, (off_t)from);
		if (map == MAP_FAILED)
			return false;
		x->map = map;
		x->map_at = from;
		x->map_size = WINDOW;
	}
	*bytes_r = x->map + (at - x->map_at);
	return true;
}

uint32_t
excerpt_head_sum(
    const struct excerpt_head *h, uint64_t generation, uint32_t place)
{
	return crc32c((uint32_t)generation ^ place, h,
	    offsetof(struct excerpt_head, crc));
}

/* The lengths of its parts fit into it. */
static bool
is_fitting(const struct excerpt_head *h)
{
	size_t sum = sizeof *h;

	for (unsigned i = 0; i < EXCERPT_PARTS; i++) {
		if (h->len[i] == EXCERPT_NONE)
			continue;
		if (h->len[i] > EXCERPT_MAX)
			return false;
		sum += h->len[i];
	}
	return sum <= h->length && h->length <= EXCERPT_MAX;
}

static bool
is_head(const struct excerpts *x, const struct excerpt_head *h, uint32_t place)
{
	return h->sign == EXCERPT_SIGN &&
	    h->crc == excerpt_head_sum(h, x->generation, place) &&
	    h->length % EXCERPT_PLACE == 0 && is_fitting(h);
}

/* The head is copied before it is believed, for others may write meanwhile. */
static bool
head_read(struct excerpts *x, const struct index_record *r,
    uint32_t uidvalidity, struct excerpt_head *h_r, const char **at_r)
{
	if (r->excerpt == 0 || r->excerpt_of != (uint32_t)x->generation ||
	    r->excerpt_len < sizeof *h_r || r->excerpt_len > EXCERPT_MAX ||
	    !reach(
		x, (uint64_t)r->excerpt * EXCERPT_PLACE, r->excerpt_len, at_r))
		return false;
	memcpy(h_r, *at_r, sizeof *h_r);
	__asm__ volatile("" ::: "memory");
	return is_head(x, h_r, r->excerpt) && h_r->length == r->excerpt_len &&
	    h_r->uid == r->uid && h_r->uidvalidity == uidvalidity &&
	    h_r->size == r->size;
}

bool
excerpt_at(struct excerpts *x, uint32_t place, struct excerpt_head *h_r,
    struct excerpt *e_r)
{
	uint64_t at = (uint64_t)place * EXCERPT_PLACE;
	const char *bytes;

	if (!reach(x, at, sizeof *h_r, &bytes))
		return false;
	memcpy(h_r, bytes, sizeof *h_r);
	__asm__ volatile("" ::: "memory");
	if (!is_head(x, h_r, place) || !reach(x, at, h_r->length, &bytes))
		return false;
	e_r->parts = bytes + sizeof *h_r;
	memcpy(e_r->len, h_r->len, sizeof h_r->len);
	memcpy(e_r->sum, h_r->sum, sizeof h_r->sum);
	return true;
}

bool
excerpt_read(struct excerpts *x, const struct index_record *r,
    uint32_t uidvalidity, struct str *copy, struct excerpt *e_r)
{
	struct excerpt_head h;
	const char *at;

	e_r->parts = NULL;
	if (!head_read(x, r, uidvalidity, &h, &at))
		return false;
	str_clear(copy);
	str_add(copy, (struct span){ at + sizeof h, h.length - sizeof h });
	e_r->parts = copy->at;
	memcpy(e_r->len, h.len, sizeof h.len);
	memcpy(e_r->sum, h.sum, sizeof h.sum);
	return true;
}

bool
excerpt_take(
    const struct excerpt *e, enum excerpt_part part, struct span *bytes_r)
{
	size_t at = 0;

	if (e->parts == NULL || e->len[part] == EXCERPT_NONE)
		return false;
	for (unsigned i = 0; i < part; i++)
		if (e->len[i] != EXCERPT_NONE)
			at += e->len[i];
	*bytes_r = (struct span){ e->parts + at, e->len[part] };
	return crc32c(0, bytes_r->at, bytes_r->len) == e->sum[part];
}

bool
excerpt_whole(struct excerpts *x, const struct index_record *r,
    uint32_t uidvalidity, struct span *whole_r)
{
	struct excerpt_head h;
	const char *at;

	if (!head_read(x, r, uidvalidity, &h, &at))
		return false;
	*whole_r = (struct span){ at, h.length };
	return true;
}
