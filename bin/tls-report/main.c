/* tls-report: sends other domains reports on TLS to them (RFC 8460).
 *	tls-report		sends the reports of all past days
 *	tls-report -n DAY	prints what would be sent for that day
 * Reads CHAINMAIL_SPOOL/tls/DAY, which queue-run writes, puts reports for
 * mailto: into the spool, posts those for https:, and removes the file.
 * Descriptors: 1 what would be sent, 2 the log. Uid: chainmail-queue. Exit
 * codes: 0 done; 64 usage; 75 some report could not be sent, and is retried the
 * next time; 78 configuration. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/die.h"
#include "base/help.h"
#include "base/io.h"
#include "base/log.h"
#include "os/conf.h"
#include "os/dirs.h"
#include "os/file.h"
#include "os/lock.h"
#include "os/proc.h"
#include "report.h"
#include "spool/rights.h"

static const char help[] =
    "usage: tls-report [-n yyyy-mm-dd]\n"
    "Sends other domains reports on TLS to them (RFC 8460).\n"
    "  -n day  print what would be sent for that day\n"
    "See chainmail-tls-report(8).\n";

enum {
	SETTLE_S = 600,      /* until nothing is added to a past day */
	KEPT_S = 3 * DAY_S,  /* RFC 8460 5.6 asks for one day of tries */
	FILE_MAX = 32 << 20, /* bytes of a day that are counted */
	MEMORY = 1 << 30,
	FILES = 64,
};

struct program {
	struct outlet outlet;
	struct str me;
	int tls; /* CHAINMAIL_SPOOL/tls */
	int64_t now;
	bool failed; /* a report is still to be sent */
};

static void
day_log(const char *name, const char *result)
{
	struct logline l;

	log_start(&l, "day");
	log_text(&l, "day", name);
	log_text(&l, "result", result);
	if (errno != 0)
		log_errno(&l);
	log_write(&l);
}

/* 0, or -1 and errno. Data over the limit is not counted. */
static int
day_read(struct program *p, const char *name, struct str *text_r)
{
	int fd = openat(p->tls, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), r;

	if (fd < 0)
		return -1;
	r = read_all(fd, FILE_MAX, text_r);
	close(fd);
	return r < 0 && errno != EFBIG ? -1 : 0;
}

/* Keep unsent lines for the next time. */
static int
day_keep(struct program *p, const char *name, struct span lines)
{
	struct commit c = { .from_dir = p->tls,
		.from = ".new",
		.to_dir = p->tls,
		.to = name,
		.replace = true };

	return file_write(&c, 0640, lines);
}

static void
lines_add(const struct session *s, size_t count, struct str *out)
{
	for (size_t i = 0; i < count; i++) {
		str_add(out, s[i].line);
		str_add_byte(out, '\n');
	}
}

static void
day_send(struct program *p, const struct day *d)
{
	struct sessions s = { .arena = ARENA_INIT };
	struct str text = STR_INIT, left = STR_INIT;
	struct report r = { .me = str_span(&p->me), .day = *d };

	if (day_read(p, d->name, &text) < 0) {
		p->failed = true;
		day_log(d->name, "unreadable");
	} else {
		sessions_read(&s, str_span(&text));
		for (size_t i = 0; i < s.count; i += r.count) {
			r.sessions = &s.at[i];
			r.count = sessions_of_domain(&s.at[i], s.count - i);
			if (report_send(&p->outlet, &r) < 0)
				lines_add(r.sessions, r.count, &left);
		}
		errno = 0;
		if (left.len > 0 && d->begin + KEPT_S > p->now) {
			p->failed = true;
			if (day_keep(p, d->name, str_span(&left)) < 0)
				day_log(d->name, "not rewritten");
		} else if (unlinkat(p->tls, d->name, 0) < 0) {
			p->failed = true;
			day_log(d->name, "not removed");
		} else {
			day_log(d->name, left.len > 0 ? "given up" : "done");
		}
	}
	sessions_free(&s);
	str_free(&text);
	str_free(&left);
}

static void
days_send(struct program *p)
{
	struct days days;

	if (days_read(&days, p->tls) < 0)
		die(TEMP, "read the folder tls of the spool");
	for (size_t i = 0; i < days.count; i++)
		if (days.all[i].begin + DAY_S + SETTLE_S <= p->now)
			day_send(p, &days.all[i]);
	days_free(&days);
}

static void
report_print(struct program *p, const struct report *r)
{
	struct arena a = ARENA_INIT;
	struct str json = STR_INIT;
	struct span uris[URIS_MAX];
	bool known;
	size_t count = report_wanted(
	    p->outlet.dns, report_domain(r), &a, uris, &known);

	printf("# %.*s:", (int)report_domain(r).len, report_domain(r).at);
	for (size_t i = 0; i < count; i++)
		printf(" %.*s", (int)uris[i].len, uris[i].at);
	report_json(r, &json);
	printf("%s\n%s",
	    count > 0   ? ""
		: known ? " wants no report"
			: " the DNS does not answer",
	    count > 0 ? json.at : "");
	str_free(&json);
	arena_free(&a);
}

static void
day_print(struct program *p, const struct day *d)
{
	struct sessions s = { .arena = ARENA_INIT };
	struct str text = STR_INIT;
	struct report r = { .me = str_span(&p->me), .day = *d };

	if (day_read(p, d->name, &text) < 0 && errno != ENOENT)
		die(TEMP, "read the day %s", d->name);
	sessions_read(&s, str_span(&text));
	for (size_t i = 0; i < s.count; i += r.count) {
		r.sessions = &s.at[i];
		r.count = sessions_of_domain(&s.at[i], s.count - i);
		report_print(p, &r);
	}
	sessions_free(&s);
	str_free(&text);
}

/* The sandbox: put reports into the spool, read the waiting days, and remove
 * them once reported. */
static void
narrow(const char *tls, bool send)
{
	struct writer_rights spool;

	writer_rights_init(&spool);
	const struct sandbox_path paths[1 + WRITER_PATHS] = {
		{ tls, send ? SANDBOX_READ | SANDBOX_WRITE : SANDBOX_READ },
		spool.paths[0],
		spool.paths[1],
		spool.paths[2],
	};

	sandbox_paths(paths, send ? COUNT(paths) : 1);
	writer_rights_free(&spool);
	sandbox_calls(CALLS_FILES | CALLS_INTERNET);
}

/* Open what is needed and enter the sandbox. */
static void
prepare(struct program *p, bool send)
{
	struct str path = STR_INIT;
	struct limits limits;
	int etc = conf_open();

	p->now = clock_wall_s();
	conf_me(etc, &p->me);
	conf_limits(etc, &limits, conf_complain, (void *)"limits");
	p->outlet.reserve = limits.disk_reserve;
	p->outlet.dns = dns_open(etc, conf_complain, (void *)"dns");
	p->outlet.https = https_open(etc);
	if (send && spool_open(&p->outlet.spool) < 0)
		die(TEMP, "open the spool %s", dir_spool());
	str_setf(&path, "%s/tls", dir_spool());
	if (send)
		dir_make(AT_FDCWD, path.at, 0770);
	p->tls = dir_open(AT_FDCWD, path.at);
	if (p->tls < 0)
		die(TEMP, "open %s", path.at);
	if (send && lock_take(p->tls, ".lock", 0) < 0)
		die(TEMP, "another tls-report is running");
	proc_limit(&(struct proc_limits){
	    .memory = MEMORY, .files = FILES, .no_fork = true });
	narrow(path.at, send);
	str_free(&path);
}

int
main(int argc, char **argv)
{
	struct program p = { .me = STR_INIT };
	struct day d;

	proc_start(argv[0], 3);
	help_answer(argc, argv, help);
	if (argc == 1) {
		prepare(&p, true);
		days_send(&p);
		return p.failed ? TEMP : DONE;
	}
	if (argc != 3 || strcmp(argv[1], "-n") != 0 ||
	    !day_parse(span_text(argv[2]), &d))
		help_usage(help);
	prepare(&p, false);
	day_print(&p, &d);
	if (fclose(stdout) != 0)
		die(TEMP, "write the report");
	return DONE;
}
