#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "store/entries.h"
#include "store/folder.h"
#include "store/index_place.h"
#include "store/mailbox.h"
#include "store/metadata.h"
#include "store/special_use.h"

/* RFC 3501 6.3.5: renaming INBOX moves its messages; INBOX stays. RFC 5464 4.1:
 * both have its annotations then. */
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
	all = mem_resize(NULL, f.count, sizeof *all);
	folder_report(&f, true, NULL);
	for (uint32_t i = 0; i < f.count; i++)
		all[i] = i;
	r = folder_place(
	    &f, all, f.count, to, &(struct place_how){ .move = true }, &placed);
	if (r == 0)
		r = metadata_copy(s, SPAN("INBOX"), to);
	folder_placed_free(&placed);
	free(all);
	folder_close(&f);
	return r;
}

/* The use that its name gives a mailbox is said before it gets another name. */
static int
use_say(const struct store *s, struct span mailbox)
{
	struct annotation entry = { .name = SPECIAL_USE_ENTRY };
	struct str value = STR_INIT;
	unsigned uses;
	int r = 0;

	if (special_use_of_name(mailbox) == 0)
		return 0;
	if (special_uses(s, mailbox, &uses) < 0)
		return -1;
	special_uses_add(&value, uses);
	entry.value = str_span(&value);
	if (uses != 0)
		r = metadata_change(s, mailbox, &entry, 1);
	str_free(&value);
	return r;
}

/* Never replaces a mailbox: an existing directory holds cur/, so rename(2)
 * can't replace it. */
static int
directory_rename(const struct store *s, const char *from, const char *to)
{
	int r = renameat(s->root.dir, from, s->root.dir, to);

	if (r < 0 && errno == ENOTEMPTY)
		errno = EEXIST;
	if (r == 0)
		index_place_forget(s->index, from);
	return r;
}

/* The directories of the mailboxes below one, each ended by NUL, in whatever
 * encoding. */
static void
children_find(const struct store *s, struct span parent, struct str *names_r)
{
	struct str mailbox = STR_INIT;
	struct entries e;
	struct span name;

	entries_start(&e, s->root.dir);
	while (entries_next(&e, &name)) {
		if (name.at[0] != '.' || !mailbox_of_directory(name, &mailbox))
			continue;
		if (mailbox.len > parent.len + 1 &&
		    span_starts(str_span(&mailbox), parent) &&
		    mailbox.at[parent.len] == MAILBOX_SEPARATOR) {
			str_add(names_r, name);
			str_add_byte(names_r, '\0');
		}
	}
	str_free(&mailbox);
}

/* Rename the directories found; with check, only test whether each new name is
 * free and short enough. */
static int
children_rename(const struct store *s, const struct str *names, size_t skip,
    struct span to, bool check)
{
	struct str mailbox = STR_INIT, wanted = STR_INIT, dir = STR_INIT;
	int r = 0;

	for (size_t at = 0; at < names->len && r == 0;) {
		struct span old = span_text(names->at + at);

		mailbox_of_directory(old, &mailbox);
		str_set(&wanted, to);
		str_add(&wanted, span_from(str_span(&mailbox), skip));
		if (!mailbox_directory(str_span(&wanted), &dir))
			errno = EINVAL, r = -1;
		else if (!check)
			r = directory_rename(s, old.at, dir.at);
		else if (mailbox_exists(s, str_span(&wanted)) == 0)
			errno = EEXIST, r = -1;
		at += old.len + 1;
	}
	str_free(&dir);
	str_free(&wanted);
	str_free(&mailbox);
	return r;
}

/* from and to: mailboxes, and the directories of both. */
struct renaming {
	struct span from, to;
	struct str from_dir, to_dir;
};

static int
tree_rename(struct store *s, const struct renaming *n)
{
	struct str below = STR_INIT;
	int r;

	children_find(s, n->from, &below);
	r = children_rename(s, &below, n->from.len, n->to, true);
	if (r == 0)
		r = use_say(s, n->from);
	if (r == 0)
		r = directory_rename(s, n->from_dir.at, n->to_dir.at);
	/* A level that is no mailbox itself can be renamed for its children. */
	if (r < 0 && errno == ENOENT && below.len > 0)
		r = 0;
	if (r == 0)
		r = children_rename(s, &below, n->from.len, n->to, false);
	if (r == 0)
		r = fsync(s->root.dir);
	str_free(&below);
	return r;
}

static bool
is_below(struct span name, struct span parent)
{
	return name.len > parent.len && span_starts(name, parent) &&
	    name.at[parent.len] == MAILBOX_SEPARATOR;
}

int
mailbox_rename(struct store *s, struct span from, struct span to)
{
	struct renaming n = { from, to, STR_INIT, STR_INIT };
	int r = -1;

	if (mailbox_find(s, from, &n.from_dir) < 0 ||
	    !mailbox_directory(to, &n.to_dir))
		errno = EINVAL;
	else if (mailbox_is_foreign(&n.from_dir) || mailbox_is_others(s, to))
		errno = EACCES;
	else if (n.to_dir.len == 1 || mailbox_exists(s, to) == 0)
		errno = EEXIST;
	else if (n.from_dir.len == 1)
		r = inbox_rename(s, to);
	else if (is_below(to, from))
		errno = EINVAL;
	else
		r = tree_rename(s, &n);
	str_free(&n.from_dir);
	str_free(&n.to_dir);
	return r;
}
