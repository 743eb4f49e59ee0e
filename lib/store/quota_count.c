/* Counting an account's usage from the names of all its messages. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"
#include "base/log.h"
#include "os/file.h"
#include "os/lock.h"
#include "store/entries.h"
#include "store/name.h"
#include "store/quota_inside.h"

enum { FOLDER_MS = 10000 };

/* Add up cur or new; stat only the files whose names lack the size. */
static int
count_directory(int at, const char *part, struct quota *q)
{
	int dir = openat(
	    at, part, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct entries e;
	struct span file;
	struct name n;
	struct stat st;

	if (dir < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -1;
	entries_start(&e, dir);
	while (entries_next(&e, &file)) {
		if (!name_parse(file, &n) || !entries_is_file(&e, file))
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

static void
skip_log(const struct store *s, const char *folder)
{
	struct logline l;

	log_start(&l, "uncounted");
	log_span(&l, "maildir", str_span(&s->path));
	log_text(&l, "folder", folder);
	log_errno(&l);
	log_write(&l);
}

/* Count one folder under its lock, or a file being renamed would be missed. An
 * unreadable folder is no reason to refuse mail for the others. */
static void
count_folder(const struct store *s, const char *folder, struct quota *q)
{
	int dir = openat(s->root.dir, folder,
	    O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int lock = -1, r = -1;

	if (dir < 0 && (errno == ENOTDIR || errno == ENOENT || errno == ELOOP))
		return;
	if (dir >= 0 && faccessat(dir, "cur", F_OK, 0) == 0)
		lock = lock_take(dir, "folder.lock", FOLDER_MS);
	if (dir >= 0)
		r = count_directory(dir, "new", q);
	if (r == 0)
		r = count_directory(dir, "cur", q);
	if (r < 0)
		skip_log(s, folder);
	if (lock >= 0)
		close(lock);
	if (dir >= 0)
		close(dir);
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
quota_sum(const struct store *s, struct quota *q)
{
	struct entries e;
	struct span name;

	q->used = q->count = 0;
	count_folder(s, ".", q);
	entries_start(&e, s->root.dir);
	while (entries_next(&e, &name))
		if (name.at[0] == '.')
			count_folder(s, name.at, q);
	if (e.error != 0)
		errno = e.error;
	return e.error == 0 ? 0 : -1;
}

bool
time_is_before(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec < b.tv_sec
				    : a.tv_nsec < b.tv_nsec;
}

static bool
folder_is_stale(
    const struct store *s, struct span folder, struct timespec counted)
{
	static const char *const parts[] = { "new", "cur" };
	struct str path = STR_INIT;
	struct stat st;
	bool stale = false;

	for (size_t i = 0; i < COUNT(parts) && !stale; i++) {
		str_set(&path, folder);
		str_addf(&path, "/%s", parts[i]);
		stale = fstatat(s->root.dir, path.at, &st, 0) == 0 &&
		    !time_is_before(st.st_mtim, counted);
	}
	str_free(&path);
	return stale;
}

bool
quota_is_stale(const struct store *s, struct timespec counted)
{
	struct entries e;
	struct span name;

	if (folder_is_stale(s, SPAN("."), counted))
		return true;
	entries_start(&e, s->root.dir);
	while (entries_next(&e, &name))
		if (name.at[0] == '.' && folder_is_stale(s, name, counted))
			return true;
	return false;
}

int
quota_count(const struct store *s, struct quota *q)
{
	int lock = lock_take(s->root.dir, "quota.lock", QUOTA_ALONE_MS), r;

	if (lock < 0)
		return -1;
	r = quota_sum(s, q) < 0 ? -1 : write_file(s, q);
	close(lock);
	return r;
}
