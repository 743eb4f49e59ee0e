/* chainmail-folder: the folders of one account (chainmail folder ...).
 *
 *	chainmail folder check USER [FOLDER]	what is wrong with them
 *	chainmail folder rebuild USER [FOLDER]	the same, and it is repaired
 *
 * USER is an address or login name, or the path of a Maildir. Sessions may be at
 * work meanwhile.
 * uid: root (then it becomes the mail's owner, and never works as root), or the
 * mail's owner. Exit: 0 all is well, 1 something is wrong still, 64 usage, 67 no
 * such user or folder, 75 try again, 77 not allowed, 78 configuration. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "report.h"
#include "store/foreign.h"
#include "store/index_place.h"
#include "users/users.h"

enum { MEMORY_MAX = 1 << 30, FILES_MAX = 64 };

static const char help[] =
    "usage: chainmail folder check USER [FOLDER]\n"
    "       chainmail folder rebuild USER [FOLDER]\n"
    "Checks or repairs the folders of a mailbox.\n"
    "USER: an address, or the path of a Maildir\n"
    "FOLDER: its name in IMAP, as INBOX or Archive/2026; else all of them\n"
    "Sessions go on meanwhile. As root, or as the owner of the mail.\n"
    "See chainmail-folder(8).\n";

/* The Maildir of an account. */
static void
account_find(const char *name, struct user *u, struct str *maildir_r)
{
	struct users users;
	int etc = conf_open();
	enum user_kind kind;

	users_open(&users, etc);
	kind = users_account(&users, span_text(name), u);
	users_close(&users);
	if (etc >= 0)
		close(etc);
	errno = 0;
	if (kind == USER_ERROR)
		die_text(geteuid() == 0 ? TEMP : NOPERM,
		    "%s/users.cdb can't be read; run it as root, or chainmail "
		    "user compile",
		    dir_etc());
	if (kind != USER_MAILBOX || !u->mailbox)
		die_text(NOUSER,
		    "%s has no mailbox here; chainmail user list shows who has",
		    name);
	user_maildir(u, maildir_r);
}

static _Noreturn void
open_fail(const char *maildir)
{
	int saved = errno;
	struct str text = STR_INIT;
	const char *is = foreign_find(maildir, &text);

	if (is != NULL)
		die_text(CONFIG,
		    "%s is Dovecot's %s, which no session here reads; "
		    "doc/moving.md tells how to copy the mail",
		    text.at, is);
	str_clear(&text);
	if (saved == ENOENT)
		die_text(NOUSER, "%s: there is no mail yet", maildir);
	if (saved == EPERM || saved == EACCES)
		store_fault(maildir, &text);
	errno = saved;
	if (text.len > 0)
		die_text(NOPERM, "%s", text.at);
	die(TEMP, "open %s", maildir);
}

/* Never as root: files of its would be in the way of the sessions. */
static void
become_owner(const struct user *u, const char *maildir)
{
	struct stat st;

	if (geteuid() != 0)
		return;
	if (u->own_uid)
		proc_become(u->uid, u->gid);
	else if (u->mailbox && proc_become_owner(dir_mail()) < 0)
		die(TEMP, "stat %s", dir_mail());
	if (geteuid() != 0)
		return;
	if (lstat(maildir, &st) < 0)
		open_fail(maildir);
	if (st.st_uid == 0)
		die_text(CONFIG,
		    "%s belongs to root, so no session can open it; chown -R "
		    "it to the user that the sessions run as",
		    maildir);
	proc_become(st.st_uid, st.st_gid);
}

static void
confine(const char *maildir)
{
	struct str indexes = STR_INIT;
	bool apart = index_place_path(maildir, &indexes);
	const struct sandbox_path paths[] = {
		{ maildir, SANDBOX_READ | SANDBOX_WRITE },
		{ apart ? indexes.at : NULL, SANDBOX_READ | SANDBOX_WRITE },
	};

	proc_limit(&(struct proc_limits){
	    .memory = MEMORY_MAX, .files = FILES_MAX, .no_fork = true });
	sandbox_paths(paths, COUNT(paths));
	str_free(&indexes);
	sandbox_calls(CALLS_FILES);
}

int
main(int argc, char **argv)
{
	struct report r = { .count = 0 };
	struct str maildir = STR_INIT;
	struct user u;

	proc_start("chainmail-folder", 3);
	help_answer(argc, argv, help);
	if (argc < 3 || argc > 4)
		help_usage(help);
	r.rebuild = strcmp(argv[1], "rebuild") == 0;
	if (!r.rebuild && strcmp(argv[1], "check") != 0)
		help_usage(help);
	r.user = argv[2];
	user_init(&u);
	if (strchr("./", argv[2][0]) != NULL)
		str_set(&maildir, span_text(argv[2]));
	else
		account_find(argv[2], &u, &maildir);
	become_owner(&u, maildir.at);
	if (store_open(&r.store, maildir.at, false) < 0)
		open_fail(maildir.at);
	r.store.index = index_place_account(maildir.at);
	confine(maildir.at);
	return report(&r, argc == 4 ? argv[3] : NULL);
}
