#include "store/entries.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void
entries_start(struct entries *e, int dir)
{
	e->dir = dir;
	e->at = e->len = 0;
	e->error = lseek(dir, 0, SEEK_SET) < 0 ? errno : 0;
}

bool
entries_next(struct entries *e, struct span *name_r)
{
	const struct dirent64 *d;

	if (e->error != 0)
		return false;
	do {
		if (e->at == e->len) {
			ssize_t n = getdents64(
			    e->dir, e->buffer, sizeof e->buffer);

			if (n <= 0) {
				e->error = n < 0 ? errno : 0;
				return false;
			}
			e->at = 0;
			e->len = (size_t)n;
		}
		d = (const struct dirent64 *)(e->buffer + e->at);
		e->at += d->d_reclen;
	} while (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0);
	*name_r = span_text(d->d_name);
	e->type = d->d_type;
	return true;
}

bool
entries_is_file(const struct entries *e, struct span name)
{
	struct stat st;

	if (e->type != DT_UNKNOWN)
		return e->type == DT_REG;
	return fstatat(e->dir, name.at, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISREG(st.st_mode);
}
