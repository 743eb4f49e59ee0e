/* From login to the session program: nothing of the one is left in the other
 * but the connection. */
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
#include "store/store.h"

/* A mailbox that nobody has used yet is made now: the sandbox can only allow
 * what is there. All else about it is the session program's business. */
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

/* Say in the client's protocol that it does not go on. */
static _Noreturn void
apologize(const struct heir *h, const char *what)
{
	struct io io;
	int saved = errno;

	io_init(&io, -1, 1);
	if (h->imap)
		io_putf(
		    &io, "%s NO [UNAVAILABLE] Not now, try later\r\n", h->tag);
	else
		io_put_text(&io, "-ERR [SYS/TEMP] Not now, try later\r\n");
	io.deadline = 1; /* do not wait for it to be taken */
	io_flush(&io);
	errno = saved;
	die(TEMP, "%s %s", what, h->program);
}

static void
narrow(const struct heir *h)
{
	struct str marks = STR_INIT;

	str_setf(&marks, "%s/.full", dir_mail());
	const struct sandbox_path paths[] = {
		{ h->account->mailbox.at, SANDBOX_READ | SANDBOX_WRITE },
		{ marks.at, SANDBOX_READ | SANDBOX_WRITE },
		{ h->program, SANDBOX_EXEC },
		{ dir_etc(), SANDBOX_READ },
		/* For a session program with shared libraries. */
		{ "/usr", SANDBOX_EXEC },
		{ "/lib", SANDBOX_EXEC },
		{ "/lib64", SANDBOX_EXEC },
		{ "/etc/ld.so.cache", SANDBOX_READ },
		/* lib/store asks whether the kernel is the same. */
		{ "/proc/sys/kernel/random/boot_id", SANDBOX_READ },
		{ "/dev/null", SANDBOX_READ | SANDBOX_WRITE },
		{ SANDBOX_SANITIZED ? "/proc" : NULL, SANDBOX_READ },
	};
	sandbox_paths(paths, COUNT(paths));
	str_free(&marks);
}

void
keeper_become(const struct heir *h)
{
	const struct auth *a = h->account;
	const char *imap[] = { "imapd", "-t", h->tag, "-u", a->user.at,
		a->mailbox.at, NULL };
	const char *pop3[] = { "pop3d", "-l", "-u", a->user.at, a->mailbox.at,
		NULL };

	if (access(h->program, X_OK) < 0)
		apologize(h, "start");
	if (a->own_ids && geteuid() == 0)
		proc_become(a->uid, a->gid);
	else if (a->own_ids && a->uid != geteuid())
		apologize(h, "not being root, change uid for");
	if (mailbox_make(a->mailbox.at) < 0)
		apologize(h, "make the mail folder for");
	narrow(h);
	if (h->utf8)
		setenv("CHAINMAIL_UTF8", "1", 1);
	execv(h->program, (char *const *)(h->imap ? imap : pop3));
	apologize(h, "start");
}
