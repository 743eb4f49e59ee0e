#include "spool/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/io.h"
#include "os/dirs.h"
#include "os/file.h"
#include "spool/state.h"

#define MAGIC "chainmail-journal 1\n"

enum {
	CHECKPOINT = 8 << 20, /* bytes: some 40,000 results */
	READ_MAX = 1 << 30,
	CUT_MAX = 64 << 10, /* longest line of a state file, and more */
};

static const char *const name = "journal";

/* One line of the journal. */
struct entry {
	struct span id, line;
};
struct entries {
	struct entry *all;
	size_t count, size;
};

static void
entries_add(struct entries *e, struct entry one)
{
	if (e->count == e->size) {
		e->size = e->size == 0 ? 64 : 2 * e->size;
		e->all = mem_resize(e->all, e->size, sizeof *e->all);
	}
	e->all[e->count++] = one;
}

/* Group by message, in the order of the journal. */
static int
entry_compare(const void *one, const void *other)
{
	const struct entry *a = one, *b = other;
	int r = memcmp(a->id.at, b->id.at, ID_LEN);

	if (r != 0)
		return r;
	return a->line.at < b->line.at ? -1 : a->line.at > b->line.at;
}

/* "ID line\n"; an unfinished last line is ignored. */
static void
entries_parse(struct entries *e, struct span text)
{
	struct span line, id;

	while (span_until(&text, '\n', &line)) {
		text = span_from(text, 1);
		if (span_until(&line, ' ', &id) && id_valid(id))
			entries_add(
			    e, (struct entry){ id, span_from(line, 1) });
	}
	if (e->count > 0)
		qsort(e->all, e->count, sizeof *e->all, entry_compare);
}

static bool
message_is_there(const struct spool *s, const char *id)
{
	return faccessat(s->new, id, F_OK, 0) == 0 ||
	    faccessat(s->hold, id, F_OK, 0) == 0;
}

/* The text ends with these lines, complete. */
static bool
ends_with(struct span text, const struct entry *lines, size_t n)
{
	while (n-- > 0) {
		struct span line = lines[n].line;

		if (text.len < line.len + 2 || text.at[text.len - 1] != '\n' ||
		    text.at[text.len - line.len - 2] != '\n' ||
		    memcmp(text.at + text.len - line.len - 1, line.at,
			line.len) != 0)
			return false;
		text.len -= line.len + 1;
	}
	return true;
}

/* How many of these lines the state file has. Its last lines are the journal's
 * first ones; all later ones were lost. Reading a line twice does no harm,
 * reading lines in another order would. */
static size_t
lines_there(const struct str *state, const struct entry *lines, size_t n)
{
	struct span text = str_span(state);

	while (text.len > 0 && text.at[text.len - 1] != '\n')
		text.len--;
	while (n > 0 && !ends_with(text, lines, n))
		n--;
	return n;
}

/* Append those of these lines that the message's state file lacks. */
static int
message_replay(struct journal *j, const struct entry *lines, size_t n)
{
	struct str state = STR_INIT, lacking = STR_INIT;
	char id[ID_LEN + 1] = "";
	/* The LF before them, and a line that a crash cut off behind them. */
	uint64_t bytes = 1 + CUT_MAX;
	int r;

	memcpy(id, lines->id.at, ID_LEN);
	for (size_t i = 0; i < n; i++)
		bytes += lines[i].line.len + 1;
	r = state_tail(j->spool, id, bytes, &state);
	for (size_t i = lines_there(&state, lines, n); i < n; i++) {
		str_add(&lacking, lines[i].line);
		str_add_byte(&lacking, '\n');
	}
	if (r == 0 && lacking.len > 0 && message_is_there(j->spool, id))
		r = state_append(j->spool, id, str_span(&lacking), false);
	str_free(&state);
	str_free(&lacking);
	return r;
}

static int
lines_replay(struct journal *j, struct span text)
{
	struct entries e = { 0 };
	int r = 0;

	entries_parse(&e, text);
	for (size_t i = 0, n; r == 0 && i < e.count; i += n) {
		for (n = 1; i + n < e.count &&
		     span_equal(e.all[i].id, e.all[i + n].id);
		     n++)
			continue;
		r = message_replay(j, &e.all[i], n);
	}
	free(e.all);
	return r;
}

/* 1: there is a journal, and all its lines are in the state files; 0: there is
 * none; -1 and errno. */
static int
replay(struct journal *j)
{
	int r, fd = openat(j->dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct span rest;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	str_clear(&j->text);
	r = read_all(fd, READ_MAX, &j->text);
	close(fd);
	rest = str_span(&j->text);
	/* Without its first line it was never used. */
	if (r == 0 && span_take_text(&rest, SPAN(MAGIC)))
		r = lines_replay(j, rest);
	str_free(&j->text);
	return r == 0 ? 1 : -1;
}

/* The state files are safe without it. It must not reappear after a power cut:
 * lines written since then would no longer be last. */
static int
drop(const struct journal *j)
{
	return syncfs(j->dir) < 0 || unlinkat(j->dir, name, 0) < 0
	    ? -1
	    : fsync(j->dir);
}

/* An empty journal in place of the old one, whose lines are all safe. */
static int
begin(struct journal *j)
{
	int fd = openat(j->dir, "journal.new",
	    O_WRONLY | O_APPEND | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC,
	    0600);

	if (fd < 0)
		return -1;
	if (write_all(fd, SPAN(MAGIC)) < 0 ||
	    renameat(j->dir, "journal.new", j->dir, name) < 0) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	if (j->fd >= 0)
		close(j->fd);
	j->fd = fd;
	j->fresh = true;
	j->size = sizeof MAGIC - 1;
	return 0;
}

/* Make all state files safe without the journal, and restart it. */
static int
checkpoint(struct journal *j)
{
	if (syncfs(j->dir) < 0 || begin(j) < 0)
		return -1;
	str_clear(&j->lines);
	return 0;
}

int
journal_open(struct journal *j, const struct spool *s)
{
	int there;

	*j = (struct journal){ .spool = s,
		.dir = dir_open(AT_FDCWD, dir_spool()),
		.fd = -1,
		.limit = CHECKPOINT,
		.lines = STR_INIT,
		.text = STR_INIT };

	if (j->dir < 0 || (there = replay(j)) < 0)
		return -1;
	return there == 1 ? drop(j) : 0;
}

int
journal_add(struct journal *j, const char *id, struct span lines)
{
	struct span rest = lines, line;

	if (state_append(j->spool, id, lines, false) < 0)
		return -1;
	while (span_line(&rest, &line)) {
		str_add_text(&j->lines, id);
		str_add_byte(&j->lines, ' ');
		str_add(&j->lines, line);
		str_add_byte(&j->lines, '\n');
	}
	return 0;
}

bool
journal_is_open(const struct journal *j)
{
	return j->lines.len > 0;
}

/* fsync after the rename makes the new name durable too, in one call; later
 * fdatasync suffices. */
static int
lines_sync(struct journal *j)
{
	if (write_all(j->fd, str_span(&j->lines)) < 0 ||
	    (j->fresh ? fsync(j->fd) : fdatasync(j->fd)) < 0)
		return -1;
	j->fresh = false;
	return 0;
}

int
journal_sync(struct journal *j)
{
	if (j->failed) {
		/* Data written before a failed fdatasync is never trusted: sync
		 * the state files themselves, or nothing is safe. */
		if (checkpoint(j) < 0)
			return -1;
		j->failed = false;
		return 0;
	}
	if (j->lines.len == 0)
		return 0;
	if ((j->fd < 0 && begin(j) < 0) || lines_sync(j) < 0) {
		j->failed = true;
		return -1;
	}
	j->size += j->lines.len;
	str_clear(&j->lines);
	/* These lines are safe, but the next ones could not be written. */
	if (j->size > j->limit && checkpoint(j) < 0) {
		j->failed = true;
		return -1;
	}
	return 0;
}

void
journal_close(struct journal *j)
{
	if (journal_sync(j) == 0 && j->fd >= 0)
		drop(j);
	if (j->fd >= 0)
		close(j->fd);
	if (j->dir >= 0)
		close(j->dir);
	str_free(&j->lines);
	str_free(&j->text);
}
