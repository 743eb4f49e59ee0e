#include "store/reading.h"

#include <errno.h>
#include <stdlib.h>

#include "store/entries.h"

static uint32_t
saturate(uint64_t n)
{
	return n < SIZE_UNKNOWN ? (uint32_t)n : SIZE_UNKNOWN;
}

void
message_read(struct message *m, struct str *names, const struct name *n,
    struct span file)
{
	m->uid = n->uid;
	m->flags = n->flags & LETTERS;
	m->keywords = n->keywords & LETTERS;
	m->size = saturate(n->size);
	m->wire = saturate(n->wire);
	/* Each byte is one or two on the wire. */
	if (n->size != NAME_NO_SIZE && n->wire != NAME_NO_SIZE &&
	    (n->wire < n->size || n->wire / 2 > n->size))
		m->wire = SIZE_UNKNOWN;
	/* smtpd and deliver see to the last LF and the header's end. */
	m->ends = n->delivered ? ENDS_KNOWN : 0;
	m->date = n->ours ? n->time : DATE_UNKNOWN;
	m->name = (uint32_t)names->len;
	str_add(names, file);
	str_add_byte(names, '\0');
}

static void
put(struct reading *r, const struct name *n, struct span file, bool in_new)
{
	struct message m = { .in_new = in_new };

	if (r->count == r->room) {
		r->room = r->room == 0 ? 16 : r->room * 2;
		r->at = mem_resize(r->at, r->room, sizeof *r->at);
	}
	message_read(&m, &r->names, n, file);
	r->at[r->count++] = m;
}

static int
read_directory(struct reading *r, int dir, bool in_new)
{
	struct entries e;
	struct span file;
	struct name n;

	entries_start(&e, dir);
	while (entries_next(&e, &file))
		if (name_parse(file, &n) && entries_is_file(&e, file))
			put(r, &n, file, in_new);
	if (e.error != 0)
		errno = e.error;
	return e.error == 0 ? 0 : -1;
}

static int
compare_uid(const void *a, const void *b)
{
	const struct message *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

void
reading_sort(struct reading *r)
{
	for (uint32_t i = 1; i < r->count; i++)
		if (r->at[i - 1].uid > r->at[i].uid) {
			qsort(r->at, r->count, sizeof *r->at, compare_uid);
			return;
		}
}

int
reading_make(struct reading *r, const struct maildir *m)
{
	*r = (struct reading){ .names = STR_INIT };
	str_add_byte(&r->names, '\0'); /* offset 0: no name */
	if (read_directory(r, m->new, true) < 0 ||
	    read_directory(r, m->cur, false) < 0) {
		reading_free(r);
		return -1;
	}
	reading_sort(r);
	return 0;
}

bool
reading_lacks(const struct reading *r, const struct reading *earlier)
{
	uint32_t k = 0;

	for (uint32_t i = 0; i < earlier->count; i++) {
		uint32_t uid = earlier->at[i].uid;

		while (k < r->count && r->at[k].uid < uid)
			k++;
		if (uid != 0 && (k == r->count || r->at[k].uid != uid))
			return true;
	}
	return false;
}

void
reading_free(struct reading *r)
{
	int saved = errno;

	free(r->at);
	str_free(&r->names);
	*r = (struct reading){ .names = STR_INIT };
	errno = saved;
}

struct span
reading_name(const struct reading *r, const struct message *m)
{
	return span_text(r->names.at + m->name);
}
