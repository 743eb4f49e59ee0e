/* Marks of full mailboxes: set by deliver, read by smtpd. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/encode.h"
#include "base/id.h"
#include "os/dirs.h"
#include "os/file.h"
#include "store/quota_inside.h"

enum { MARK_S = 15 * 60 };

static void
mark_path(struct span address, struct str *path_r)
{
	str_setf(path_r, "%s/.full/", dir_mail());
	size_t at = path_r->len;

	percent_encode(path_r, address, "._+=-@");
	str_lower(path_r, at);
}

/* Others may look up a mark by name but not list them, whatever the umask. */
static void
marks_make(void)
{
	struct str dir = STR_INIT;
	int fd = -1;

	str_setf(&dir, "%s/.full", dir_mail());
	if (mkdir(dir.at, 0700) == 0)
		fd = dir_open(AT_FDCWD, dir.at);
	if (fd >= 0) {
		fchmod(fd, 0711);
		close(fd);
	}
	str_free(&dir);
}

static void
mark_set(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0 && errno == ENOENT) {
		marks_make();
		fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	}
	if (fd >= 0) {
		futimens(fd, NULL);
		close(fd);
	}
}

/* A mark that a session has open stays, so that the session can still clear it:
 * a lease on it is refused. */
static void
mark_remove(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	quota_mark_clear(fd);
	if (fd >= 0 && fcntl(fd, F_SETLEASE, F_WRLCK) == 0)
		unlink(path);
	if (fd >= 0)
		close(fd);
}

void
quota_mark(struct span address, bool full)
{
	struct str path = STR_INIT;

	mark_path(address, &path);
	if (full)
		mark_set(path.at);
	else
		mark_remove(path.at);
	str_free(&path);
}

/* Create a mark that is not set: it gets its time before its name. */
static int
mark_make(const char *path)
{
	struct str new = STR_INIT;
	struct id id = id_new();
	int fd;

	marks_make();
	str_setf(&new, "%s/.full/.%s", dir_mail(), id.text);
	fd = open(new.at, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	quota_mark_clear(fd);
	if (fd >= 0 && link(new.at, path) < 0) {
		close(fd);
		fd = -1;
	}
	unlink(new.at);
	str_free(&new);
	return fd;
}

int
quota_mark_open(const struct store *s, struct span address)
{
	struct str path = STR_INIT;
	int mark = -1;

	if (address.len == 0 ||
	    faccessat(s->root.dir, "maildirsize", F_OK, 0) < 0)
		return -1;
	mark_path(address, &path);
	/* Twice: another process may have just created it. */
	for (int i = 0; mark < 0 && i < 2; i++) {
		mark = open(
		    path.at, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		if (mark < 0 && errno == ENOENT)
			mark = mark_make(path.at);
	}
	str_free(&path);
	return mark;
}

void
quota_mark_clear(int mark)
{
	static const struct timespec long_ago[2] = { { 0, 0 }, { 0, 0 } };

	if (mark >= 0)
		futimens(mark, long_ago);
}

bool
quota_marked(struct span address, struct timespec since)
{
	struct str path = STR_INIT;
	struct stat st;
	bool there;

	mark_path(address, &path);
	there = stat(path.at, &st) == 0;
	str_free(&path);
	return there && !time_is_before(st.st_mtim, since) &&
	    st.st_mtime > clock_wall_s() - MARK_S;
}
