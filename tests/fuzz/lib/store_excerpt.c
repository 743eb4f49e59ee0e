/* Excerpts whose file was damaged in any way, and records that point anywhere: what is
 * read is what was written, or nothing. The input says the damage: words of four
 * bytes, a place and what is done there. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/excerpt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COUNT_MADE = 30, VALIDITY = 9 };
#define BOOT "0123456789abcdef"
#define FILE_NAME "index.content"

static char path[] = "/tmp/chainmail-fuzz-XXXXXX";
static int dir = -1;

static void
end(void)
{
	static const char *const files[] = { "index.new", "index.names.new",
		FILE_NAME };

	for (size_t i = 0; i < COUNT(files); i++)
		unlinkat(dir, files[i], 0);
	rmdir(path);
}

static void
start(void)
{
	if (mkdtemp(path) == NULL)
		abort();
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || atexit(end) != 0)
		abort();
}

static struct span
part(uint32_t i, enum excerpt_part p)
{
	static const struct span text = SPAN_INIT(
	    "(\"Mon, 30 Nov 2026 02:00:00 +0000\" \"subject\" NIL NIL)");

	return p == i % EXCERPT_PARTS
	    ? (struct span){ NULL, 0 }
	    : span_head(text, (i * 5 + p * 7) % text.len);
}

static void
make(struct index *ix, struct excerpts *x, struct index_record *rows)
{
	struct str bytes = STR_INIT;
	uint32_t place;

	if (index_create(ix, dir, BOOT, false) < 0)
		abort();
	excerpts_init(x);
	if (excerpts_begin(x, ix, dir) < 0)
		abort();
	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		struct span parts[EXCERPT_PARTS];
		size_t before = bytes.len;

		for (unsigned p = 0; p < EXCERPT_PARTS; p++)
			parts[p] = part(i, p);
		rows[i] = (struct index_record){ .uid = i + 1 };
		if (!excerpts_add(&bytes, &rows[i], VALIDITY, parts))
			abort();
		rows[i].excerpt_len = (uint32_t)(bytes.len - before);
	}
	if (excerpts_write(x, ix, &bytes, &place) < 0)
		abort();
	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		uint32_t len = rows[i].excerpt_len;

		excerpt_set(ix, &rows[i], place, len);
		place += len / EXCERPT_PLACE;
	}
	str_free(&bytes);
}

static void
damage(struct index_record *rows, const uint8_t *data, size_t size)
{
	for (; size >= 4; data += 4, size -= 4) {
		int fd = openat(dir, FILE_NAME, O_RDWR | O_CLOEXEC);
		off_t at = (data[0] >> 4) << 8 | data[1];
		struct index_record *r = &rows[data[2] % COUNT_MADE];

		if (fd < 0)
			return;
		if ((data[0] & 15) == 15 && ftruncate(fd, at) < 0)
			abort();
		else if ((data[0] & 15) == 14)
			r->excerpt = (uint32_t)at;
		else if ((data[0] & 15) == 13)
			r->excerpt_len = (uint32_t)at;
		else if ((data[0] & 15) < 13 &&
		    pwrite(fd, &data[3], 1, at) != 1)
			abort();
		close(fd);
	}
}

static void
look(struct excerpts *x, const struct index_record *rows)
{
	struct str copy = STR_INIT;

	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		struct excerpt e;
		struct span bytes;

		if (!excerpt_read(x, &rows[i], VALIDITY, &copy, &e))
			continue;
		for (unsigned p = 0; p < EXCERPT_PARTS; p++)
			if (excerpt_take(&e, p, &bytes) &&
			    (part(i, p).at == NULL ||
				!span_equal(bytes, part(i, p))))
				abort();
	}
	str_free(&copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct index_record rows[COUNT_MADE];
	struct excerpts x;
	struct index ix;

	if (dir < 0)
		start();
	make(&ix, &x, rows);
	damage(rows, data, size);
	look(&x, rows);
	if (excerpts_open(&x, dir, ix.now.content))
		look(&x, rows);
	excerpts_close(&x);
	index_close(&ix);
	return 0;
}
