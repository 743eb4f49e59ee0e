#include "net/tls_policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "mail/domain.h"
#include "os/conf.h"

enum { LINES_MAX = 100000 };

static const struct tls_line broken_line = { .broken = true };

struct entry {
	struct span domain; /* folded; ".suffix"; "*" */
	unsigned number;
	struct tls_line line;
};

struct tls_policy {
	int etc; /* not owned */
	void (*complain)(unsigned line, const char *text, void *arg);
	void *arg;
	struct stat seen; /* of the file that was read; zeros: none */
	int error;        /* why it can't be read, 0: it was */
	struct arena arena;
	struct entry *entries; /* sorted by domain */
	size_t count, size;
};

static void
complain(const struct tls_policy *p, unsigned line, const char *text)
{
	if (p->complain != NULL)
		p->complain(line, text, p->arg);
}

static int
entry_compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = span_compare(a->domain, b->domain);

	if (order != 0)
		return order;
	return a->number < b->number ? -1 : a->number > b->number;
}

static bool
key_fold(struct span word, struct str *key_r)
{
	struct span name = word;

	if (span_equal(word, SPAN("*"))) {
		str_add(key_r, word);
		return true;
	}
	if (span_take(&name, '.'))
		str_add_byte(key_r, '.');
	return domain_fold(name, key_r);
}

static void
line_take(struct tls_policy *p, struct span text, unsigned number)
{
	struct span word = span_word(&text);
	struct entry e = { .number = number };
	struct str key = STR_INIT;
	const char *wrong;

	if (!key_fold(word, &key)) {
		complain(p, number,
		    "the first word is not a domain; write example.org, "
		    ".example.org for all below it, or *");
		str_free(&key);
		return;
	}
	e.domain = arena_copy(&p->arena, str_span(&key));
	str_free(&key);
	wrong = tls_line_parse(text, &p->arena, &e.line);
	if (wrong != NULL) {
		complain(p, number, wrong);
		e.line = broken_line;
	}
	if (p->count == p->size) {
		p->size = p->size == 0 ? 64 : p->size * 2;
		p->entries = mem_resize(
		    p->entries, p->size, sizeof *p->entries);
	}
	p->entries[p->count++] = e;
}

static void
entries_sort(struct tls_policy *p)
{
	size_t kept = 0;

	if (p->count > 0)
		qsort(p->entries, p->count, sizeof *p->entries, entry_compare);
	for (size_t i = 0; i < p->count; i++)
		if (kept > 0 &&
		    span_equal(
			p->entries[kept - 1].domain, p->entries[i].domain))
			complain(p, p->entries[i].number,
			    "the domain is there twice, and the first line "
			    "counts; take one out");
		else
			p->entries[kept++] = p->entries[i];
	p->count = kept;
}

/* The file as it is now: 0, or why it can't be read. No file is an empty one. */
static int
file_stat(const struct tls_policy *p, struct stat *now_r)
{
	int error;

	memset(now_r, 0, sizeof *now_r);
	if (p->etc < 0 || fstatat(p->etc, "tls-policy", now_r, 0) == 0)
		return 0;
	error = errno;
	memset(now_r, 0, sizeof *now_r);
	return error == ENOENT ? 0 : error;
}

static int
lines_read(struct tls_policy *p)
{
	struct conf_list l;
	struct span line;
	int error = 0;

	if (!conf_list_open(&l, p->etc, "tls-policy"))
		error = errno == ENOENT ? 0 : errno;
	else
		while (error == 0 && conf_next(&l, &line))
			if (p->count == LINES_MAX)
				error = EFBIG;
			else
				line_take(p, line, l.line);
	conf_list_close(&l);
	return error;
}

static void
file_read(struct tls_policy *p)
{
	int before = p->error;

	p->count = 0;
	arena_clear(&p->arena);
	/* Before it is read: what is written meanwhile is seen next time. */
	p->error = file_stat(p, &p->seen);
	if (p->error == 0 && p->seen.st_ino != 0)
		p->error = lines_read(p);
	if (p->error != 0 && p->error != before) {
		struct str text = STR_INIT;

		str_setf(&text,
		    "can't be read (%s), all mail to other hosts waits; "
		    "mend or remove the file",
		    strerror(p->error));
		complain(p, 0, text.at);
		str_free(&text);
	}
	entries_sort(p);
	errno = 0;
}

struct tls_policy *
tls_policy_open(int etc,
    void (*complain_line)(unsigned line, const char *text, void *arg),
    void *arg)
{
	struct tls_policy *p = mem_new(sizeof *p);

	p->etc = etc;
	p->complain = complain_line;
	p->arg = arg;
	file_read(p);
	return p;
}

void
tls_policy_close(struct tls_policy *p)
{
	arena_free(&p->arena);
	free(p->entries);
	free(p);
}

bool
tls_policy_refresh(struct tls_policy *p)
{
	struct stat now;
	const struct stat *seen = &p->seen;
	int error = file_stat(p, &now);

	if (error == 0 && p->error == 0 && now.st_ino == seen->st_ino &&
	    now.st_dev == seen->st_dev && now.st_size == seen->st_size &&
	    now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec)
		return false;
	file_read(p);
	return true;
}

static const struct tls_line *
entry_find(const struct tls_policy *p, struct span domain)
{
	size_t low = 0, high = p->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = span_compare(p->entries[middle].domain, domain);

		if (order == 0)
			return &p->entries[middle].line;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct tls_line *
tls_policy_find(const struct tls_policy *p, struct span domain)
{
	const struct tls_line *found;

	if (p->error != 0)
		return &broken_line;
	found = entry_find(p, domain);
	for (size_t i = 1; found == NULL && i < domain.len; i++)
		if (domain.at[i] == '.')
			found = entry_find(p, span_from(domain, i));
	return found != NULL ? found : entry_find(p, SPAN("*"));
}
