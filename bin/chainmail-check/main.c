/* chainmail-check: every mistake of the configuration (chainmail check).
 *
 *	chainmail check [-q]	-q: nothing about what can't be read here, nor
 *				when all is well: for services and scripts
 *
 * Reads every file that a program of the chain reads, with the same code, and
 * looks at owners, modes and free space; changes nothing.
 * Descriptors: 1 a line for each finding, and one with their number.
 * Uid: root, who may read everything; another tells what it could not.
 * Exit codes: 0 no mistakes (warnings, perhaps), 64 usage, 77 some files could
 * not be read, 78 mistakes. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/die.h"
#include "base/help.h"
#include "check.h"
#include "files.h"
#include "mail/domain.h"
#include "os/dirs.h"
#include "os/file.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "parts.h"

static const char help[] =
    "usage: chainmail check [-q]\n"
    "Reports every mistake of the configuration, and its remedy.\n"
    "-q: only that, without the files that this user may not read.\n"
    "See chainmail-check(8).\n";

/* This host's name; another one where the file holds none. */
static void
me_read(struct check *c)
{
	struct str ascii = STR_INIT;
	struct utsname u;

	c->me_good = !conf_value(c->etc, "me", &c->me) ||
	    conf_me_fault(str_span(&c->me)) == NULL;
	if ((c->me.len == 0 || !c->me_good) && uname(&u) == 0)
		str_set(&c->me, span_text(u.nodename));
	if (domain_fold(str_span(&c->me), &ascii))
		str_set(&c->me, str_span(&ascii));
	str_free(&ascii);
}

/* False when this user may not. */
static bool
configuration_open(struct check *c)
{
	c->etc = dir_open(AT_FDCWD, dir_etc());
	if (c->etc < 0 && errno == EACCES) {
		finding_add(&c->found, UNREAD, dir_etc(), 0,
		    "you may not read it; run chainmail check as root");
		return false;
	}
	if (c->etc < 0)
		die(CONFIG,
		    "open %s; run chainmail setup, or say where it is in "
		    "CHAINMAIL_ETC",
		    dir_etc());
	me_read(c);
	conf_limits(c->etc, &c->limits, NULL, NULL);
	people_open(&c->people);
	return true;
}

static int
verdict(const struct findings *f)
{
	if (f->of[MISTAKE] > 0)
		return CONFIG;
	return f->of[UNREAD] > 0 && !f->quiet ? NOPERM : DONE;
}

int
main(int argc, char **argv)
{
	struct check c = { .me = STR_INIT };
	const struct sandbox_path everything[] = { { "/", SANDBOX_READ } };
	int code;

	proc_start("chainmail-check", 3);
	help_answer(argc, argv, help);
	c.found.quiet = argc == 2 && strcmp(argv[1], "-q") == 0;
	if (argc > 1 && !c.found.quiet)
		help_usage(help);
	if (configuration_open(&c)) {
		sandbox_paths(everything, COUNT(everything));
		files_check(&c);
		check_folders(&c);
		close(c.etc);
	}
	code = verdict(&c.found);
	if (findings_print(&c.found) < 0)
		die(TEMP, "write the findings");
	findings_free(&c.found);
	str_free(&c.me);
	return code;
}
