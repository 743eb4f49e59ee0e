#include "users/grant.h"

#include <cdb.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/record.h"
#include "os/dirs.h"
#include "os/file.h"
#include "users/logins.h"

enum { WORD_MAX = 200 }; /* bytes of one value */

enum answer { SAME, OTHER, UNKNOWN };

void
grant_open(struct grant *g, int etc, struct span account, struct span login)
{
	*g = (struct grant){
		.folder = -1, .account = STR_INIT, .login = STR_INIT
	};
	str_set(&g->account, account);
	str_set(&g->login, login);
	if (etc >= 0 && login.len > 0)
		g->folder = dir_open(etc, LOGINS_FOLDER);
}

void
grant_close(struct grant *g)
{
	if (g->folder >= 0)
		close(g->folder);
	g->folder = -1;
	str_free(&g->account);
	str_free(&g->login);
}

/* Look up a value by reading only the parts needed: checking the whole file's
 * checksum would cost each of thousands of sessions milliseconds. */
static int
value_read(int fd, struct span key, struct str *value_r)
{
	unsigned len;
	int r = cdb_seek(fd, key.at, (unsigned)key.len, &len);

	if (r <= 0 || len > WORD_MAX)
		return r == 0 ? 0 : -1;
	str_clear(value_r);
	if (cdb_bread(fd, str_reserve(value_r, len), (int)len) < 0)
		return -1;
	value_r->len = len;
	value_r->at[len] = '\0';
	return 1;
}

static enum answer
login_compare(const struct grant *g, int fd)
{
	struct str value = STR_INIT, word = STR_INIT;
	enum answer a = UNKNOWN;
	int r = value_read(fd, SPAN(""), &value);

	if (r == 1 && span_equal(str_span(&value), SPAN(LOGINS_MAGIC)))
		r = value_read(fd, str_span(&g->account), &value);
	else
		r = -1;
	if (r == 0)
		a = OTHER; /* the account is gone */
	else if (r == 1 && record_get(str_span(&value), "login", &word))
		a = span_equal(str_span(&word), str_span(&g->login)) ? SAME
								     : OTHER;
	str_free(&value);
	str_free(&word);
	return a;
}

bool
grant_holds(void *arg)
{
	struct grant *g = arg;
	struct stat st;
	int fd;

	if (g->over || g->folder < 0 ||
	    fstatat(g->folder, LOGINS_FILE, &st, 0) < 0 ||
	    (st.st_ino == g->inode && st.st_mtim.tv_sec == g->changed.tv_sec &&
		st.st_mtim.tv_nsec == g->changed.tv_nsec))
		return !g->over;
	fd = openat(g->folder, LOGINS_FILE, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return true;
	g->inode = st.st_ino;
	g->changed = st.st_mtim;
	g->over = login_compare(g, fd) == OTHER;
	close(fd);
	return !g->over;
}

struct sandbox_path
grant_path(struct str *path_r)
{
	str_setf(path_r, "%s/" LOGINS_FOLDER, dir_etc());
	return (struct sandbox_path){ path_r->at, SANDBOX_READ };
}
