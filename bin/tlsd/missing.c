#include "missing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "net/tls.h"
#include "os/dirs.h"

void
missing_open(struct missing *m)
{
	struct str path = STR_INIT;

	str_setf(&path, "%s/" TLS_MISSING, dir_run());
	*m = (struct missing){ .fd = open(path.at, O_RDWR | O_CREAT | O_CLOEXEC,
				   0644) };
	str_free(&path);
}

/* Why a path can't be read ("": it can), and the remedy. */
static void
look(const char *path, const char *what, struct str *why_r, struct str *help_r)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	str_clear(why_r);
	if (fd >= 0) {
		close(fd);
		return;
	}
	str_setf(why_r, "%s: %s", path, strerror(errno));
	if (errno == EACCES)
		str_setf(help_r,
		    "let chainmail-tls read it: chgrp chainmail-tls %s; "
		    "chmod g+r%s %s",
		    path, what, path);
	else
		str_set(help_r,
		    SPAN("make one with chainmail setup, or install one with "
			 "chainmail certificate CERT KEY"));
}

static void
reason_find(const struct certs *c, struct str *why_r, struct str *help_r)
{
	static const struct {
		const char *name, *what;
	} places[] = { { "", "x" }, { "/default", "x" },
		{ "/default/cert.pem", "" }, { "/default/key.pem", "" } };
	struct str path = STR_INIT;

	for (size_t i = 0; i < COUNT(places) && why_r->len == 0; i++) {
		str_setf(&path, "%s%s", c->path.at, places[i].name);
		look(path.at, places[i].what, why_r, help_r);
	}
	if (why_r->len == 0) {
		str_setf(why_r, "%s can't be used", path.at);
		str_set(help_r,
		    SPAN("chainmail certificate CERT KEY checks a pair and "
			 "installs it"));
	}
	str_free(&path);
}

static void
none_log(const struct certs *c)
{
	struct str why = STR_INIT, help = STR_INIT;
	struct logline l;

	reason_find(c, &why, &help);
	log_start(&l, "certificates");
	log_text(&l, "result", "none");
	log_text(&l, "starttls", "off");
	/* Without TLS passwords are accepted only from this machine. */
	log_text(&l, "logins", "local");
	log_span(&l, "reason", str_span(&why));
	log_span(&l, "remedy", str_span(&help));
	log_write(&l);
	str_free(&why);
	str_free(&help);
}

static void
there_log(void)
{
	struct logline l;

	log_start(&l, "certificates");
	log_text(&l, "result", "there");
	log_text(&l, "starttls", "on");
	log_write(&l);
}

/* A mark that is not kept fresh is ignored, so a killed tlsd leaves no valid
 * one. */
static void
mark_set(const struct missing *m, enum presence now)
{
	if (m->fd < 0)
		return;
	if (now == NONE)
		(void)!pwrite(m->fd, "1\n", 2, 0);
	else if (m->last != THERE)
		(void)!ftruncate(m->fd, 0);
}

void
missing_tell(struct missing *m, struct certs *c)
{
	enum presence now = certs_find(c, SPAN("")) == NULL ? NONE : THERE;

	mark_set(m, now);
	if (now == NONE && m->last != NONE)
		none_log(c);
	if (now == THERE && m->last == NONE)
		there_log();
	m->last = now;
}
