#include "people.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/dirs.h"

static const struct {
	const char *user, *alone, *apart;
} names[PEOPLE] = {
	[NOBODY] = { "", "", "" },
	[TLSD] = { "chainmail-tls", "tlsd", "tlsd (user chainmail-tls)" },
	[AUTHD] = { "chainmail-auth", "authd", "authd (user chainmail-auth)" },
	[SMTPD] = { "chainmail-mx", "smtpd", "smtpd (user chainmail-mx)" },
	[QUEUE_RUN] = { "chainmail-queue", "queue-run",
	    "queue-run (user chainmail-queue)" },
	[SEND] = { "chainmail-out", "send", "send (user chainmail-out)" },
	[VERIFYD] = { "chainmail-check", "verifyd",
	    "verifyd (user chainmail-check)" },
	[MAILBOXES] = { "vmail", "deliver", "deliver and login (user vmail)" },
	[AUTHORITY] = { "chainmail-ca", "chainmail-certificate",
	    "chainmail-certificate (user chainmail-ca)" },
};

void
people_open(struct people *p)
{
	const struct passwd *pw = getpwnam(names[QUEUE_RUN].user);
	struct stat st = { 0 };
	bool root = geteuid() == 0, has_spool = stat(dir_spool(), &st) == 0;

	*p = (struct people){ .owner = has_spool ? st.st_uid : geteuid() };
	p->apart = pw != NULL && has_spool && pw->pw_uid == st.st_uid;
	for (int i = TLSD; i < PEOPLE; i++) {
		pw = p->apart ? getpwnam(names[i].user) : getpwuid(p->owner);
		p->uid[i] = pw == NULL ? p->owner : pw->pw_uid;
		p->gid[i] = pw == NULL ? st.st_gid : pw->pw_gid;
		p->known[i] = p->uid[i] == geteuid() ||
		    (root && (pw != NULL || !p->apart) && has_spool);
	}
}

const char *
person_name(const struct people *p, enum person who)
{
	return p->apart ? names[who].apart : names[who].alone;
}

/* In a process of its own, which is that user. */
static int
become_and_try(
    const struct people *p, enum person who, const char *path, int mode)
{
	const struct passwd *pw = getpwuid(p->uid[who]);

	if ((pw != NULL ? initgroups(pw->pw_name, p->gid[who])
			: setgroups(0, NULL)) < 0 ||
	    setgid(p->gid[who]) < 0 || setuid(p->uid[who]) < 0)
		return 0;
	return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 ? 0 : errno;
}

int
person_try(const struct people *p, enum person who, const char *path, int mode)
{
	int status = 0;
	pid_t pid;

	if (who == NOBODY || !p->known[who])
		return 0;
	if (p->uid[who] == geteuid())
		return faccessat(AT_FDCWD, path, mode, AT_EACCESS) == 0 ? 0
									: errno;
	pid = fork();
	if (pid == 0)
		_exit(become_and_try(p, who, path, mode));
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}

size_t
persons_try(const struct people *p, const enum person *all, const char *path,
    int mode, struct str *who_r)
{
	size_t count = 0;

	str_clear(who_r);
	for (; *all != NOBODY; all++) {
		if (person_try(p, *all, path, mode) == 0)
			continue;
		if (count++ > 0)
			str_add_text(who_r, ", ");
		str_add_text(who_r, person_name(p, *all));
		if (!p->apart) /* they are all the same */
			break;
	}
	return count;
}
