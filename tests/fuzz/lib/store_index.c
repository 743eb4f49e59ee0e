/* An index whose files were damaged in any way: what is read of it is what was
 * written, or nothing. The input says the damage: words of four bytes, a place
 * and what is done there. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { COUNT_MADE = 100 };
#define BOOT "0123456789abcdef"

static char path[] = "/tmp/chainmail-fuzz-XXXXXX";
static int dir = -1;

static void
end(void)
{
	unlinkat(dir, "index", 0);
	unlinkat(dir, "index.names", 0);
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

static void
name(struct str *out, uint32_t i)
{
	str_setf(out, "%u.a.h,U=%u:2,FS", i, i + 1);
}

static void
make(void)
{
	struct str file = STR_INIT;
	struct index ix;

	if (index_create(&ix, dir, BOOT, false) < 0)
		abort();
	for (uint32_t i = 0; i < COUNT_MADE; i++) {
		struct index_record r = { .uid = i + 1,
			.flags = FLAG_FLAGGED | FLAG_SEEN,
			.modseq = i };

		name(&file, i);
		if (index_set_name(&ix, &r, str_span(&file)) < 0 ||
		    index_put(&ix, i, NULL, &r) < 0)
			abort();
	}
	if (index_install(&ix, dir) < 0)
		abort();
	index_close(&ix);
	str_free(&file);
}

static void
damage(const uint8_t *data, size_t size)
{
	static const char *const files[] = { "index", "index.names" };

	for (; size >= 4; data += 4, size -= 4) {
		int fd = openat(dir, files[data[0] & 1], O_RDWR | O_CLOEXEC);
		off_t at = (data[0] >> 4 & 3) << 12 | data[1] << 4 |
		    (data[2] & 15);

		if (fd < 0)
			continue;
		if ((data[0] & 14) == 14)
			unlinkat(dir, files[data[0] & 1], 0);
		else if ((data[0] & 14) == 12 && ftruncate(fd, at) < 0)
			abort();
		else if ((data[0] & 14) < 12 &&
		    pwrite(fd, &data[3], 1, at) != 1)
			abort();
		close(fd);
	}
}

static void
look(struct index *ix)
{
	struct str file = STR_INIT, wanted = STR_INIT;
	struct index_header h;

	if (!index_header(ix, &h))
		return;
	if (h.count != COUNT_MADE)
		abort();
	for (uint32_t i = 0; i < h.count; i++) {
		struct index_record r;

		if (!index_record(ix, i, &r))
			continue;
		str_clear(&file);
		name(&wanted, i);
		if (r.uid != i + 1 || r.modseq != i)
			abort();
		if (index_name(ix, &r, &file) &&
		    !span_equal(str_span(&file), str_span(&wanted)))
			abort();
	}
	str_free(&file);
	str_free(&wanted);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct index before, after;

	if (dir < 0)
		start();
	make();
	if (!index_open(&before, dir, BOOT))
		abort();
	damage(data, size);
	look(&before);
	if (index_open(&after, dir, BOOT)) {
		look(&after);
		index_close(&after);
	}
	index_close(&before);
	return 0;
}
