/* Reading an index. */
#include "store/index.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "store/index_inside.h"

enum {
	TORN_TRIES = 50,    /* a writer is faster than this */
	SLACK = 128 * 1024, /* room to grow in, before it is mapped anew */
	ZEROS = 4096,
};

/* Only mappings of files can raise it, and only where somebody cut the file. What
 * reads there finds zeros, whose sum is wrong; where that can't be had the
 * process ends, as it would have. */
static void
on_bus_error(int number, siginfo_t *info, void *context)
{
	void *page = (void *)((uintptr_t)info->si_addr &
	    ~(uintptr_t)(ZEROS - 1));
	int saved = errno;

	(void)context;
	if (info->si_code != BUS_ADRERR ||
	    mmap(page, ZEROS, PROT_READ,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		signal(number, SIG_DFL);
	errno = saved;
}

void
index_bus_errors(void)
{
	const struct sigaction action = { .sa_sigaction = on_bus_error,
		.sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &action, NULL);
}

void
index_init(struct index *ix)
{
	*ix = (struct index){ .fd = -1,
		.names_fd = -1,
		.rows = STR_INIT,
		.new_names = STR_INIT };
}

static void
unmap(const char **at, size_t *size)
{
	if (*at != NULL)
		munmap((void *)(uintptr_t)*at, *size);
	*at = NULL;
	*size = 0;
}

void
index_close(struct index *ix)
{
	int saved = errno;

	unmap(&ix->map, &ix->map_size);
	unmap(&ix->names, &ix->names_size);
	if (ix->fd >= 0)
		close(ix->fd);
	if (ix->names_fd >= 0)
		close(ix->names_fd);
	str_free(&ix->rows);
	str_free(&ix->new_names);
	index_init(ix);
	errno = saved;
}

/* The first need bytes are mapped. What is mapped behind the file's end is not
 * touched before a header or record says that it is there. */
static bool
reach(int fd, size_t need, const char **at, size_t *size)
{
	void *map;
	size_t room;

	if (need <= *size)
		return true;
	unmap(at, size);
	room = (need + need / 4 + SLACK) & ~(size_t)(ZEROS - 1);
	map = fd < 0 ? MAP_FAILED
		     : mmap(NULL, room, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return false;
	*at = map;
	*size = room;
	return true;
}

static bool
is_header(const struct index_header *h)
{
	return memcmp(h->magic, INDEX_MAGIC, sizeof h->magic) == 0 &&
	    h->version == INDEX_VERSION && h->header_size == sizeof *h &&
	    h->crc == index_header_sum(h) && h->dead <= h->count;
}

uint32_t
index_header_sum(const struct index_header *h)
{
	return crc32c(0, h, offsetof(struct index_header, crc));
}

uint32_t
index_record_sum(
    const struct index *ix, uint32_t row, const struct index_record *r)
{
	return crc32c((uint32_t)ix->generation ^ row, r,
	    offsetof(struct index_record, crc));
}

bool
index_header(const struct index *ix, struct index_header *h_r)
{
	if (ix->map == NULL)
		return false;
	for (int i = 0; i < TORN_TRIES; i++) {
		struct index_header h;

		memcpy(&h, ix->map, sizeof h);
		__asm__ volatile("" ::: "memory");
		if (!is_header(&h) || h.generation != ix->generation)
			continue;
		*h_r = h;
		return true;
	}
	return false;
}

bool
index_record(struct index *ix, uint32_t row, struct index_record *r_r)
{
	size_t at = INDEX_PAGE + (size_t)row * sizeof *r_r;

	if (!reach(ix->fd, at + sizeof *r_r, &ix->map, &ix->map_size))
		return false;
	for (int i = 0; i < TORN_TRIES; i++) {
		memcpy(r_r, ix->map + at, sizeof *r_r);
		__asm__ volatile("" ::: "memory");
		if (r_r->crc == index_record_sum(ix, row, r_r))
			return true;
	}
	return false;
}

bool
index_name_stored(
    struct index *ix, const struct index_record *r, struct span *stored_r)
{
	size_t end = (size_t)r->name + r->name_len;

	if (!reach(ix->names_fd, end, &ix->names, &ix->names_size))
		return false;
	*stored_r = (struct span){ ix->names + r->name, r->name_len };
	return crc32c(0, stored_r->at, stored_r->len) == r->name_crc;
}

void
index_letters(struct str *out, uint32_t flags, uint32_t keywords)
{
	str_add(out, SPAN(":2,"));
	for (int i = 0; i < KEYWORDS_MAX; i++)
		if (flags >> i & 1)
			str_add_byte(out, (char)('A' + i));
	for (int i = 0; i < KEYWORDS_MAX; i++)
		if (keywords >> i & 1)
			str_add_byte(out, (char)('a' + i));
}

bool
index_name(struct index *ix, const struct index_record *r, struct str *name_r)
{
	struct span stored;

	if (!index_name_stored(ix, r, &stored))
		return false;
	str_add(name_r, stored);
	if (r->flags & INDEX_INFO)
		index_letters(name_r, r->flags, r->keywords);
	return true;
}

bool
index_find(struct index *ix, uint32_t count, uint32_t uid, uint32_t *row_r)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		struct index_record r;

		if (!index_record(ix, middle, &r))
			return false;
		if (r.uid < uid)
			low = middle + 1;
		else
			high = middle;
	}
	*row_r = low;
	return true;
}

/* A file of ours: no link, and nobody else's. */
static int
open_one(int dir, const char *name)
{
	return openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

static bool
has_page(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    st.st_size >= INDEX_PAGE;
}

/* The first bytes of the names say the generation that the header has. */
static bool
is_pair(struct index *ix)
{
	struct index_names_start start;

	return pread(ix->names_fd, &start, sizeof start, 0) ==
	    (ssize_t)sizeof start &&
	    memcmp(start.magic, INDEX_NAMES_MAGIC, sizeof start.magic) == 0 &&
	    start.generation == ix->generation;
}

bool
index_open(struct index *ix, int dir, const char *boot)
{
	struct index_header h;
	int saved = errno;
	bool ok;

	index_init(ix);
	ix->fd = open_one(dir, INDEX_FILE);
	if (ix->fd >= 0)
		ix->names_fd = open_one(dir, INDEX_NAMES);
	ok = ix->names_fd >= 0 && has_page(ix->fd);
	if (ok) {
		index_bus_errors();
		ok = reach(ix->fd, INDEX_PAGE, &ix->map, &ix->map_size);
	}
	if (ok) {
		memcpy(&h, ix->map, sizeof h);
		ix->generation = h.generation;
		ok = index_header(ix, &h) && !h.replaced &&
		    strncmp(h.boot, boot, sizeof h.boot) == 0 && is_pair(ix);
	}
	if (!ok)
		index_close(ix);
	errno = saved;
	return ok;
}

bool
index_is_old(const struct index_header *h, const char *boot)
{
	if (memcmp(h->magic, INDEX_MAGIC, sizeof h->magic) != 0)
		return false;
	return h->version != INDEX_VERSION || h->header_size != sizeof *h ||
	    (is_header(h) && strncmp(h->boot, boot, sizeof h->boot) != 0);
}

bool
index_peek(int dir, const char *boot, struct index_header *h_r)
{
	int saved = errno,
	    fd = openat(dir, INDEX_FILE,
		O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	bool ok = fd >= 0 &&
	    pread(fd, h_r, sizeof *h_r, 0) == (ssize_t)sizeof *h_r &&
	    is_header(h_r) && !h_r->replaced &&
	    strncmp(h_r->boot, boot, sizeof h_r->boot) == 0;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return ok;
}

bool
index_is_named(const struct index *ix, int dir)
{
	struct stat named, open;

	return fstatat(dir, INDEX_FILE, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstat(ix->fd, &open) == 0 && named.st_ino == open.st_ino &&
	    named.st_dev == open.st_dev;
}
