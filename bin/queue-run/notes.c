#include "notes.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/log.h"
#include "os/dirs.h"
#include "os/file.h"

enum {
	LARGE = 4 << 20,   /* bytes: a new file is begun */
	LOOK_EVERY = 4096, /* jobs */
};

/* The spool's key: made once, read from then on. */
static int
key_read(int dir, struct note_key *key)
{
	struct str text = STR_INIT;
	int r, fd = openat(dir, "key", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -1;
	r = read_part(fd, 0, sizeof key->bytes, &text);
	if (r == 0)
		memcpy(key->bytes, text.at, sizeof key->bytes);
	close(fd);
	str_free(&text);
	return r;
}

static int
key_make(int dir, struct note_key *key)
{
	struct commit c = { .from_dir = dir,
		.from = "key.new",
		.to_dir = dir,
		.to = "key",
		.replace = true };

	if (getrandom(key->bytes, sizeof key->bytes, 0) != sizeof key->bytes)
		return -1;
	return file_write(&c, 0600,
	    (struct span){ (const char *)key->bytes, sizeof key->bytes });
}

/* A short key was cut off by a power cut, before any job. */
static int
key_get(int dir, struct note_key *key)
{
	if (key_read(dir, key) == 0)
		return 0;
	return errno == ENOENT || errno == EIO ? key_make(dir, key) : -1;
}

void
notes_open(struct notes *n)
{
	int root = dir_open(AT_FDCWD, dir_spool());

	*n = (struct notes){ .dir = spool_part("notes"),
		.text = STR_INIT,
		.arena = ARENA_INIT };
	if (root < 0 || key_get(root, &n->key) < 0) {
		struct logline l;

		log_start(&l, "later");
		log_text(&l, "what", "read or make the spool's key");
		log_errno(&l);
		log_write(&l);
		if (getrandom(n->key.bytes, sizeof n->key.bytes, 0) !=
		    sizeof n->key.bytes)
			die(TEMP, "random bytes for a key");
	}
	if (root >= 0)
		close(root);
}

static struct notes_file *
file_new(const char *name, int fd)
{
	struct notes_file *f = mem_new(sizeof *f);

	f->fd = fd;
	memcpy(f->name, name, ID_LEN);
	return f;
}

static void
file_end(struct notes *n, struct notes_file *f, bool remove)
{
	if (remove)
		unlinkat(n->dir, f->name, 0);
	close(f->fd);
	free(f);
}

static bool
is_known(const struct notes *n, const char *name)
{
	if (n->current != NULL && strcmp(n->current->name, name) == 0)
		return true;
	for (const struct notes_file *f = n->old; f != NULL; f = f->after)
		if (strcmp(f->name, name) == 0)
			return true;
	return false;
}

/* Files that earlier processes left, each once. */
static void
files_find(struct notes *n)
{
	int copy = dir_open(n->dir, "."), fd;
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (d == NULL) {
		if (copy >= 0)
			close(copy);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (!id_valid(span_text(e->d_name)) || is_known(n, e->d_name))
			continue;
		fd = openat(n->dir, e->d_name,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (fd >= 0) {
			struct notes_file *f = file_new(e->d_name, fd);

			f->after = n->old;
			n->old = f;
		}
	}
	closedir(d);
}

struct taker {
	int (*take)(void *arg, const struct id *id, struct result *r);
	void *arg;
};

/* Process one line; -1: retry it later. */
static int
line_take_in(struct notes *n, struct span line, const struct taker *t)
{
	struct span note;
	struct result r;
	struct id id;
	int result = 0;

	while (note_next(&line, &note))
		if (note_parse(note, &n->key, &n->arena, &id, &r) &&
		    t->take(t->arg, &id, &r) < 0)
			result = -1;
	arena_clear(&n->arena);
	return result;
}

/* Process the file's new lines, and those that failed before; -1: some
 * failed. */
static int
file_take_in(struct notes *n, struct notes_file *f, const struct taker *t)
{
	struct stat st;
	struct span rest, line;
	uint64_t done = f->read;
	size_t size;
	int result = 0;

	if (fstat(f->fd, &st) < 0)
		return -1;
	if ((uint64_t)st.st_size <= f->read || f->read >= NOTES_MAX)
		return 0;
	size = (size_t)((uint64_t)st.st_size < NOTES_MAX ? (uint64_t)st.st_size
							 : NOTES_MAX) -
	    f->read;
	str_clear(&n->text);
	if (read_part(f->fd, f->read, size, &n->text) < 0)
		return -1;
	rest = str_span(&n->text);
	while (span_until(&rest, '\n', &line)) {
		if (line_take_in(n, line, t) < 0)
			result = -1;
		rest = span_from(rest, 1);
		done += line.len + 1;
		if (result == 0)
			f->read = done;
	}
	return result;
}

/* Whether no process can write to it: all that have it open share a lock. */
static bool
is_closed(const struct notes_file *f)
{
	return flock(f->fd, LOCK_EX | LOCK_NB) == 0;
}

void
notes_read(struct notes *n,
    int (*take)(void *arg, const struct id *id, struct result *r), void *arg)
{
	const struct taker t = { take, arg };

	if (n->dir < 0)
		return;
	files_find(n);
	for (struct notes_file *f = n->old; f != NULL; f = f->after) {
		/* Check first, so that everything written before the close is
		 * read. */
		bool closed = f->number == 0 && is_closed(f);

		f->finished = f->number == 0 && file_take_in(n, f, &t) == 0 &&
		    closed;
	}
}

static void
files_remove(struct notes *n, bool (*old)(const struct notes_file *f, uint64_t),
    uint64_t least)
{
	struct notes_file **at = &n->old, *f;

	while ((f = *at) != NULL)
		if (old(f, least)) {
			*at = f->after;
			file_end(n, f, true);
		} else {
			at = &f->after;
		}
}

static bool
is_finished(const struct notes_file *f, uint64_t unused)
{
	(void)unused;
	return f->finished;
}

void
notes_taken(struct notes *n)
{
	files_remove(n, is_finished, 0);
}

bool
notes_are_open(const struct notes *n)
{
	for (const struct notes_file *f = n->old; f != NULL; f = f->after)
		if (f->number == 0)
			return true;
	return false;
}

bool
notes_are_left(const struct notes *n)
{
	for (const struct notes_file *f = n->old; f != NULL; f = f->after)
		if (f->number > 0)
			return true;
	return false;
}

static void
file_retire(struct notes *n)
{
	if (n->current == NULL)
		return;
	n->current->after = n->old;
	n->old = n->current;
	n->current = NULL;
}

static void
file_begin(struct notes *n)
{
	struct id id = id_new();
	int fd = openat(n->dir, id.text,
	    O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
	    0600);

	if (fd < 0)
		return;
	flock(fd, LOCK_EX);
	n->current = file_new(id.text, fd);
	n->current->number = ++n->number;
}

static bool
is_large(struct notes *n)
{
	struct stat st;

	if (n->current == NULL || ++n->handed < LOOK_EVERY)
		return false;
	n->handed = 0;
	return fstat(n->current->fd, &st) == 0 && st.st_size > LARGE;
}

int
notes_hand(struct notes *n, uint64_t has, uint64_t *number_r)
{
	if (n->dir < 0)
		return -1;
	if (is_large(n))
		file_retire(n);
	if (n->current == NULL)
		file_begin(n);
	if (n->current == NULL || n->current->number == has)
		return -1;
	*number_r = n->current->number;
	return n->current->fd;
}

static bool
is_left(const struct notes_file *f, uint64_t least)
{
	return f->number > 0 && f->number < least;
}

void
notes_drop(struct notes *n, uint64_t least)
{
	files_remove(n, is_left, least);
}

static void
file_load(struct notes *n, const struct notes_file *f)
{
	int fd = openat(n->dir, f->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	read_all(fd, NOTES_MAX, &n->text);
	close(fd);
	str_add_byte(&n->text, '\n');
}

void
notes_load(struct notes *n)
{
	str_clear(&n->text);
	if (n->current != NULL)
		file_load(n, n->current);
	for (const struct notes_file *f = n->old; f != NULL; f = f->after)
		if (f->number > 0)
			file_load(n, f);
}

bool
notes_find(struct notes *n, const char *id, uint64_t index, struct arena *a,
    struct result *r)
{
	struct span rest = str_span(&n->text), line, note;
	struct str begin = STR_INIT;
	struct id of;
	bool found = false;

	str_addf(
	    &begin, "note id=%s index=%llu ", id, (unsigned long long)index);
	while (!found && span_line(&rest, &line))
		while (!found && note_next(&line, &note))
			found = span_starts(note, str_span(&begin)) &&
			    note_parse(note, &n->key, a, &of, r);
	str_free(&begin);
	return found;
}

void
notes_close(struct notes *n, bool clean)
{
	struct notes_file *f;

	file_retire(n);
	while ((f = n->old) != NULL) {
		n->old = f->after;
		file_end(n, f, clean && f->number > 0);
	}
	if (n->dir >= 0)
		close(n->dir);
	str_free(&n->text);
	arena_free(&n->arena);
}
