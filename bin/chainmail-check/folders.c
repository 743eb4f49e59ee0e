/* The folders that the programs write to. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "os/dirs.h"
#include "parts.h"

static const struct part {
	const char *name;
	enum person writers[4]; /* up to NOBODY */
} spool_parts[] = {
	{ "tmp", { SMTPD, QUEUE_RUN, MAILBOXES } },
	{ "new", { SMTPD, QUEUE_RUN, MAILBOXES } },
	{ "state", { QUEUE_RUN } },
	{ "bad", { QUEUE_RUN } },
	{ "blank", { SMTPD, QUEUE_RUN } },
	{ "hold", { QUEUE_RUN } },
	{ "scratch", { SMTPD } },
	{ "history", { QUEUE_RUN } },
	{ "tls", { QUEUE_RUN } },
	{ "sts", { SEND } },
};

static void
writers_check(struct check *c, const char *path, const enum person *writers)
{
	struct str who = STR_INIT;

	if (persons_try(&c->people, writers, path, W_OK | X_OK, &who) != 0)
		finding_addf(&c->found, MISTAKE, path, 0,
		    "can't be written to by %s; see the owner, group and mode "
		    "of it and of the folders above",
		    who.at);
	str_free(&who);
}

/* False when it is no folder; a missing one is told of with the remedy. */
static bool
folder_check(
    struct check *c, const char *path, mode_t closed, const char *missing)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		if (errno == EACCES)
			finding_add(&c->found, UNREAD, path, 0,
			    "you may not look at it; run chainmail check as "
			    "root");
		else if (errno != ENOENT || missing != NULL)
			finding_addf(&c->found, MISTAKE, path, 0, "%s; %s",
			    strerror(errno),
			    missing == NULL ? "see the path" : missing);
		return false;
	}
	if (!S_ISDIR(st.st_mode)) {
		finding_add(&c->found, MISTAKE, path, 0,
		    "is no folder; remove it, and run chainmail setup");
		return false;
	}
	if ((st.st_mode & closed & 02) && !(st.st_mode & S_ISVTX))
		finding_add(&c->found, MISTAKE, path, 0,
		    "everybody on this machine may write to it; chmod o-w");
	else if (st.st_mode & closed & 05)
		finding_add(&c->found, MISTAKE, path, 0,
		    "everybody on this machine may read the mail in it; chmod "
		    "o=");
	return true;
}

static void
space_check(struct check *c, const char *path, uint64_t least)
{
	struct statvfs v;
	uint64_t free;

	if (statvfs(path, &v) < 0)
		return;
	free = (uint64_t)v.f_bavail * v.f_frsize;
	if (free < least)
		finding_addf(&c->found, MISTAKE, path, 0,
		    "%llu MiB are free, and no mail is taken below %llu "
		    "(disk-reserve in limits); make room",
		    (unsigned long long)(free >> 20),
		    (unsigned long long)(least >> 20));
	else if (free < 4 * least)
		finding_addf(&c->found, WARNING, path, 0,
		    "only %llu MiB are free; make room",
		    (unsigned long long)(free >> 20));
	if (v.f_files > 0 && v.f_favail < 1000)
		finding_addf(&c->found, v.f_favail == 0 ? MISTAKE : WARNING,
		    path, 0,
		    "there is room for %llu more files; remove some that "
		    "nobody needs",
		    (unsigned long long)v.f_favail);
}

static void
spool_check(struct check *c)
{
	struct str path = STR_INIT;

	if (!folder_check(c, dir_spool(), 07, "run chainmail setup"))
		return;
	space_check(c, dir_spool(), c->limits.disk_reserve);
	if (access(dir_spool(), X_OK) < 0) {
		finding_add(&c->found, UNREAD, dir_spool(), 0,
		    "you may not look into it; run chainmail check as root");
		return;
	}
	for (size_t i = 0; i < COUNT(spool_parts); i++) {
		const struct part *p = &spool_parts[i];

		str_setf(&path, "%s/%s", dir_spool(), p->name);
		if (folder_check(
			c, path.at, 07, i < 6 ? "run chainmail setup" : NULL))
			writers_check(c, path.at, p->writers);
	}
	str_free(&path);
}

void
check_folders(struct check *c)
{
	spool_check(c);
	if (folder_check(c, dir_mail(), 02, "run chainmail setup")) {
		writers_check(
		    c, dir_mail(), (enum person[]){ MAILBOXES, NOBODY });
		space_check(c, dir_mail(), 16 << 20);
	}
	/* It is made when the services start. */
	folder_check(c, dir_run(), 02, NULL);
}
