#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/encode.h"
#include "base/id.h"
#include "base/io.h"
#include "os/file.h"
#include "store/foreign.h"
#include "store/mailbox.h"

/* interop: what clients look for, made and subscribed from the start. */
static const char *const standard[] = { "Sent", "Drafts", "Trash", "Junk",
	"Archive" };

/* The kernel's boot id without its dashes, shortened; a random one if it can't
 * be read. */
static void
boot_read(char boot[17])
{
	struct str text = STR_INIT, digits = STR_INIT;
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	char bytes[8];

	if (fd >= 0) {
		if (read_all(fd, 64, &text) == 0)
			for (size_t i = 0; i < text.len; i++)
				if (text.at[i] != '-' && text.at[i] != '\n')
					str_add_byte(&digits, text.at[i]);
		close(fd);
	}
	if (digits.len < 16 && getrandom(bytes, sizeof bytes, 0) == 8) {
		str_clear(&digits);
		hex_encode(&digits, (struct span){ bytes, sizeof bytes });
	}
	memset(boot, '0', 16);
	boot[16] = '\0';
	if (digits.len >= 16)
		memcpy(boot, digits.at, 16);
	str_free(&text);
	str_free(&digits);
}

/* Create all contents of a new account in the directory dir. */
static int
content_make(int dir)
{
	struct str subscriptions = STR_INIT, name = STR_INIT;
	struct maildir m = { -1, -1, -1, -1, 0 };
	int fd, r;

	r = mkdirat(dir, "cur", 0700) < 0 || mkdirat(dir, "new", 0700) < 0 ||
		mkdirat(dir, "tmp", 0700) < 0
	    ? -1
	    : maildir_open(&m, dir, ".");
	for (size_t i = 0; i < COUNT(standard) && r == 0; i++) {
		str_setf(&name, ".%s", standard[i]);
		r = maildir_make(&m, name.at);
		str_addf(&subscriptions, "%s\n", standard[i]);
	}
	fd = r < 0 ? -1 : file_create(dir, "subscriptions", 0600);
	if (fd < 0 || write_all(fd, str_span(&subscriptions)) < 0 ||
	    fsync(fd) < 0 || fsync(dir) < 0)
		r = -1;
	if (fd >= 0)
		close(fd);
	maildir_close(&m);
	str_free(&subscriptions);
	str_free(&name);
	return r;
}

/* Create it under another name next to path, then rename. Of two at once, the
 * second finds a directory that isn't empty. */
static int
account_make(int above, const char *name)
{
	struct str temporary = STR_INIT;
	int dir = -1, r = -1;

	str_setf(&temporary, ".making.%s", id_new().text);
	if (mkdirat(above, temporary.at, 0700) == 0)
		dir = dir_open(above, temporary.at);
	if (dir >= 0 && content_make(dir) == 0)
		r = renameat(above, temporary.at, above, name);
	if (r == 0)
		r = fsync(above);
	else
		maildir_remove(above, temporary.at);
	if (r < 0 && (errno == ENOTEMPTY || errno == EEXIST))
		r = 0;
	if (dir >= 0)
		close(dir);
	str_free(&temporary);
	return r;
}

int
store_make(const char *path)
{
	struct str whole = STR_INIT;
	char *slash;
	int above, r = -1;

	str_set(&whole, span_text(path));
	while (whole.len > 1 && whole.at[whole.len - 1] == '/')
		str_cut(&whole, whole.len - 1);
	slash = strrchr(whole.at, '/');
	if (dir_make_parents(whole.at) == 0) {
		above = slash == NULL ? dir_open(AT_FDCWD, ".")
		    : slash == whole.at
		    ? dir_open(AT_FDCWD, "/")
		    : (*slash = '\0', dir_open(AT_FDCWD, whole.at));
		if (above >= 0) {
			r = account_make(
			    above, slash == NULL ? whole.at : slash + 1);
			close(above);
		}
	}
	str_free(&whole);
	return r;
}

/* Create the usual folders missing from another server's Maildir that no
 * session of ours has opened yet. Failures are retried at the next opening. */
static void
complete(struct store *s)
{
	struct str name = STR_INIT;

	for (size_t i = 0; i < COUNT(standard); i++) {
		str_setf(&name, ".%s", standard[i]);
		if (faccessat(s->root.dir, name.at, F_OK, 0) < 0 &&
		    maildir_make(&s->root, name.at) == 0)
			mailbox_subscribe(s, span_text(standard[i]), true);
	}
	str_free(&name);
}

int
store_open(struct store *s_r, const char *path, bool make)
{
	struct utsname u;

	*s_r = (struct store){ .path = STR_INIT, .host = STR_INIT };
	if (maildir_open(&s_r->root, AT_FDCWD, path) < 0) {
		if (errno != ENOENT || !make)
			return -1;
		/* Else nobody knows why the new mailbox is empty. */
		foreign_look(path);
		if (store_make(path) < 0 ||
		    maildir_open(&s_r->root, AT_FDCWD, path) < 0)
			return -1;
	}
	str_set(&s_r->path, span_text(path));
	str_set(&s_r->host,
	    uname(&u) == 0 && u.nodename[0] != '\0' ? span_text(u.nodename)
						    : SPAN("localhost"));
	boot_read(s_r->boot);
	if (make && faccessat(s_r->root.dir, "uids", F_OK, 0) < 0)
		complete(s_r);
	return 0;
}

void
store_close(struct store *s)
{
	maildir_close(&s->root);
	if (s->index > 0)
		close(s->index);
	s->index = 0;
	str_free(&s->path);
	str_free(&s->host);
}
