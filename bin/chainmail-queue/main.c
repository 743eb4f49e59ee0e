/* chainmail-queue: the queue of this server (chainmail queue ...).
 *
 *	chainmail queue list [--json] [FILTER ...]	what waits
 *	chainmail queue show [-b] ID ...		all about a message
 *	chainmail queue retry|hold|release|remove FILTER ...
 *	chainmail queue history [--json] [FILTER ...]	what became of others
 *	chainmail queue destinations [--json]		where mail goes
 *	chainmail queue mailq | flush		for sendmail -bp and -q
 * uid: root (then it becomes the spool's owner), or one that may read the
 * spool. Exit: 0, 1 nothing matched, 64 usage, 75 try again, 77 not allowed. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/help.h"
#include "os/dirs.h"
#include "os/file.h"
#include "os/proc.h"
#include "os/sandbox.h"
#include "print.h"
#include "request.h"

enum { MEMORY_MAX = 512 << 20, FILES_MAX = 64 };

/* What a command takes and needs. */
enum {
	TAKES_JSON = 1,
	TAKES_ALL = 2,
	TAKES_REPORT = 4,
	TAKES_BODY = 8,
	NEEDS_FILTER = 16,
	NEEDS_ID = 32,
	NEEDS_QUEUE = 64, /* queue-run, and no filter */
	CHANGES = 128,    /* queue-run, or its lock */
};
static const struct command {
	const char *name;
	int (*run)(struct request *r);
	unsigned flags;
	const char *help;
} commands[] = {
	{ "list", command_list, TAKES_JSON, "[--json] [FILTER ...]" },
	{ "show", command_show, TAKES_BODY | NEEDS_ID, "[-b] ID ..." },
	{ "retry", command_change, TAKES_ALL | NEEDS_FILTER | NEEDS_QUEUE,
	    "--all | FILTER ..." },
	{ "hold", command_change, TAKES_ALL | NEEDS_FILTER | CHANGES,
	    "--all | FILTER ..." },
	{ "release", command_change, TAKES_ALL | NEEDS_FILTER | CHANGES,
	    "--all | FILTER ..." },
	{ "remove", command_change,
	    TAKES_ALL | TAKES_REPORT | NEEDS_FILTER | CHANGES,
	    "[--report] --all | FILTER ..." },
	{ "history", command_history, TAKES_JSON, "[--json] [FILTER ...]" },
	{ "destinations", command_destinations, TAKES_JSON | NEEDS_QUEUE,
	    "[--json]" },
	{ "mailq", command_mailq, 0, "[FILTER ...]" },
	{ "flush", command_flush, NEEDS_QUEUE, "" },
};

static int
usage(FILE *to)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		fprintf(to, "%s chainmail queue %s %s\n",
		    i == 0 ? "usage:" : "      ", commands[i].name,
		    commands[i].help);
	fputs("Lists and controls the queue, and shows its history.\n"
	      "FILTER: an id (or 8 characters of one), from=ADDRESS, "
	      "to=ADDRESS,\n"
	      "        domain=DOMAIN, older=2h, newer=3d, error=TEXT, held\n"
	      "See chainmail-queue(8).\n",
	    to);
	return to == stdout ? DONE : USAGE;
}

/* False when the command has no such option. */
static bool
option_take(struct request *r, const struct command *c, const char *word)
{
	const struct {
		const char *name;
		unsigned flag;
		bool *set;
	} options[] = {
		{ "--json", TAKES_JSON, &r->json },
		{ "--all", TAKES_ALL, &r->all },
		{ "--report", TAKES_REPORT, &r->report },
		{ "-b", TAKES_BODY, &r->whole },
	};

	for (size_t i = 0; i < COUNT(options); i++)
		if (strcmp(word, options[i].name) == 0 &&
		    (c->flags & options[i].flag) != 0) {
			*options[i].set = true;
			return true;
		}
	return false;
}

/* The rest of the command line; false when it is wrong. */
static bool
words_take(struct request *r, const struct command *c, char **words)
{
	for (; *words != NULL; words++) {
		const char *why;

		if ((*words)[0] == '-') {
			if (!option_take(r, c, *words))
				return false;
			continue;
		}
		why = filter_word(&r->filter, span_text(*words));
		if (why != NULL) {
			errno = 0;
			die(USAGE, "%s: %s", *words, why);
		}
	}
	/* Never everything by mistake. */
	if ((c->flags & NEEDS_FILTER) != 0 &&
	    filter_is_empty(&r->filter) != r->all)
		return false;
	if ((c->run == command_destinations || c->run == command_flush) &&
	    !filter_is_empty(&r->filter))
		return false;
	return (c->flags & NEEDS_ID) == 0 || r->filter.count > 0;
}

static void
folder_fail(const struct request *r, const char *name)
{
	if (errno == EACCES || errno == EPERM)
		request_deny(r, "open %s/%s", dir_spool(), name);
	die(TEMP, "open %s/%s", dir_spool(), name);
}

/* Makes nothing: whoever looks must not leave folders behind. */
static void
spool_look(struct request *r)
{
	int root = dir_open(AT_FDCWD, dir_spool());
	struct stat st;

	r->spool = (struct spool){ -1, -1, -1, -1, -1, -1, 0 };
	if (root < 0)
		folder_fail(r, "");
	if (fstat(root, &st) == 0 && geteuid() == 0 && st.st_uid != 0)
		proc_become(st.st_uid, st.st_gid);
	r->spool.new = dir_open(root, "new");
	if (r->spool.new < 0 || fstat(r->spool.new, &st) < 0)
		folder_fail(r, "new");
	r->spool.group = st.st_gid;
	r->spool.state = dir_open(root, "state");
	if (r->spool.state < 0)
		folder_fail(r, "state");
	r->spool.hold = dir_open(root, "hold");
	if (r->spool.hold < 0 && errno != ENOENT)
		folder_fail(r, "hold");
	r->history = dir_open(root, "history");
	if (r->history < 0 && errno != ENOENT)
		folder_fail(r, "history");
	close(root);
}

static void
prepare(struct request *r, const struct command *c)
{
	unsigned access = SANDBOX_READ;

	spool_look(r);
	if ((c->flags & (NEEDS_QUEUE | CHANGES)) != 0)
		channel_open(r, (c->flags & CHANGES) != 0);
	if (r->lock >= 0)
		access |= SANDBOX_WRITE;
	proc_limit(&(struct proc_limits){
	    .memory = MEMORY_MAX, .files = FILES_MAX, .no_fork = true });
	sandbox_paths(&(struct sandbox_path){ dir_spool(), access }, 1);
	sandbox_calls(CALLS_FILES | CALLS_SOCKET);
}

static int
command_run(const struct command *c, char **words)
{
	struct request r = { .verb = c->name,
		.channel = -1,
		.lock = -1,
		.quiet = c->run == command_flush,
		.now = clock_wall_s(),
		.out = STR_INIT };
	int code;

	filter_init(&r.filter);
	if (!words_take(&r, c, words))
		return usage(stderr);
	prepare(&r, c);
	code = c->run(&r);
	print_all(&r.out);
	if (code == 1 && !r.quiet && c->run != command_list)
		fputs("nothing matches\n", stderr);
	str_free(&r.out);
	filter_free(&r.filter);
	return code;
}

int
main(int argc, char **argv)
{
	proc_start("chainmail-queue", 3);
	if (argc > 1 && strcmp(argv[1], "--help") == 0)
		return usage(stdout);
	help_answer(argc, argv, NULL);
	for (size_t i = 0; argc > 1 && i < COUNT(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			return command_run(&commands[i], argv + 2);
	return usage(stderr);
}
