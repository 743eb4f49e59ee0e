#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/entries.h"
#include "store/folder.h"
#include "store/mailbox.h"

/* RFC 3501 6.3.5: renaming INBOX moves its messages; INBOX stays. */
static int
inbox_rename(struct store *s, struct span to)
{
	struct folder_placed placed;
	struct folder f;
	uint32_t *all;
	int r;

	if (mailbox_create(s, to) < 0 ||
	    folder_open(&f, s, SPAN("INBOX"), false))
		return -1;
	all = mem_resize(NULL, f.total, sizeof *all);
	folder_report(&f, true, NULL);
	for (uint32_t i = 0; i < f.count; i++)
		all[i] = i;
	r = folder_move(&f, all, f.count, to, &placed);
	folder_placed_free(&placed);
	free(all);
	folder_close(&f);
	return r;
}

/* Never onto a mailbox: a directory that is there holds cur/ and so can't be
 * replaced by rename(2). */
static int
directory_rename(const struct store *s, const char *from, const char *to)
{
	int r = renameat(s->root.dir, from, s->root.dir, to);

	if (r < 0 && errno == ENOTEMPTY)
		errno = EEXIST;
	return r;
}

/* What is below from (".a." at the front of its name), each ended by NUL. */
static void
children_find(const struct store *s, struct span from, struct str *names_r)
{
	struct entries e;
	struct span name;

	entries_start(&e, s->root.dir);
	while (entries_next(&e, &name))
		if (name.len > from.len + 1 && span_starts(name, from) &&
		    name.at[from.len] == '.') {
			str_add(names_r, name);
			str_add_byte(names_r, '\0');
		}
}

/* Rename what was found; with check, only see whether each new name is free
 * and short enough. */
static int
children_rename(const struct store *s, const struct str *names, size_t skip,
    const struct str *to, bool check)
{
	struct str name = STR_INIT, mailbox = STR_INIT;
	int r = 0;

	for (size_t at = 0; at < names->len && r == 0;) {
		struct span old = span_text(names->at + at);

		str_set(&name, str_span(to));
		str_add(&name, span_from(old, skip));
		if (!check)
			r = directory_rename(s, old.at, name.at);
		else if (!mailbox_of_directory(str_span(&name), &mailbox))
			errno = EINVAL, r = -1;
		else if (faccessat(s->root.dir, name.at, F_OK, 0) == 0)
			errno = EEXIST, r = -1;
		at += old.len + 1;
	}
	str_free(&mailbox);
	str_free(&name);
	return r;
}

static int
tree_rename(struct store *s, const struct str *from, const struct str *to)
{
	struct str below = STR_INIT;
	int r;

	children_find(s, str_span(from), &below);
	r = children_rename(s, &below, from->len, to, true);
	if (r == 0)
		r = directory_rename(s, from->at, to->at);
	/* A level that is no mailbox itself can be renamed for its children. */
	if (r < 0 && errno == ENOENT && below.len > 0)
		r = 0;
	if (r == 0)
		r = children_rename(s, &below, from->len, to, false);
	if (r == 0)
		r = fsync(s->root.dir);
	str_free(&below);
	return r;
}

int
mailbox_rename(struct store *s, struct span from, struct span to)
{
	struct str from_dir = STR_INIT, to_dir = STR_INIT;
	int r = -1;

	if (!mailbox_directory(from, &from_dir) ||
	    !mailbox_directory(to, &to_dir))
		errno = EINVAL;
	else if (to_dir.len == 1 || mailbox_exists(s, to) == 0)
		errno = EEXIST;
	else if (from_dir.len == 1)
		r = inbox_rename(s, to);
	else if (span_starts(str_span(&to_dir), str_span(&from_dir)) &&
	    to_dir.at[from_dir.len] == '.')
		errno = EINVAL;
	else
		r = tree_rename(s, &from_dir, &to_dir);
	str_free(&from_dir);
	str_free(&to_dir);
	return r;
}
