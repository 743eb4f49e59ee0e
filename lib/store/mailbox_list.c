#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/entries.h"
#include "store/mailbox.h"
#include "store/subscriptions.h"

/* INBOX first; then by bytes, with the separator before every other. */
static int
compare(const void *a, const void *b)
{
	struct span x = ((const struct mailbox *)a)->name;
	struct span y = ((const struct mailbox *)b)->name;
	size_t n = x.len < y.len ? x.len : y.len;
	bool x_in = span_equal(x, SPAN("INBOX"));
	bool y_in = span_equal(y, SPAN("INBOX"));

	if (x_in || y_in)
		return y_in - x_in;
	for (size_t i = 0; i < n; i++) {
		int p = x.at[i] == MAILBOX_SEPARATOR ? 0
						     : (unsigned char)x.at[i];
		int q = y.at[i] == MAILBOX_SEPARATOR ? 0
						     : (unsigned char)y.at[i];

		if (p != q)
			return p - q;
	}
	return x.len < y.len ? -1 : x.len > y.len;
}

static void
put(struct mailbox_list *l, struct span name, unsigned state)
{
	if (l->count == l->size) {
		l->size = l->size == 0 ? 16 : l->size * 2;
		l->at = mem_resize(l->at, l->size, sizeof *l->at);
	}
	l->at[l->count++] = (struct mailbox){ name, state };
}

/* A mailbox and the levels above it. */
static void
put_directory(struct mailbox_list *l, struct span dir, unsigned state)
{
	struct str name = STR_INIT;

	if (mailbox_of_directory(dir, &name)) {
		struct span kept = arena_copy(&l->names, str_span(&name));
		unsigned above = 0;

		if (state & MAILBOX_EXISTS)
			above |= MAILBOX_CHILDREN;
		if (state & MAILBOX_SUBSCRIBED)
			above |= MAILBOX_CHILD_SUBSCRIBED;
		put(l, kept, state);
		for (size_t i = 1; i < kept.len; i++)
			if (kept.at[i] == MAILBOX_SEPARATOR)
				put(l,
				    arena_copy(&l->names, span_head(kept, i)),
				    above);
	}
	str_free(&name);
}

/* Equal names become one. */
static void
merge(struct mailbox_list *l)
{
	size_t kept = 0;

	if (l->count > 0)
		qsort(l->at, l->count, sizeof *l->at, compare);
	for (size_t i = 0; i < l->count; i++)
		if (kept > 0 && compare(&l->at[kept - 1], &l->at[i]) == 0)
			l->at[kept - 1].state |= l->at[i].state;
		else
			l->at[kept++] = l->at[i];
	l->count = kept;
}

static bool
directory_has(const struct store *s, struct span dir, const char *part)
{
	struct str path = STR_INIT;
	int r;

	str_add(&path, dir);
	str_add_byte(&path, '/');
	str_add_text(&path, part);
	r = faccessat(s->root.dir, path.at, F_OK, 0);
	str_free(&path);
	return r == 0;
}

static bool
has_new(const struct store *s, struct span dir)
{
	struct str path = STR_INIT;
	struct entries e;
	struct span name;
	bool found = false;
	int fd;

	str_add(&path, dir);
	str_add_text(&path, "/new");
	fd = openat(s->root.dir, path.at,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	str_free(&path);
	if (fd < 0)
		return false;
	entries_start(&e, fd);
	while (!found && entries_next(&e, &name))
		found = name.at[0] != '.';
	close(fd);
	return found;
}

static void
put_existing(
    struct mailbox_list *l, const struct store *s, struct span dir, bool mark)
{
	unsigned state = MAILBOX_EXISTS;

	if (mark && has_new(s, dir))
		state |= MAILBOX_NEW;
	put_directory(l, dir, state);
}

int
mailbox_list(const struct store *s, bool mark, struct mailbox_list *l_r)
{
	struct str dirs = STR_INIT;
	struct span name, rest;
	struct entries e;
	int r;

	*l_r = (struct mailbox_list){ .names = ARENA_INIT };
	put_existing(l_r, s, SPAN("."), mark);
	entries_start(&e, s->root.dir);
	while (entries_next(&e, &name))
		if (name.at[0] == '.' && directory_has(s, name, "cur"))
			put_existing(l_r, s, name, mark);
	errno = e.error;
	r = e.error != 0 ? -1 : subscriptions_read(s, &dirs);
	for (rest = str_span(&dirs); span_line(&rest, &name);)
		put_directory(l_r, name, MAILBOX_SUBSCRIBED);
	str_free(&dirs);
	if (r == 0)
		merge(l_r);
	else
		mailbox_list_free(l_r);
	return r;
}

void
mailbox_list_free(struct mailbox_list *l)
{
	int saved = errno;

	free(l->at);
	arena_free(&l->names);
	*l = (struct mailbox_list){ .names = ARENA_INIT };
	errno = saved;
}
