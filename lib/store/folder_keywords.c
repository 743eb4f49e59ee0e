/* What the letters of keywords mean. */
#include "base/crc32c.h"
#include "store/folder_inside.h"

static uint32_t
letters_sum(const struct keywords *k)
{
	uint32_t sum = 0;

	for (unsigned i = 0; i < KEYWORDS_MAX; i++) {
		struct span name = keywords_name(k, i);

		sum = crc32c(sum + i, name.at, name.len);
	}
	return sum;
}

void
folder_letters_note(struct folder *f)
{
	uint32_t sum = letters_sum(&f->keywords);

	if (f->lost || f->index.now.letters_crc == sum)
		return;
	f->index.now.letters_crc = sum;
	f->index.now.lettered = index_tick(&f->index);
	f->view.lettered = f->index.now.lettered;
	/* Before any record has a letter of the new meaning. */
	index_commit(&f->index);
}

int
folder_keywords_read(struct folder *f)
{
	struct index_header h;
	struct keywords now;
	uint64_t since = f->view.lettered;
	uint32_t differ;

	if (f->lock >= 0 && !f->lost)
		since = f->index.now.lettered;
	else if (index_header(&f->index, &h))
		since = h.lettered;
	keywords_init(&now);
	if (keywords_read(&now, f->dirs.dir) < 0)
		return -1;
	differ = keywords_differ(&f->keywords, &now);
	for (uint32_t i = 0; i < f->count && differ != 0; i++) {
		struct index_record r;

		if (view_record(f, i, &r) && (r.keywords & differ))
			view_tell(f, r.uid);
	}
	f->view.lettered = since;
	f->keyword_changes += differ != 0;
	keywords_free(&f->keywords);
	f->keywords = now;
	return 0;
}
