#include "store/metadata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/io.h"
#include "base/record.h"
#include "os/file.h"
#include "os/lock.h"
#include "store/acl.h"
#include "store/mailbox.h"

#define MAGIC "chainmail-metadata 1"

enum {
	FILE_MAX_LEN = 2 << 20, /* every byte of all percent-encoded fits */
	WAIT_MS = 10000,
};

/* Levels of the name that must be there: a vendor's are below its own. */
static size_t
levels_needed(struct span name)
{
	if (!span_take_case(&name, SPAN("/private")))
		span_take_case(&name, SPAN("/shared"));
	return span_equal_case(name, SPAN("/vendor")) ||
		span_starts_case(name, SPAN("/vendor/"))
	    ? 4
	    : 2;
}

bool
metadata_name_is_valid(struct span name, bool parent)
{
	struct span rest = name;
	size_t levels = 0;

	if (name.len > METADATA_NAME_MAX || !span_is_clean(name) ||
	    !span_is_ascii(name) || span_find(name, '*') < name.len ||
	    span_find(name, '%') < name.len)
		return false;
	while (span_take(&rest, '/')) {
		size_t n = span_find(rest, '/');

		if (n == 0)
			return false;
		if (levels++ == 0 &&
		    !span_equal_case(span_head(rest, n), SPAN("private")) &&
		    !span_equal_case(span_head(rest, n), SPAN("shared")))
			return false;
		rest = span_from(rest, n);
	}
	return rest.len == 0 && levels >= (parent ? 1 : levels_needed(name));
}

void
metadata_free(struct metadata *m)
{
	int saved = errno;

	arena_free(&m->arena);
	*m = (struct metadata){ .arena = ARENA_INIT };
	errno = saved;
}

const struct annotation *
metadata_find(const struct metadata *m, struct span name)
{
	for (size_t i = 0; i < m->count; i++)
		if (span_equal_case(m->at[i].name, name))
			return &m->at[i];
	return NULL;
}

static void
line_parse(struct span line, struct metadata *m)
{
	struct str name = STR_INIT, value = STR_INIT;

	if (record_is(line, "entry") && record_get(line, "name", &name) &&
	    record_get(line, "value", &value) &&
	    metadata_name_is_valid(str_span(&name), false) &&
	    value.len <= METADATA_VALUE_MAX && m->count < METADATA_COUNT_MAX &&
	    metadata_find(m, str_span(&name)) == NULL)
		m->at[m->count++] = (struct annotation){
			arena_copy(&m->arena, str_span(&name)),
			arena_copy(&m->arena, str_span(&value)),
		};
	str_free(&name);
	str_free(&value);
}

bool
metadata_parse(struct span text, struct metadata *m_r)
{
	struct span line;

	*m_r = (struct metadata){ .arena = ARENA_INIT };
	if (!span_line(&text, &line) || !span_equal(line, SPAN(MAGIC)))
		return false;
	m_r->at = arena_new(&m_r->arena, METADATA_COUNT_MAX * sizeof *m_r->at);
	while (span_line(&text, &line))
		line_parse(line, m_r);
	return true;
}

/* Where the file of a mailbox is: its directory, open, and the name in it. */
static int
place_open(const struct store *s, struct span mailbox, const char **file_r)
{
	struct str dir = STR_INIT;
	int fd = -1;

	*file_r = mailbox.len == 0 ? "metadata-server" : "metadata";
	if (mailbox.len == 0)
		fd = dir_open(s->root.dir, ".");
	else if (mailbox_find(s, mailbox, &dir) == 0)
		fd = openat(s->root.dir, dir.at,
		    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	str_free(&dir);
	return fd;
}

static int
file_read(int dir, const char *file, struct metadata *m_r)
{
	struct str text = STR_INIT;
	int fd = openat(
	    dir, file, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	int r = -1;

	*m_r = (struct metadata){ .arena = ARENA_INIT };
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (read_all(fd, FILE_MAX_LEN, &text) == 0) {
		r = metadata_parse(str_span(&text), m_r) ? 0 : -1;
		if (r < 0)
			errno = EBADMSG;
	}
	close(fd);
	str_free(&text);
	return r;
}

/* RFC 5464 3.3: what is private is private to the owner. */
static void
private_drop(struct metadata *m)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->count; i++)
		if (!span_starts_case(m->at[i].name, SPAN("/private/")))
			m->at[kept++] = m->at[i];
	m->count = kept;
}

int
metadata_read(const struct store *s, struct span mailbox, struct metadata *m_r)
{
	const char *file;
	int dir, r;

	*m_r = (struct metadata){ .arena = ARENA_INIT };
	if (mailbox_may(s, mailbox, RIGHT_READ) < 0)
		return -1;
	dir = place_open(s, mailbox, &file);
	if (dir < 0)
		return -1;
	r = file_read(dir, file, m_r);
	close(dir);
	if (r == 0 && mailbox_shared(s, mailbox) != NULL)
		private_drop(m_r);
	return r;
}

int
metadata_read_directory(
    const struct store *s, struct span dir, struct metadata *m_r)
{
	struct str path = STR_INIT;
	int r;

	str_add(&path, dir);
	str_add_text(&path, "/metadata");
	r = file_read(s->root.dir, path.at, m_r);
	str_free(&path);
	return r;
}

/* The list with a change made to it; room is for one more. */
static void
change(struct metadata *m, const struct annotation *c)
{
	size_t i = 0;

	while (i < m->count && !span_equal_case(m->at[i].name, c->name))
		i++;
	if (c->value.at != NULL) {
		m->count += i == m->count;
		m->at[i] = *c;
	} else if (i < m->count) {
		for (m->count--; i < m->count; i++)
			m->at[i] = m->at[i + 1];
	}
}

static bool
is_too_much(const struct metadata *m)
{
	size_t bytes = 0;

	for (size_t i = 0; i < m->count; i++)
		bytes += m->at[i].value.len;
	return m->count > METADATA_COUNT_MAX || bytes > METADATA_TOTAL_MAX;
}

void
metadata_format(struct str *text, const struct annotation *at, size_t count)
{
	str_add(text, SPAN(MAGIC "\n"));
	for (size_t i = 0; i < count; i++) {
		record_verb(text, "entry");
		record_add(text, "name", at[i].name);
		record_add(text, "value", at[i].value);
		record_end(text);
	}
}

/* The lock is held. Without annotations there is no file. */
static int
file_replace(
    const struct store *s, int dir, const char *file, const struct metadata *m)
{
	struct commit c = { .from_dir = s->root.tmp,
		.from = "metadata.new",
		.to_dir = dir,
		.to = file,
		.replace = true };
	struct str text = STR_INIT;
	int r;

	if (m->count == 0) {
		r = unlinkat(dir, file, 0) < 0 && errno != ENOENT ? -1
								  : fsync(dir);
		return r;
	}
	metadata_format(&text, m->at, m->count);
	r = file_write(&c, 0, str_span(&text));
	str_free(&text);
	return r;
}

static int
changed_write(const struct store *s, int dir, const char *file,
    const struct annotation *changes, size_t n)
{
	struct metadata old, new = { .arena = ARENA_INIT };
	int r = file_read(dir, file, &old);

	if (r == 0) {
		new.count = old.count;
		new.at = arena_new(
		    &new.arena, (old.count + n) * sizeof *new.at);
		for (size_t i = 0; i < old.count; i++)
			new.at[i] = old.at[i];
		for (size_t i = 0; i < n; i++)
			change(&new, &changes[i]);
		if (is_too_much(&new)) {
			errno = E2BIG;
			r = -1;
		}
	}
	if (r == 0)
		r = file_replace(s, dir, file, &new);
	metadata_free(&new);
	metadata_free(&old);
	return r;
}

int
metadata_change(const struct store *s, struct span mailbox,
    const struct annotation *changes, size_t n)
{
	const char *file;
	int dir = place_open(s, mailbox, &file), lock = -1, r = -1, saved;

	if (dir >= 0 && mailbox_shared(s, mailbox) != NULL) {
		close(dir);
		errno = EACCES;
		return -1;
	}
	if (dir >= 0)
		lock = lock_take(s->root.dir, "metadata.lock", WAIT_MS);
	if (lock >= 0)
		r = changed_write(s, dir, file, changes, n);
	saved = errno;
	if (lock >= 0)
		close(lock);
	if (dir >= 0)
		close(dir);
	errno = saved;
	return r;
}

int
metadata_copy(const struct store *s, struct span from, struct span to)
{
	struct metadata m;
	int r = metadata_read(s, from, &m);

	if (r == 0 && m.count > 0)
		r = metadata_change(s, to, m.at, m.count);
	metadata_free(&m);
	return r;
}
