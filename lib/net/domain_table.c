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
entry_add(struct domain_lines *l, const struct domain_entry *e)
{
	if (l->count == l->size) {
		l->size = l->size == 0 ? 64 : l->size * 2;
		l->entries = mem_resize(
		    l->entries, l->size, sizeof *l->entries);
	}
	l->entries[l->count++] = *e;
}

static void
mistake(struct domain_table *t, struct domain_lines *l, unsigned line,
    const char *text)
{
	l->wrong++;
	complain(t, line, text);
}

static void
entries_sort(struct domain_table *t, struct domain_lines *l)
{
	size_t kept = 0;

	if (l->count > 0)
		qsort(l->entries, l->count, sizeof *l->entries, entry_compare);
	for (size_t i = 0; i < l->count; i++)
		if (kept > 0 &&
		    span_equal(
			l->entries[kept - 1].domain, l->entries[i].domain))
			mistake(t, l, l->entries[i].line,
			    "the domain occurs twice, and the first line "
			    "counts; remove one");
		else
			l->entries[kept++] = l->entries[i];
	l->count = kept;
}

static void
lines_free(struct domain_lines *l)
{
	arena_free(&l->arena);
	free(l->entries);
}

/* The file's present state: 0, or why it can't be read. A missing file counts
 * as empty. */
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
lines_read(
    struct domain_table *t, struct conf_list *list, struct domain_lines *l)
{
	struct str wrong = STR_INIT;
	struct span line;
	int error = 0;

	while (error == 0 && conf_next(list, &line)) {
		struct domain_entry e = { .line = list->line };

		str_clear(&wrong);
		e.value = t->kind->parse(line, &l->arena, &e.domain, &wrong);
		if (wrong.len > 0)
			mistake(t, l, e.line, wrong.at);
		if (l->count == LINES_MAX)
			error = EFBIG;
		else if (e.domain.len > 0)
			entry_add(l, &e);
	}
	str_free(&wrong);
	entries_sort(t, l);
	return error;
}

static int
file_read(struct domain_table *t, struct domain_lines *l)
{
	/* Before reading, so that a later change is detected. */
	int error = file_stat(t, &t->seen);
	struct conf_list list;

	if (error != 0 || t->seen.st_ino == 0)
		return error;
	if (conf_list_open(&list, t->etc, t->kind->file))
		error = lines_read(t, &list, l);
	else
		error = errno == ENOENT ? 0 : errno;
	conf_list_close(&list);
	return error;
}

static void
complain_unread(struct domain_table *t, bool stays)
{
	struct str text = STR_INIT;

	str_setf(&text, "can't be read (%s)%s", strerror(t->unread),
	    stays ? ""
		  : ", all mail to other hosts waits; fix or remove the file");
	complain(t, 0, text.at);
	str_free(&text);
}

/* If the file exists but can't be read, all mail waits, unless lines without a
 * mistake were in force. */
static bool
table_read(struct domain_table *t, bool former_is_good)
{
	struct domain_lines fresh = { .arena = ARENA_INIT };
	int before = t->unread;
	bool stays, told;

	t->unread = file_read(t, &fresh);
	stays = former_is_good && (t->unread != 0 || fresh.wrong > 0);
	told = t->unread != 0 && t->unread == before;
	if (t->unread != 0 && !told)
		complain_unread(t, stays);
	if (stays && !told)
		complain(t, 0, conf_former_text);
	errno = 0;
	if (stays) {
		lines_free(&fresh);
		return false;
	}
	lines_free(&t->lines);
	t->lines = fresh;
	t->error = t->unread;
	if (t->error != 0)
		t->lines.count = 0;
	return true;
}

void
domain_table_open(struct domain_table *t, const struct domain_table_kind *kind,
    int etc, void (*complain_line)(unsigned line, const char *text, void *arg),
    void *arg)
{
	*t = (struct domain_table){
		.kind = kind, .etc = etc, .complain = complain_line, .arg = arg
	};
	table_read(t, false);
}

void
domain_table_close(struct domain_table *t)
{
	lines_free(&t->lines);
}

bool
domain_table_refresh(struct domain_table *t)
{
	struct stat now;
	const struct stat *seen = &t->seen;
	int error = file_stat(t, &now);

	if (error == 0 && t->unread == 0 && now.st_ino == seen->st_ino &&
	    now.st_dev == seen->st_dev && now.st_size == seen->st_size &&
	    now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec)
		return false;
	return table_read(t, t->error == 0 && t->lines.wrong == 0);
}

const void *
domain_table_own(const struct domain_table *t, struct span domain)
{
	size_t low = 0, high = t->lines.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = span_compare(
		    t->lines.entries[middle].domain, domain);

		if (order == 0)
			return t->lines.entries[middle].value;
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
