/* From login to the session program: only the connection is passed on. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/die.h"
#include "login.h"
#include "os/dirs.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "store/acl.h"
#include "store/index_place.h"
#include "store/shared.h"
#include "store/store.h"

extern char **environ;

#define LOGIN "CHAINMAIL_LOGIN="
#define QUOTA "CHAINMAIL_QUOTA="
#define UTF8 "CHAINMAIL_UTF8="
#define SHARED "CHAINMAIL_SHARED="

static const char *const ours[] = { LOGIN, QUOTA, UTF8, SHARED };
static const char *const of_log[] = { "JOURNAL_STREAM=", "CHAINMAIL_JOURNAL=" };

/* Create a mailbox not yet used: the sandbox can only allow existing paths. All
 * else is up to the session program. */
static int
mailbox_make(const char *path)
{
	static const char *const parts[] = { "cur", "new", "tmp" };
	struct str part = STR_INIT;
	bool whole = true;
	struct store s;

	for (size_t i = 0; i < COUNT(parts) && whole; i++) {
		str_setf(&part, "%s/%s", path, parts[i]);
		whole = access(part.at, F_OK) == 0;
	}
	str_free(&part);
	if (whole)
		return 0;
	if (store_open(&s, path, true) < 0)
		return -1;
	store_close(&s);
	return 0;
}

/* Tell the client, in its protocol, that the session can't continue. */
static _Noreturn void
apologize(const struct session_exec *e, const char *what)
{
	struct io io;
	int saved = errno;

	io_init(&io, -1, 1);
	if (e->imap)
		io_putf(&io,
		    "%s NO [UNAVAILABLE] Temporarily unavailable, try again "
		    "later\r\n",
		    e->tag);
	else
		io_put_text(&io,
		    "-ERR [SYS/TEMP] Temporarily unavailable, try again "
		    "later\r\n");
	io.deadline = 1; /* don't wait for the client to read it */
	io_flush(&io);
	errno = saved;
	die(TEMP, "%s %s", what, e->program);
}

static void
narrow(const struct session_exec *e, const struct shared *shared)
{
	struct str marks = STR_INIT, indexes = STR_INIT, lists = STR_INIT;
	int account = index_place_account(e->account->mailbox.at);
	struct sandbox_open open[SHARED_MAX];
	size_t count = 0;

	str_setf(&marks, "%s/.full", dir_mail());
	if (account > 0) {
		close(account);
		index_place_path(e->account->mailbox.at, &indexes);
	}
	if (e->shared)
		str_setf(&lists, "%s/.shared", dir_mail());
	for (size_t i = 0; i < shared->count; i++)
		if (shared->at[i].rights & RIGHT_READ)
			open[count++] = (struct sandbox_open){
				shared->at[i].dir, SANDBOX_READ
			};
	const struct sandbox_path paths[] = {
		{ e->account->mailbox.at, SANDBOX_READ | SANDBOX_WRITE },
		{ marks.at, SANDBOX_READ | SANDBOX_WRITE },
		{ account > 0 ? indexes.at : NULL,
		    SANDBOX_READ | SANDBOX_WRITE },
		/* imapd opens that of its own account, and then can reach no
		 * other. */
		{ e->shared ? lists.at : NULL, SANDBOX_READ | SANDBOX_WRITE },
		{ e->program, SANDBOX_EXEC },
		{ dir_etc(), SANDBOX_READ },
		/* For a session program with shared libraries. */
		{ "/usr", SANDBOX_EXEC },
		{ "/lib", SANDBOX_EXEC },
		{ "/lib64", SANDBOX_EXEC },
		{ "/etc/ld.so.cache", SANDBOX_READ },
		/* lib/store reads the boot id. */
		{ "/proc/sys/kernel/random/boot_id", SANDBOX_READ },
		{ "/dev/null", SANDBOX_READ | SANDBOX_WRITE },
		{ SANDBOX_SANITIZED ? "/proc" : NULL, SANDBOX_READ },
	};
	sandbox_paths_and_open(paths, COUNT(paths), open, count);
	str_free(&lists);
	str_free(&marks);
	str_free(&indexes);
}

static bool
is_one_of(const char *entry, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strncmp(entry, names[i], strlen(names[i])) == 0)
			return true;
	return false;
}

/* The environment with the session program's variables. Built by hand, since
 * setenv(3) would write to three pages. */
static char **
environment_make(const struct session_exec *e, const struct shared *shared)
{
	struct str login = STR_INIT, quota = STR_INIT, folders = STR_INIT;
	bool has_log = e->log->fd >= 0;
	size_t n = 0;
	char **all;

	while (environ[n] != NULL)
		n++;
	all = mem_new((n + 7) * sizeof *all);
	n = 0;
	for (char **from = environ; *from != NULL; from++)
		if (!is_one_of(*from, ours, COUNT(ours)) &&
		    !(has_log && is_one_of(*from, of_log, COUNT(of_log))))
			all[n++] = *from;
	if (has_log) {
		all[n++] = e->log->where.at;
		all[n++] = e->log->whose.at;
	}
	if (e->utf8)
		all[n++] = mem_text(SPAN(UTF8 "1"));
	if (e->account->login.len > 0) {
		str_add(&login, SPAN(LOGIN));
		str_add(&login, str_span(&e->account->login));
		all[n++] = login.at;
	}
	if (e->account->quota.len > 0) {
		str_add(&quota, SPAN(QUOTA));
		str_add(&quota, str_span(&e->account->quota));
		all[n++] = quota.at;
	}
	if (shared->count > 0) {
		str_add(&folders, SPAN(SHARED));
		shared_format(shared, &folders);
		all[n++] = folders.at;
	}
	return all;
}

void
session_exec(const struct session_exec *e)
{
	const struct auth *a = e->account;
	struct shared shared = { .count = 0 };
	char **environment;
	const char *imap[] = { "imapd", "-t", e->tag, "-u", a->user.at,
		a->mailbox.at, NULL };
	const char *pop3[] = { "pop3d", "-l", "-u", a->user.at, a->mailbox.at,
		NULL };

	if (access(e->program, X_OK) < 0)
		apologize(e, "start");
	if (a->own_ids && geteuid() == 0)
		proc_become(a->uid, a->gid);
	else if (a->own_ids && a->uid != geteuid())
		apologize(e, "not being root, change uid for");
	/* Never serve as root: other accounts run as the owner of the mail. */
	else if (proc_become_owner(dir_mail()) < 0)
		apologize(e, "find the owner of the mail for");
	if (mailbox_make(a->mailbox.at) < 0)
		apologize(e, "make the mail folder for");
	if (e->shared)
		session_shared(e, &shared);
	narrow(e, &shared);
	environment = environment_make(e, &shared);
	if (e->log->fd >= 0)
		dup2(e->log->fd, STDERR_FILENO);
	execve(e->program, (char *const *)(e->imap ? imap : pop3), environment);
	apologize(e, "start");
}
