/* The lists of those to whom an owner has given a right. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/io.h"
#include "base/record.h"
#include "os/dirs.h"
#include "os/file.h"
#include "os/lock.h"
#include "store/acl.h"
#include "store/entries.h"
#include "store/shared.h"
#include "store/shared_inside.h"

enum { WAIT_MS = 10000 };

#define ANYONE SPAN("anyone")

static int
lists_open(void)
{
	struct str path = STR_INIT;
	int dir;

	str_setf(&path, "%s/.shared", dir_mail());
	dir = dir_open(AT_FDCWD, path.at);
	str_free(&path);
	return dir;
}

void
shared_lists_make(void)
{
	int mail = dir_open(AT_FDCWD, dir_mail());

	if (mail >= 0) {
		dir_make(mail, ".shared", 0700);
		close(mail);
	}
}

/* A new one is there after a power cut, too. */
static int
list_open(int dir, const char *name)
{
	const int how = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	int list = openat(dir, name, how);

	if (list < 0 && errno == ENOENT) {
		list = openat(dir, name, how | O_CREAT, 0600);
		if (list >= 0)
			fsync(dir);
	}
	return list;
}

int
shared_list_open(struct span owner)
{
	struct str id = STR_INIT, name = STR_INIT;
	int dir = -1, list = -1;

	if (acl_id(owner, &id) && !span_equal(str_span(&id), ANYONE))
		dir = lists_open();
	if (dir >= 0) {
		percent_encode(&name, str_span(&id), "._+=-@");
		list = list_open(dir, name.at);
		close(dir);
	}
	str_free(&name);
	str_free(&id);
	return list;
}

static bool
line_is(struct span line, struct span user)
{
	struct str id = STR_INIT;
	bool is = record_is(line, "reader") && record_get(line, "id", &id) &&
	    (span_equal(str_span(&id), user) ||
		span_equal(str_span(&id), ANYONE));

	str_free(&id);
	return is;
}

bool
shared_list_has(struct span text, struct span user)
{
	struct span line;

	while (span_line(&text, &line))
		if (line_is(line, user))
			return true;
	return false;
}

/* What is there, from its beginning; -1 and errno. */
static int
list_read(int list, struct str *text_r)
{
	str_clear(text_r);
	return lseek(list, 0, SEEK_SET) < 0
	    ? -1
	    : read_all(list, SHARED_LIST_MAX, text_r);
}

/* A line that a crash has cut is ended before the next. */
static int
list_append(int list, const struct str *text, struct span id)
{
	struct str line = STR_INIT;
	int r = -1;

	if (text->len > 0 && text->at[text->len - 1] != '\n')
		str_add_byte(&line, '\n');
	record_verb(&line, "reader");
	record_add(&line, "id", id);
	record_end(&line);
	errno = EFBIG;
	if (text->len + line.len <= SHARED_LIST_MAX &&
	    lseek(list, (off_t)text->len, SEEK_SET) >= 0 &&
	    write_all(list, str_span(&line)) == 0)
		r = fdatasync(list);
	str_free(&line);
	return r;
}

int
shared_list_add(int list, struct span id)
{
	struct str text = STR_INIT;
	struct span rest, line;
	bool has = false;
	int r = -1, saved;

	if (list < 0 || lock_fd(list, WAIT_MS) < 0)
		return -1;
	if (list_read(list, &text) == 0) {
		for (rest = str_span(&text); !has && span_line(&rest, &line);)
			has = line_is(line, id);
		r = has ? 0 : list_append(list, &text, id);
	}
	saved = errno;
	lock_drop(list);
	str_free(&text);
	errno = saved;
	return r;
}

/* One list of the directory; an empty one, which most are, is not opened. */
static bool
list_has(int dir, const char *name, struct span user)
{
	struct str text = STR_INIT;
	struct stat st;
	bool has = false;
	int fd = -1;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode) && st.st_size > 0)
		fd = openat(
		    dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0) {
		has = read_all(fd, SHARED_LIST_MAX, &text) == 0 &&
		    shared_list_has(str_span(&text), user);
		close(fd);
	}
	str_free(&text);
	return has;
}

void
shared_owners_find(struct span user, struct str *owners, size_t *looks)
{
	struct str owner = STR_INIT, id = STR_INIT;
	struct entries e;
	struct span name;
	int dir = lists_open();

	if (dir < 0)
		return;
	entries_start(&e, dir);
	while (entries_next(&e, &name) && ++*looks < SHARED_LOOKS_MAX) {
		str_clear(&owner);
		if (percent_decode(&owner, name) &&
		    acl_id(str_span(&owner), &id) &&
		    !span_equal(str_span(&id), user) &&
		    list_has(dir, name.at, user)) {
			str_add(owners, str_span(&id));
			str_add_byte(owners, '\n');
		}
	}
	close(dir);
	str_free(&id);
	str_free(&owner);
}
