#include "file.h"

#include <cdb.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/io.h"
#include "base/record.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/file.h"
#include "os/lock.h"
#include "users/compile.h"

enum { TEXT_MAX = 1 << 30, LOCK_WAIT_MS = 10000 };

void
file_open(struct users_file *f, bool for_change)
{
	int fd;

	*f = (struct users_file){
		.etc = conf_open(), .lock = -1, .text = STR_INIT, .me = STR_INIT
	};
	if (f->etc < 0)
		die(CONFIG,
		    "open %s; make it, or say where it is in CHAINMAIL_ETC",
		    dir_etc());
	conf_me(f->etc, &f->me);
	if (for_change)
		f->lock = lock_take(f->etc, ".users.lock", LOCK_WAIT_MS);
	if (for_change && f->lock < 0)
		die(TEMP, "lock %s/.users.lock; is another change going on?",
		    dir_etc());
	fd = openat(f->etc, "users", O_RDONLY | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return;
	if (fd < 0 || read_all(fd, TEXT_MAX, &f->text) < 0)
		die(TEMP, "read %s/users", dir_etc());
	close(fd);
}

bool
file_is_piped(void)
{
	int etc = conf_open();
	int fd = etc < 0 ? -1 : openat(etc, "users.cdb", O_RDONLY | O_CLOEXEC);
	struct cdb c;
	uint64_t n;
	bool piped = false;

	/* Read directly: a damaged one is no error here, as it will be
	 * replaced. */
	if (fd >= 0 && cdb_init(&c, fd) == 0) {
		if (cdb_find(&c, "", 0) > 0)
			piped = record_get_number(
			    (struct span){ cdb_getdata(&c), cdb_datalen(&c) },
			    "piped", 1, &n);
		cdb_free(&c);
	}
	if (fd >= 0)
		close(fd);
	if (etc >= 0)
		close(etc);
	return piped;
}

void
file_close(struct users_file *f)
{
	str_wipe(&f->text);
	str_free(&f->me);
	if (f->lock >= 0)
		close(f->lock);
	close(f->etc);
}

static void
fault_print(void *arg, unsigned line, struct span text)
{
	fprintf(stderr, "%s:%u: %.*s\n", (const char *)arg, line, (int)text.len,
	    text.at);
}

/* 0, 1 (faults) or -1; see users_compile(). */
static int
compile(struct users_file *f, struct span text, const char *name, int etc)
{
	char label[] = "stdin";
	char users[] = "users";
	struct compile c = { .fault = fault_print,
		.arg = name == NULL ? label : users,
		.piped = name == NULL };
	int r = users_compile(&c, text, str_span(&f->me), etc);

	if (r > 0)
		fprintf(stderr,
		    "%u fault%s; nothing was changed, the database in force "
		    "stays\n",
		    c.faults, c.faults == 1 ? "" : "s");
	return r;
}

bool
file_check(struct users_file *f, struct span text, const char *name)
{
	return compile(f, text, name, -1) == 0;
}

int
file_compile(struct users_file *f, struct span text, const char *name)
{
	int r = compile(f, text, name, f->etc);

	if (r < 0)
		die(TEMP,
		    "write users.cdb and secrets.cdb into %s; mend that, then "
		    "run chainmail user compile",
		    dir_etc());
	return r == 0 ? DONE : DATA;
}

/* The new text keeps the old one's owner; it contains hashes, so others can't
 * read it. */
static int
text_owner(int etc, int fd)
{
	struct stat st;

	if (fstatat(etc, "users", &st, 0) < 0)
		return 0;
	if (geteuid() == 0 && fchown(fd, st.st_uid, st.st_gid) < 0)
		return -1;
	return fchmod(fd, st.st_mode & 0660);
}

static int
text_write(struct users_file *f)
{
	struct commit c = { .from_dir = f->etc,
		.from = ".users.new",
		.to_dir = f->etc,
		.to = "users",
		.replace = true };
	int r = -1, saved;

	unlinkat(f->etc, c.from, 0);
	c.fd = file_create(f->etc, c.from, 0600);
	if (c.fd < 0)
		return -1;
	if (text_owner(f->etc, c.fd) == 0 &&
	    write_all(c.fd, str_span(&f->text)) == 0)
		r = file_commit(&c, 1);
	saved = errno;
	if (r < 0)
		unlinkat(f->etc, c.from, 0);
	close(c.fd);
	errno = saved;
	return r;
}

int
file_save(struct users_file *f)
{
	if (!file_check(f, str_span(&f->text), "users"))
		return DATA;
	if (text_write(f) < 0)
		die(TEMP, "write %s/users; look whether it is the old one",
		    dir_etc());
	return file_compile(f, str_span(&f->text), "users");
}
