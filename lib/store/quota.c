#include "store/quota.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/id.h"
#include "base/io.h"
#include "os/dirs.h"
#include "os/file.h"
#include "store/entries.h"
#include "store/name.h"

/* Maildir++: a file this long has been appended to enough. */
enum { MAILDIRSIZE_MAX = 5120 };

/* "5368709120S,1000C" */
static bool
read_limits(struct span line, struct quota *q)
{
	uint64_t n;

	q->limit = q->messages = 0;
	for (;;) {
		if (!span_number(&line, INT64_MAX, &n) || line.len == 0)
			return false;
		if (span_take(&line, 'S'))
			q->limit = n;
		else if (span_take(&line, 'C'))
			q->messages = n;
		else
			return false;
		if (!span_take(&line, ','))
			return line.len == 0;
	}
}

/* A number that may be negative, blanks before it. */
static bool
take_signed(struct span *rest, int64_t *n_r)
{
	bool negative;
	uint64_t n;

	while (span_take(rest, ' '))
		;
	negative = span_take(rest, '-');
	if (!span_number(rest, INT64_MAX / 2, &n))
		return false;
	*n_r = negative ? -(int64_t)n : (int64_t)n;
	return true;
}

/* The whole file; false when it is damaged. */
static bool
read_text(struct span text, struct quota *q)
{
	struct span line;
	int64_t bytes, count;

	q->used = q->count = 0;
	if (!span_line(&text, &line) || !read_limits(line, q))
		return false;
	while (span_line(&text, &line)) {
		if (!take_signed(&line, &bytes) ||
		    !take_signed(&line, &count) ||
		    __builtin_add_overflow(q->used, bytes, &q->used) ||
		    __builtin_add_overflow(q->count, count, &q->count))
			return false;
	}
	return q->used >= 0 && q->count >= 0;
}

/* 1: read; 0: not there or of no use, limits may have been read. */
static int
read_file(const struct store *s, struct quota *q, bool *there_r)
{
	struct str text = STR_INIT;
	int fd = openat(
	    s->root.dir, "maildirsize", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int r;

	*there_r = fd >= 0;
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	r = read_all(fd, MAILDIRSIZE_MAX, &text) == 0 &&
		read_text(str_span(&text), q)
	    ? 1
	    : 0;
	close(fd);
	str_free(&text);
	return r;
}

int
quota_read(const struct store *s, uint64_t limit, struct quota *q_r)
{
	bool there;
	int r;

	*q_r = (struct quota){ 0 };
	if (limit == 0) {
		unlinkat(s->root.dir, "maildirsize", 0);
		return 0;
	}
	r = read_file(s, q_r, &there);
	if (r < 0 || (limit == QUOTA_AS_WRITTEN && !there))
		return r < 0 ? -1 : 0;
	if (r == 1 && (limit == QUOTA_AS_WRITTEN || limit == q_r->limit))
		return 0;
	if (limit != QUOTA_AS_WRITTEN)
		q_r->limit = limit;
	return q_r->limit == 0 && q_r->messages == 0 ? 0 : quota_count(s, q_r);
}

int
quota_add(const struct store *s, struct quota *q, int64_t bytes, int64_t count)
{
	struct str line = STR_INIT;
	int fd = openat(s->root.dir, "maildirsize",
	    O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);
	int r;

	if (q != NULL) {
		q->used += bytes;
		q->count += count;
	}
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	str_addf(&line, "%jd %jd\n", (intmax_t)bytes, (intmax_t)count);
	r = write_all(fd, str_span(&line));
	close(fd);
	str_free(&line);
	return r;
}

/* Add up one of cur and new; the size is asked of the file only if its name
 * does not say. */
static int
count_directory(int at, const char *path, struct quota *q)
{
	int dir = openat(
	    at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct entries e;
	struct span file;
	struct name n;
	struct stat st;

	if (dir < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	entries_start(&e, dir);
	while (entries_next(&e, &file)) {
		if (!name_parse(file, &n))
			continue;
		if (n.size == NAME_NO_SIZE &&
		    fstatat(dir, file.at, &st, AT_SYMLINK_NOFOLLOW) == 0)
			n.size = (uint64_t)st.st_size;
		if (n.size != NAME_NO_SIZE)
			q->used += (int64_t)n.size;
		q->count++;
	}
	close(dir);
	if (e.error != 0)
		errno = e.error;
	return e.error == 0 ? 0 : -1;
}

static int
count_folder(int at, const char *folder, struct quota *q)
{
	struct str path = STR_INIT;
	int r;

	str_setf(&path, "%s/new", folder);
	r = count_directory(at, path.at, q);
	str_setf(&path, "%s/cur", folder);
	if (r == 0)
		r = count_directory(at, path.at, q);
	str_free(&path);
	return r;
}

static int
write_file(const struct store *s, const struct quota *q)
{
	struct str text = STR_INIT;
	struct id id = id_new();
	struct commit c = { .from_dir = s->root.tmp,
		.from = id.text,
		.to_dir = s->root.dir,
		.to = "maildirsize",
		.replace = true };
	int r;

	if (q->limit > 0)
		str_addf(&text, "%juS", (uintmax_t)q->limit);
	if (q->messages > 0)
		str_addf(&text, "%s%juC", text.len > 0 ? "," : "",
		    (uintmax_t)q->messages);
	str_addf(&text, "\n%jd %jd\n", (intmax_t)q->used, (intmax_t)q->count);
	r = file_write(&c, 0, str_span(&text));
	str_free(&text);
	return r;
}

int
quota_count(const struct store *s, struct quota *q)
{
	struct entries e;
	struct span name;

	q->used = q->count = 0;
	if (count_folder(s->root.dir, ".", q) < 0)
		return -1;
	entries_start(&e, s->root.dir);
	while (entries_next(&e, &name))
		if (name.at[0] == '.' &&
		    count_folder(s->root.dir, name.at, q) < 0)
			return -1;
	if (e.error != 0) {
		errno = e.error;
		return -1;
	}
	return write_file(s, q);
}

bool
quota_over(const struct quota *q, uint64_t bytes, uint64_t count)
{
	return (q->limit > 0 && (uint64_t)q->used + bytes > q->limit) ||
	    (q->messages > 0 && (uint64_t)q->count + count > q->messages);
}

static void
mark_path(struct span address, struct str *path_r)
{
	str_setf(path_r, "%s/.full/", dir_mail());
	size_t at = path_r->len;

	percent_encode(path_r, address, "._+=-@");
	str_lower(path_r, at);
}

/* Others look for a mark by its name and list none; whatever the umask says. */
static void
marks_make(void)
{
	struct str dir = STR_INIT;

	str_setf(&dir, "%s/.full", dir_mail());
	if (mkdir(dir.at, 0700) == 0)
		chmod(dir.at, 0711);
	str_free(&dir);
}

void
quota_mark(struct span address, bool full)
{
	struct str path = STR_INIT;
	int fd;

	mark_path(address, &path);
	if (!full) {
		unlink(path.at);
	} else {
		fd = open(path.at, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		if (fd < 0 && errno == ENOENT) {
			marks_make();
			fd = open(
			    path.at, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
		}
		if (fd >= 0)
			close(fd);
	}
	str_free(&path);
}

bool
quota_marked(struct span address)
{
	struct str path = STR_INIT;
	bool marked;

	mark_path(address, &path);
	marked = access(path.at, F_OK) == 0;
	str_free(&path);
	return marked;
}
