#include "net/route.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"
#include "mail/address.h"
#include "net/route_parse.h"
#include "os/conf.h"

enum { LINES_MAX = 100000 };

struct entry {
	struct span domain;
	unsigned line;
	struct route route;
};

struct routes {
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
complain(struct routes *r, unsigned line, const char *text)
{
	if (r->complain != NULL)
		r->complain(line, text, r->arg);
}

static int
entry_compare(const void *left, const void *right)
{
	const struct entry *a = left, *b = right;
	int order = span_compare(a->domain, b->domain);

	if (order != 0)
		return order;
	return a->line < b->line ? -1 : a->line > b->line;
}

static void
entry_add(struct routes *r, const struct route_line *line, unsigned number)
{
	if (r->count == r->size) {
		r->size = r->size == 0 ? 64 : r->size * 2;
		r->entries = mem_resize(
		    r->entries, r->size, sizeof *r->entries);
	}
	r->entries[r->count++] = (struct entry){ line->domain, number,
		line->route };
}

static void
entries_sort(struct routes *r)
{
	size_t kept = 0;

	if (r->count > 0)
		qsort(r->entries, r->count, sizeof *r->entries, entry_compare);
	for (size_t i = 0; i < r->count; i++)
		if (kept > 0 &&
		    span_equal(
			r->entries[kept - 1].domain, r->entries[i].domain))
			complain(r, r->entries[i].line,
			    "the domain is there twice, and the first line "
			    "counts; take one out");
		else
			r->entries[kept++] = r->entries[i];
	r->count = kept;
}

/* The file as it is now: 0, or why it can't be read. No file is an empty one. */
static int
file_stat(const struct routes *r, struct stat *now_r)
{
	memset(now_r, 0, sizeof *now_r);
	if (r->etc < 0 || fstatat(r->etc, "routes", now_r, 0) == 0)
		return 0;
	memset(now_r, 0, sizeof *now_r);
	return errno == ENOENT ? 0 : errno;
}

static int
lines_read(struct routes *r, struct conf_list *l)
{
	struct str wrong = STR_INIT;
	struct route_line parsed;
	struct span line;
	int error = 0;

	while (error == 0 && conf_next(l, &line)) {
		if (!route_parse(line, &r->arena, &parsed, &wrong))
			complain(r, l->line, wrong.at);
		if (r->count == LINES_MAX)
			error = EFBIG;
		else if (parsed.domain.len > 0)
			entry_add(r, &parsed, l->line);
	}
	str_free(&wrong);
	return error;
}

/* A file that is there and can't be read sends nothing anywhere: all mail
 * waits. */
static void
file_read(struct routes *r)
{
	int before = r->error;
	struct conf_list l;

	r->count = 0;
	arena_clear(&r->arena);
	/* Before it is read: what is written meanwhile is seen next time. */
	r->error = file_stat(r, &r->seen);
	if (r->error == 0 && r->seen.st_ino != 0) {
		if (conf_list_open(&l, r->etc, "routes"))
			r->error = lines_read(r, &l);
		else
			r->error = errno == ENOENT ? 0 : errno;
		conf_list_close(&l);
	}
	if (r->error != 0 && r->error != before) {
		struct str text = STR_INIT;

		str_setf(&text,
		    "can't be read (%s), all mail to other hosts "
		    "waits; mend or remove the file",
		    strerror(r->error));
		complain(r, 0, text.at);
		str_free(&text);
	}
	entries_sort(r);
}

struct routes *
routes_open(int etc,
    void (*complain_line)(unsigned line, const char *text, void *arg),
    void *arg)
{
	struct routes *r = mem_new(sizeof *r);

	r->etc = etc;
	r->complain = complain_line;
	r->arg = arg;
	file_read(r);
	return r;
}

void
routes_close(struct routes *r)
{
	arena_free(&r->arena);
	free(r->entries);
	free(r);
}

bool
routes_refresh(struct routes *r)
{
	struct stat now;
	const struct stat *seen = &r->seen;
	int error = file_stat(r, &now);

	if (error == 0 && r->error == 0 && now.st_ino == seen->st_ino &&
	    now.st_dev == seen->st_dev && now.st_size == seen->st_size &&
	    now.st_mtim.tv_sec == seen->st_mtim.tv_sec &&
	    now.st_mtim.tv_nsec == seen->st_mtim.tv_nsec)
		return false;
	file_read(r);
	return true;
}

static const struct route *
entry_find(const struct routes *r, struct span domain)
{
	size_t low = 0, high = r->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = span_compare(r->entries[middle].domain, domain);

		if (order == 0)
			return &r->entries[middle].route;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Its own line, the longest suffix, or "*". */
static const struct route *
line_find(const struct routes *r, struct span domain)
{
	const struct route *found = entry_find(r, domain);

	if (found != NULL || domain_is_literal(domain))
		return found;
	for (size_t i = 1; found == NULL && i < domain.len; i++)
		if (domain.at[i] == '.')
			found = entry_find(r, span_from(domain, i));
	return found != NULL ? found : entry_find(r, SPAN("*"));
}

/* RFC 5321 5.1: a literal is its address; a domain goes to its MX hosts. */
static void
route_unlisted(struct span domain, struct arena *a, struct route *route_r)
{
	struct str ip = STR_INIT;
	struct target *t = arena_new(a, sizeof *t);

	*t = (struct target){
		.kind = TARGET_MX, .name = arena_copy(a, domain), .port = 25
	};
	*route_r = (struct route){ .key = t->name, .targets = t, .count = 1 };
	if (domain_is_literal(domain)) {
		t->kind = TARGET_HOST;
		if (domain_literal_ip(domain, &ip))
			t->name = arena_copy(a, str_span(&ip));
	}
	str_free(&ip);
}

void
route_find(struct routes *r, struct span domain, struct arena *a,
    struct route *route_r)
{
	struct str lower = STR_INIT;
	const struct route *found;

	str_set(&lower, domain);
	str_lower(&lower, 0);
	found = line_find(r, str_span(&lower));
	if (r->error != 0)
		*route_r = (struct route){ .key = arena_copy(a, domain),
			.listed = true };
	else if (found != NULL)
		*route_r = *found;
	else
		route_unlisted(domain, a, route_r);
	str_free(&lower);
}
