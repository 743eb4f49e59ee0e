/* A new generation of an index. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/index_inside.h"

#define FILE_NEW "index.new"
#define NAMES_NEW "index.names.new"

static int
make_one(int dir, const char *name, bool private)
{
	if (private)
		return memfd_create(name, MFD_CLOEXEC);
	/* Left by a crash; the lock is ours. */
	unlinkat(dir, name, 0);
	return openat(dir, name,
	    O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
}

uint64_t
index_generation_new(void)
{
	uint64_t g;

	if (getrandom(&g, sizeof g, GRND_NONBLOCK) != (ssize_t)sizeof g)
		g = (uint64_t)clock_wall_us() ^ (uint64_t)getpid() << 48;
	return g == 0 ? 1 : g;
}

static int
start(struct index *ix, const char *boot)
{
	struct index_names_start names = { .generation = ix->generation };
	struct index_header *h = &ix->now;

	memcpy(names.magic, INDEX_NAMES_MAGIC, sizeof names.magic);
	*h = (struct index_header){ .version = INDEX_VERSION,
		.header_size = sizeof *h,
		.generation = ix->generation,
		.names_len = sizeof names };
	memcpy(h->magic, INDEX_MAGIC, sizeof h->magic);
	memcpy(h->boot, boot, strnlen(boot, sizeof h->boot));
	ix->dirty = true;
	if (ftruncate(ix->fd, INDEX_PAGE) < 0 ||
	    pwrite(ix->names_fd, &names, sizeof names, 0) !=
		(ssize_t)sizeof names ||
	    index_commit(ix) < 0)
		return -1;
	/* The first page; what is behind it is mapped when it is there. */
	ix->map = mmap(NULL, INDEX_PAGE, PROT_READ, MAP_SHARED, ix->fd, 0);
	if (ix->map == MAP_FAILED) {
		ix->map = NULL;
		return -1;
	}
	ix->map_size = INDEX_PAGE;
	return 0;
}

int
index_create(struct index *ix, int dir, const char *boot, bool private)
{
	int r = -1;

	index_init(ix);
	index_bus_errors();
	ix->private = private;
	ix->generation = index_generation_new();
	ix->fd = make_one(dir, FILE_NEW, private);
	if (ix->fd >= 0)
		ix->names_fd = make_one(dir, NAMES_NEW, private);
	if (ix->names_fd >= 0)
		r = start(ix, boot);
	if (r < 0)
		index_close(ix);
	return r;
}

/* The names first: an index whose names are of another generation is no index. */
int
index_install(struct index *ix, int dir)
{
	if (index_commit(ix) < 0)
		return -1;
	if (ix->private)
		return 0;
	if (renameat(dir, NAMES_NEW, dir, INDEX_NAMES) < 0 ||
	    renameat(dir, FILE_NEW, dir, INDEX_FILE) < 0) {
		ix->broken = true;
		return -1;
	}
	return 0;
}

void
index_remove(int dir)
{
	unlinkat(dir, INDEX_FILE, 0);
	unlinkat(dir, FILE_NEW, 0);
	unlinkat(dir, NAMES_NEW, 0);
}

void
index_retire(struct index *ix)
{
	if (ix->fd < 0 || ix->private || !index_header(ix, &ix->now))
		return;
	ix->now.replaced = 1;
	ix->dirty = true;
	str_clear(&ix->rows);
	str_clear(&ix->new_names);
	index_commit(ix);
}

static int
copy_live(struct index *from, struct index *to)
{
	struct index_record r;
	struct str name = STR_INIT;
	uint32_t kept = 0;
	int result = 0;

	for (uint32_t row = 0; row < from->now.count && result == 0; row++) {
		if (!index_record(from, row, &r)) {
			result = -1;
			break;
		}
		if (r.flags & INDEX_DEAD) {
			if (to->now.forgotten < r.modseq)
				to->now.forgotten = r.modseq;
			continue;
		}
		str_clear(&name);
		if (!index_name(from, &r, &name)) {
			result = -1;
			break;
		}
		r.name = 0;
		r.name_len = 0;
		if (index_set_name(to, &r, str_span(&name)) < 0 ||
		    index_put(to, kept++, NULL, &r) < 0)
			result = -1;
	}
	str_free(&name);
	return result;
}

static void
header_copy(struct index_header *to, const struct index_header *from)
{
	to->modseq = from->modseq;
	to->expunged = from->expunged;
	to->forgotten = from->forgotten;
	to->lettered = from->lettered;
	to->at_new = from->at_new;
	to->at_cur = from->at_cur;
	to->new_trusted = from->new_trusted;
	to->cur_trusted = from->cur_trusted;
	to->left_out = from->left_out;
	to->noted = from->noted;
	to->uidvalidity = from->uidvalidity;
	to->uidnext = from->uidnext;
	to->letters_crc = from->letters_crc;
	to->content = from->content;
	to->content_end = from->content_end;
	to->content_unused = from->content_unused;
}

int
index_compact(struct index *old, int dir, const char *boot)
{
	struct index new;

	if (index_commit(old) < 0 ||
	    index_create(&new, dir, boot, old->private) < 0)
		return -1;
	header_copy(&new.now, &old->now);
	new.dirty = true;
	if (copy_live(old, &new) < 0 || index_install(&new, dir) < 0) {
		index_close(&new);
		return -1;
	}
	index_retire(old);
	index_close(old);
	*old = new;
	return 0;
}
