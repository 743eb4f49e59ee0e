#include "net/domain_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "os/conf.h"

enum { LINES_MAX = 100000 };

struct domain_entry {
	struct span domain;
	unsigned line;
	const void *value;
};

static void
complain(struct domain_table *t, unsigned line, const char *text)
{
	if (t->complain != NULL)
		t->complain(line, text, t->arg);
}

static int
entry_compare(const void *left, const void *right)
{
	const struct domain_entry *a = left, *b = right;
	int order = span_compare(a->domain, b->domain);

	if (order != 0)
		return order;
	return a->line < b->line ? -1 : a->line > b->line;
}

static void
entry_add(struct domain_table *t, const struct domain_entry *e)
{
	if (t->count == t->size) {
		t->size = t->size == 0 ? 64 : t->size * 2;
		t->entries = mem_resize(
		    t->entries, t->size, sizeof *t->entries);
	}
	t->entries[t->count++] = *e;
}

static void
entries_sort(struct domain_table *t)
{
	size_t kept = 0;

	if (t->count > 0)
		qsort(t->entries, t->count, sizeof *t->entries, entry_compare);
	for (size_t i = 0; i < t->count; i++)
		if (kept > 0 &&
		    span_equal(
			t->entries[kept - 1].domain, t->entries[i].domain))
			complain(t, t->entries[i].line,
			    "the domain is there twice, and the first line "
			    "counts; take one out");
		else
			t->entries[kept++] = t->entries[i];
	t->count = kept;
}

/* The file as it is now: 0, or why it can't be read. No file is an empty one. */
static int
file_stat(const struct domain_table *t, struct stat *now_r)
{
	memset(now_r, 0, sizeof *now_r);
	if (t->etc < 0 || fstatat(t->etc, t->kind->file, now_r, 0) == 0)
		return 0;
	memset(now_r, 0, sizeof *now_r);
	return errno == ENOENT ? 0 : errno;
}

static int
lines_read(struct domain_table *t, struct conf_list *l)
{
	struct str wrong = STR_INIT;
	struct span line;
	int error = 0;

	while (error == 0 && conf_next(l, &line)) {
		struct domain_entry e = { .line = l->line };

		str_clear(&wrong);
		e.value = t->kind->parse(line, &t->arena, &e.domain, &wrong);
		if (wrong.len > 0)
			complain(t, e.line, wrong.at);
		if (t->count == LINES_MAX)
			error = EFBIG;
		else if (e.domain.len > 0)
			entry_add(t, &e);
	}
	str_free(&wrong);
	return error;
}

/* A file that is there and can't be read sends nothing anywhere: all mail
 * waits. */
static void
file_read(struct domain_table *t)
{
	int before = t->error;
	struct conf_list l;

	t->count = 0;
	arena_clear(&t->arena);
	/* Before it is read: what is written meanwhile is seen next time. */
	t->error = file_stat(t, &t->seen);
	if (t->error == 0 && t->seen.st_ino != 0) {
		if (conf_list_open(&l, t->etc, t->kind->file))
			t->error = lines_read(t, &l);
		else
			t->error = errno == ENOENT ? 0 : errno;
		conf_list_close(&l);
	}
	if (t->error != 0 && t->error != before) {
		struct str text = STR_INIT;

		str_setf(&text,
		    "can't be read (%s), all mail to other hosts "
		    "waits; mend or remove the file",
		    strerror(t->error));
		complain(t, 0, text.at);
		str_free(&text);
	}
	entries_sort(t);
	errno = 0;
}

void
domain_table_open(struct domain_table *t, const struct domain_table_kind *kind,
    int etc, void (*complain_line)(unsigned line, const char *text, void *arg),
    void *arg)
{
	*t = (struct domain_table){
		.kind = kind, .etc = etc, .complain = complain_line, .arg = arg
	};
	file_read(t);
}

void
domain_table_close(struct domain_table *t)
{
	arena_free(&t->arena);
	free(t->entries);
}

bool
domain_table_refresh(struct domain_table *t)
{
	struct stat now;
	const struct stat *seen = &t->seen;
	int error = file_stat(t, &now);

	if (error == 0 && t->error == 0 && now.st_ino == seen->st_ino &&
	    now.st_dev == seen->st_dev && now.st_size == seen->st_size &&
	    now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec)
		return false;
	file_read(t);
	return true;
}

const void *
domain_table_own(const struct domain_table *t, struct span domain)
{
	size_t low = 0, high = t->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = span_compare(t->entries[middle].domain, domain);

		if (order == 0)
			return t->entries[middle].value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const void *
domain_table_find(const struct domain_table *t, struct span domain)
{
	const void *found = domain_table_own(t, domain);

	for (size_t i = 1; found == NULL && i < domain.len; i++)
		if (domain.at[i] == '.')
			found = domain_table_own(t, span_from(domain, i));
	return found != NULL ? found : domain_table_own(t, SPAN("*"));
}
