#include "store/index_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/log.h"
#include "os/dirs.h"
#include "store/store.h"

enum { NAME_LONGEST = 255 };

bool
index_place_path(const char *maildir, struct str *path_r)
{
	const char *root = dir_index();
	char *whole = root == NULL ? NULL : realpath(maildir, NULL);
	struct str name = STR_INIT;
	bool ok = false;

	str_clear(path_r);
	if (whole != NULL) {
		percent_encode(&name, span_text(whole + 1), "._+=-@");
		ok = name.len > 0 && name.len <= NAME_LONGEST;
		str_setf(path_r, "%s/%s", root, name.at);
	}
	free(whole);
	str_free(&name);
	return ok;
}

/* Ours alone: what is read there is believed. */
static int
open_own(int at, const char *path)
{
	int fd = openat(
	    at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == 0)
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

static int
make_own(int at, const char *path)
{
	int fd = open_own(at, path);

	if (fd < 0 && errno == ENOENT &&
	    (mkdirat(at, path, 0700) == 0 || errno == EEXIST))
		fd = open_own(at, path);
	return fd;
}

static void
log_fault(const char *path)
{
	struct logline l;

	log_start(&l, "index-place");
	log_text(&l, "path", path);
	log_errno(&l);
	log_text(&l, "remedy",
	    "let it belong to the user of the mail, with mode 700");
	log_write(&l);
}

int
index_place_account(const char *maildir)
{
	struct str path = STR_INIT;
	int saved = errno, fd = 0;

	if (index_place_path(maildir, &path)) {
		fd = make_own(AT_FDCWD, path.at);
		if (fd < 0)
			log_fault(path.at);
	}
	str_free(&path);
	errno = saved;
	return fd < 0 ? 0 : fd;
}

int
index_place_mailbox(int account, const char *dir)
{
	int saved = errno, fd = account == 0 ? 0 : make_own(account, dir);

	errno = saved;
	return fd < 0 ? 0 : fd;
}

void
index_place_forget(int account, const char *dir)
{
	int saved = errno;

	if (account != 0 && strcmp(dir, ".") != 0)
		maildir_remove(account, dir);
	errno = saved;
}
