#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "store/acl.h"
#include "store/entries.h"
#include "store/mailbox.h"
#include "store/metadata.h"
#include "store/shared.h"
#include "store/special_use.h"
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
put(struct mailbox_list *l, struct span name, unsigned state, unsigned uses)
{
	if (l->count == l->size) {
		l->size = l->size == 0 ? 16 : l->size * 2;
		l->at = mem_resize(l->at, l->size, sizeof *l->at);
	}
	l->at[l->count++] = (struct mailbox){ name, state, uses };
}

/* A mailbox and the levels above it. */
static void
put_name(
    struct mailbox_list *l, struct span name, unsigned state, unsigned uses)
{
	struct span kept = arena_copy(&l->names, name);
	unsigned above = state & MAILBOX_SHARED;

	if (state & MAILBOX_EXISTS)
		above |= MAILBOX_CHILDREN;
	if (state & MAILBOX_SUBSCRIBED)
		above |= MAILBOX_CHILD_SUBSCRIBED;
	put(l, kept, state, uses);
	for (size_t i = 1; i < kept.len; i++)
		if (kept.at[i] == MAILBOX_SEPARATOR)
			put(l, arena_copy(&l->names, span_head(kept, i)), above,
			    0);
}

static void
put_directory(
    struct mailbox_list *l, struct span dir, unsigned state, unsigned uses)
{
	struct str name = STR_INIT;

	if (mailbox_of_directory(dir, &name))
		put_name(l, str_span(&name), state, uses);
	str_free(&name);
}

/* RFC 4314 4: those that may be looked up. Their names say nothing of a use. */
static void
put_shared(struct mailbox_list *l, const struct shared *s)
{
	for (size_t i = 0; s != NULL && i < s->count; i++)
		if (shared_rights(s, &s->at[i]) & RIGHT_LOOKUP)
			put_name(l, s->at[i].name,
			    MAILBOX_EXISTS | MAILBOX_SHARED, 0);
}

/* Merge entries with equal names. */
static void
merge(struct mailbox_list *l)
{
	size_t kept = 0;

	if (l->count > 0)
		qsort(l->at, l->count, sizeof *l->at, compare);
	for (size_t i = 0; i < l->count; i++)
		if (kept > 0 && compare(&l->at[kept - 1], &l->at[i]) == 0) {
			l->at[kept - 1].state |= l->at[i].state;
			l->at[kept - 1].uses |= l->at[i].uses;
		} else {
			l->at[kept++] = l->at[i];
		}
	l->count = kept;
}

/* A name's own use, where nothing else was said. */
static void
uses_of_names(struct mailbox_list *l)
{
	unsigned said = 0;

	for (size_t i = 0; i < l->count; i++)
		said |= l->at[i].uses;
	for (size_t i = 0; i < l->count; i++) {
		struct mailbox *m = &l->at[i];

		if ((m->state & MAILBOX_EXISTS) &&
		    !(m->state & MAILBOX_SHARED) && !(m->uses & USES_SAID))
			m->uses = special_use_of_name(m->name) & ~said;
	}
}

/* What its annotation says; one that can't be read says nothing. */
static unsigned
uses_said(const struct store *s, struct span dir)
{
	const struct annotation *a;
	struct metadata m;
	unsigned uses = 0;

	/* RFC 6154 2: the INBOX has a name that says it. */
	if (span_equal(dir, SPAN(".")) ||
	    metadata_read_directory(s, dir, &m) < 0)
		return 0;
	a = metadata_find(&m, SPECIAL_USE_ENTRY);
	if (a != NULL && special_uses_parse(a->value, &uses))
		uses |= USES_SAID;
	metadata_free(&m);
	return uses;
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
		found = name.at[0] != '.' && entries_is_file(&e, name);
	close(fd);
	return found;
}

/* A directory of the root is a mailbox when it looks like one, or can't be
 * examined: opening it reports the fault. */
static bool
is_mailbox(const struct store *s, struct span dir)
{
	return directory_has(s, dir, "cur") || errno == EACCES ||
	    directory_has(s, dir, "maildirfolder") ||
	    directory_has(s, dir, "new");
}

static void
nameless_log(const struct store *s, struct span dir)
{
	struct logline l;

	log_start(&l, "nameless");
	log_span(&l, "maildir", str_span(&s->path));
	log_span(&l, "folder", dir);
	log_text(
	    &l, "remedy", "give the folder a name in UTF-8 or modified UTF-7");
	log_write(&l);
}

static void
put_existing(
    struct mailbox_list *l, const struct store *s, struct span dir, bool mark)
{
	unsigned state = MAILBOX_EXISTS;
	struct str name = STR_INIT;

	if (!mailbox_of_directory(dir, &name))
		nameless_log(s, dir);
	str_free(&name);

	if (mark && has_new(s, dir))
		state |= MAILBOX_NEW;
	put_directory(l, dir, state, uses_said(s, dir));
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
		if (name.at[0] == '.' && is_mailbox(s, name))
			put_existing(l_r, s, name, mark);
	errno = e.error;
	r = e.error != 0 ? -1 : subscriptions_read(s, &dirs);
	for (rest = str_span(&dirs); span_line(&rest, &name);)
		put_directory(l_r, name, MAILBOX_SUBSCRIBED, 0);
	str_free(&dirs);
	if (r == 0) {
		put_shared(l_r, s->shared);
		merge(l_r);
		uses_of_names(l_r);
	} else {
		mailbox_list_free(l_r);
	}
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
