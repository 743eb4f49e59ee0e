/* Why a folder can't be used, for the log and the user, so that a folder is
 * never missing without an explanation. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "os/file.h"
#include "store/mailbox.h"

/* What is wrong with one directory; NULL: nothing found. */
static const char *
fault_of(const struct stat *st)
{
	if (S_ISLNK(st->st_mode))
		return "is a symbolic link";
	if (!S_ISDIR(st->st_mode))
		return "is not a directory";
	if (st->st_uid != geteuid())
		return "belongs to somebody else";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "is writable by others";
	if ((st->st_mode & S_IRWXU) != S_IRWXU)
		return "is not accessible to its owner";
	return NULL;
}

static void
remedy_add(struct str *out, const struct stat *st, const char *path)
{
	if (!S_ISDIR(st->st_mode))
		str_addf(out, "put a directory in place of %s", path);
	else if (st->st_uid != geteuid())
		str_addf(out, "chown -R %u %s", (unsigned)geteuid(), path);
	else
		str_addf(out, "chmod u+rwx,go-w %s", path);
}

static void
fault_log(struct span path, const struct stat *st, const char *fault,
    const struct str *remedy)
{
	struct str mode = STR_INIT;
	struct logline l;

	str_setf(&mode, "%04o", (unsigned)(st->st_mode & 07777));
	log_start(&l, "unsafe");
	log_span(&l, "path", path);
	log_number(&l, "owner", st->st_uid);
	log_span(&l, "mode", str_span(&mode));
	log_text(&l, "error", fault);
	log_span(&l, "remedy", str_span(remedy));
	log_write(&l);
	str_free(&mode);
}

/* Response text is ASCII in IMAP and POP3. */
static void
make_printable(struct str *text)
{
	for (size_t i = 0; i < text->len; i++)
		if ((unsigned char)text->at[i] < 32 ||
		    (unsigned char)text->at[i] > 126)
			text->at[i] = '?';
}

void
maildir_fault(int at, const char *path, struct span root, struct str *text_r)
{
	static const char *const parts[] = { "", "/cur", "/new", "/tmp" };
	struct str part = STR_INIT, whole = STR_INIT, remedy = STR_INIT;
	const char *fault = NULL;
	struct stat st;

	str_set(text_r, SPAN("Its folder can't be opened"));
	for (size_t i = 0; i < COUNT(parts) && fault == NULL; i++) {
		str_setf(&part, "%s%s", path, parts[i]);
		if (fstatat(at, part.at, &st, AT_SYMLINK_NOFOLLOW) == 0)
			fault = fault_of(&st);
	}
	if (fault != NULL) {
		if (root.len > 0)
			str_addf(&whole, "%.*s/", (int)root.len, root.at);
		str_add(&whole, str_span(&part));
		remedy_add(&remedy, &st, whole.at);
		fault_log(str_span(&whole), &st, fault, &remedy);
		str_clear(&remedy);
		remedy_add(&remedy, &st, part.at);
		str_setf(text_r, "%s %s (owner %u, mode %04o); remedy: %s",
		    part.at, fault, (unsigned)st.st_uid,
		    (unsigned)(st.st_mode & 07777), remedy.at);
		make_printable(text_r);
	}
	str_free(&remedy);
	str_free(&whole);
	str_free(&part);
}

void
mailbox_fault(const struct store *s, struct span mailbox, struct str *text_r)
{
	struct str dir = STR_INIT;

	str_clear(text_r);
	if (mailbox_find(s, mailbox, &dir) == 0)
		maildir_fault(s->root.dir, dir.at, str_span(&s->path), text_r);
	str_free(&dir);
}

void
store_fault(const char *path, struct str *text_r)
{
	const char *slash = strrchr(path, '/');
	struct str above = STR_INIT;
	int at = AT_FDCWD;

	/* The user sees only "Maildir" and the rest; the log gets the full
	 * path. */
	if (slash != NULL && slash != path && slash[1] != '\0') {
		str_set(&above, (struct span){ path, (size_t)(slash - path) });
		at = dir_open(AT_FDCWD, above.at);
		path = slash + 1;
	}
	str_set(text_r, SPAN("Its folder can't be opened"));
	if (at >= 0 || at == AT_FDCWD)
		maildir_fault(at, path, str_span(&above), text_r);
	if (at >= 0)
		close(at);
	str_free(&above);
}
