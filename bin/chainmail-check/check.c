#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/io.h"
#include "os/dirs.h"

enum { FILE_MAX = 1 << 30 };

void
complain(unsigned line, const char *text, void *source)
{
	const struct source *s = source;

	finding_add(&s->check->found, MISTAKE, s->file, line, text);
}

void
path_of(const char *name, struct str *path_r)
{
	if (name[0] == '/')
		str_setf(path_r, "%s", name);
	else
		str_setf(path_r, "%s/%s", dir_etc(), name);
}

bool
text_read(struct check *c, const char *name, struct str *text_r)
{
	int fd = openat(c->etc, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int r = fd < 0 ? -1 : read_all(fd, FILE_MAX, text_r), error = errno;

	if (fd >= 0)
		close(fd);
	if (r == 0 || error == ENOENT)
		return r == 0;
	if (error != EACCES || geteuid() == 0)
		finding_addf(&c->found, MISTAKE, name, 0,
		    "can't be read: %s; mend or remove it", strerror(error));
	return false;
}

static void
readers_check(struct check *c, const char *name, const struct stat *st,
    const enum person *readers)
{
	int mode = S_ISDIR(st->st_mode) ? R_OK | X_OK : R_OK;
	struct str path = STR_INIT, who = STR_INIT;

	path_of(name, &path);
	if (persons_try(&c->people, readers, path.at, mode, &who) != 0)
		finding_addf(&c->found, MISTAKE, name, 0,
		    "can't be read by %s; see the owner, group and mode of it "
		    "and of the folders above",
		    who.at);
	str_free(&path);
	str_free(&who);
}

/* A stranger who owns a file can change it. What our own authority has renewed
 * is that user's. */
static bool
is_owner(const struct check *c, const char *name, uid_t uid)
{
	struct stat st;

	return uid == 0 || uid == geteuid() || fstat(c->etc, &st) < 0 ||
	    uid == st.st_uid ||
	    (uid == c->people.uid[AUTHORITY] &&
		strcmp(name, "tls/default/cert.pem") == 0);
}

bool
readable_check(struct check *c, const char *name, mode_t closed,
    const enum person *readers)
{
	struct stat st;

	if (fstatat(c->etc, name, &st, 0) < 0) {
		if (errno == EACCES)
			finding_add(&c->found, UNREAD, name, 0,
			    "you may not look at it; run chainmail check as "
			    "root");
		else if (fstatat(c->etc, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			finding_add(&c->found, MISTAKE, name, 0,
			    "is a link to a file that is not there; make the "
			    "file, or remove the link");
		return false;
	}
	if (st.st_mode & 02)
		finding_add(&c->found, MISTAKE, name, 0,
		    "everybody on this machine may change it; chmod o-w");
	else if (st.st_mode & closed)
		finding_addf(&c->found, MISTAKE, name, 0,
		    "holds secrets, and more people may read it than its "
		    "programs; chmod %s",
		    closed & 070 ? "go=" : "o=");
	if (!is_owner(c, name, st.st_uid))
		finding_addf(&c->found, MISTAKE, name, 0,
		    "belongs to uid %u, who may change it; chown root",
		    (unsigned)st.st_uid);
	readers_check(c, name, &st, readers);
	if (faccessat(c->etc, name, R_OK, AT_EACCESS) == 0)
		return true;
	finding_add(&c->found, UNREAD, name, 0,
	    "you may not read it; run chainmail check as root");
	return false;
}
