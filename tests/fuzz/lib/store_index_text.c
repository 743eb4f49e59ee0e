/* An index of texts that was damaged in any way: what is read of it is what was
 * written, and what is added then is read too. The input says the damage: words
 * of four bytes, a place and what is done there. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/index_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MADE = 20, VALIDITY = 7, FILE_MAX = 4096 };
#define NAME "index.text"

static char path[] = "/tmp/chainmail-fuzz-XXXXXX";
static int dir = -1;
static struct trigrams fields, body;

static void
end(void)
{
	unlinkat(dir, NAME, 0);
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
texts_make(uint32_t uid)
{
	struct str text = STR_INIT;

	trigrams_clear(&fields);
	trigrams_clear(&body);
	str_setf(&text, "FIELD %u", uid);
	trigrams_add(&fields, str_span(&text));
	str_setf(&text, "THE BODY OF NUMBER %u", uid);
	trigrams_add(&body, str_span(&text));
	str_free(&text);
}

static void
open_it(struct index_text *x)
{
	if (index_text_open(x, dir, VALIDITY) < 0)
		abort();
}

static void
add(struct index_text *x, uint32_t uid)
{
	texts_make(uid);
	index_text_add(x, uid, uid * 3, &fields, &body);
}

static void
make(void)
{
	struct index_text x;

	unlinkat(dir, NAME, 0);
	open_it(&x);
	for (uint32_t uid = 1; uid <= MADE; uid++)
		add(&x, uid);
	index_text_close(&x);
}

static void
damage(const uint8_t *data, size_t size)
{
	int fd = openat(dir, NAME, O_RDWR | O_CLOEXEC);

	for (; size >= 4; data += 4, size -= 4) {
		off_t at = (data[1] << 8 | data[2]) % FILE_MAX;

		if (data[0] % 16 == 0) {
			if (ftruncate(fd, at) < 0)
				abort();
		} else if (pwrite(fd, &data[3], 1, at) != 1) {
			abort();
		}
	}
	close(fd);
}

/* The highest UID of those read. */
static uint32_t
look(struct index_text *x)
{
	struct text_entry e;
	struct str set = STR_INIT;
	uint32_t highest = 0;

	while (index_text_next(x, &e)) {
		texts_make(e.uid);
		str_clear(&set);
		trigrams_put(&fields, &set);
		trigrams_put(&body, &set);
		if (e.name != e.uid * 3 || e.any_field || e.any_body ||
		    e.fields.len + e.body.len != set.len ||
		    memcmp(e.fields.at, set.at, set.len) != 0)
			abort();
		if (e.uid > highest)
			highest = e.uid;
	}
	str_free(&set);
	return highest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct index_text x;

	if (dir < 0)
		start();
	make();
	damage(data, size);
	open_it(&x);
	if (look(&x) > MADE)
		abort();
	add(&x, MADE + 1);
	index_text_close(&x);
	open_it(&x);
	if (look(&x) != MADE + 1)
		abort();
	index_text_close(&x);
	return 0;
}
